-- 宁国市
local city = require "341800.rules"

return county {
  base = city,
  code = "341881",
  name = "宁国市",
  number = "宁数管案〔{year}〕{serial:6}号",
  hours = { week = "Mon-Fri", shifts = { "08:00-12:00", "14:30-17:30" } },
}
