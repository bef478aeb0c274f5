-- 宣州区: the city's seat.
local city = require "341800.rules"

return county {
  base = city,
  code = "341802",
  name = "宣州区",
  number = "宣州数管案〔{year}〕{serial:6}号",
  categories = require "341802.categories",
  sources = require "341802.sources",
  tables = require "341802.deadlines",
  steps = require "341802.flow",
  owners = require "341802.owners",
  messages = require "341802.messages",
  scoring = require "341802.scoring",
  on = require "341802.disputes",
}
