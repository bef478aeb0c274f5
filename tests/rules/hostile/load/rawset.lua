-- Trap: rawset, past the freeze
local city = require "341800.rules"
rawset(city.tables, "twin", nil)
