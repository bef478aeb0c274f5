-- 泾县: xuan paper, and places that people travel to.
local city = require "341800.rules"

return county {
  base = city,
  code = "341823",
  name = "泾县",
  number = "泾数管案〔{year}〕{serial:6}号",
  hours = { week = "Mon-Fri", shifts = { "08:00-12:00", "14:30-17:30" } },
  categories = require "341823.categories",
  sources = require "341823.sources",
  tables = require "341823.deadlines",
  owners = require "341823.owners",
  messages = require "341823.messages",
  on = require "341823.disputes",
}
