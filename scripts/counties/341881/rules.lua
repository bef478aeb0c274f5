-- 宁国市: hickory country, with streets that lend a hand.
local city = require "341800.rules"

return county {
  base = city,
  code = "341881",
  name = "宁国市",
  number = "宁数管案〔{year}〕{serial:6}号",
  hours = { week = "Mon-Fri", shifts = { "08:00-12:00", "14:30-17:30" } },
  categories = require "341881.categories",
  sources = require "341881.sources",
  tables = require "341881.deadlines",
  steps = require "341881.flow",
  owners = require "341881.owners",
  messages = require "341881.messages",
  scoring = require "341881.scoring",
  on = require "341881.disputes",
}
