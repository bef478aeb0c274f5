-- 旌德县: a small county.
local city = require "341800.rules"

return county {
  base = city,
  code = "341825",
  name = "旌德县",
  number = "旌数管案〔{year}〕{serial:6}号",
  hours = { week = "Mon-Fri", shifts = { "08:00-12:00", "14:00-17:30" } },
  categories = require "341825.categories",
  sources = require "341825.sources",
  small_centre = true,
  tables = require "341825.deadlines",
  on = require "341825.disputes",
}
