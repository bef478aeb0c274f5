-- Trap: a handler of the city's pack
local city = require "341800.rules"
city.on.file = function() end
