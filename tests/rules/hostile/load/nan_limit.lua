-- Trap: a limit that is not a number
local city = require "341800.rules"

return county { base = city, code = "341821", name = "郎溪县", categories = extend(city.categories, { event = { ["0199"] = { name = "x", conditions = {
  { id = "1", text = "x", limit = { 0 / 0, "work_hour" }, close = "x" } } } } }) }
