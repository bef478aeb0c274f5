-- 宣城市: what holds in every county of the city, unless the county says otherwise.
local std = require "std.city"

return county {
  base = std,
  code = "341800",
  name = "宣城市",
  number = "宣数管案〔{year}〕{serial:6}号",
  categories = require "341800.categories",
  sources = require "341800.sources",
  scoring = require "341800.scoring",
  -- Where a county may add steps of its own: a discussion before filing, a record of the work, an opinion before closing.
  -- None of them may move the case.
  points = { accepted = { "stay" }, disposing = { "stay" }, checked = { "stay" } },
}
