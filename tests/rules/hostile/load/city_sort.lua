-- Trap: the city's ladder, sorted
local city = require "341800.rules"
table.sort(city.tables.ladder, function() return true end)
