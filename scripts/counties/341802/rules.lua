-- 宣州区
local city = require "341800.rules"

return county {
  base = city,
  code = "341802",
  name = "宣州区",
  number = "宣州数管案〔{year}〕{serial:6}号",
}
