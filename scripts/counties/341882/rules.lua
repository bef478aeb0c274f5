-- 广德市: bamboo country, at work on Saturdays.
local city = require "341800.rules"

return county {
  base = city,
  code = "341882",
  name = "广德市",
  number = "广数管案〔{year}〕{serial:6}号",
  hours = { week = "Mon-Sat", shifts = { "08:30-12:00", "14:00-17:30" } },
  categories = require "341882.categories",
  sources = require "341882.sources",
  tables = require "341882.deadlines",
  steps = require "341882.flow",
  owners = require "341882.owners",
  on = require "341882.disputes",
}
