-- Trap: a figure of the city's pack
local city = require "341800.rules"
city.tables.twin.within_m = 1
