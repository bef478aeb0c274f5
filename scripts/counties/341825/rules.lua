-- 旌德县
local city = require "341800.rules"

return county {
  base = city,
  code = "341825",
  name = "旌德县",
  number = "旌数管案〔{year}〕{serial:6}号",
  hours = { week = "Mon-Fri", shifts = { "08:00-12:00", "14:00-17:30" } },
}
