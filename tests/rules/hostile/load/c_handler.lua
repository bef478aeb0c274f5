-- Trap: a C function for a handler
local city = require "341800.rules"

return county { base = city, code = "341821", name = "郎溪县", on = { report = tostring } }
