-- Trap: a number that is a text
local city = require "341800.rules"

return county { base = city, code = "341821", name = "郎溪县", categories = extend(city.categories, { event = { ["0199"] = { name = "x", conditions = {
  { id = "1", text = "x", limit = { "4", "work_hour" }, close = "x" } } } } }) }
