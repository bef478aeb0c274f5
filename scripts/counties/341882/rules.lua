-- 广德市
local city = require "341800.rules"

return county {
  base = city,
  code = "341882",
  name = "广德市",
  number = "广数管案〔{year}〕{serial:6}号",
  hours = { week = "Mon-Sat", shifts = { "08:30-12:00", "14:00-17:30" } },
}
