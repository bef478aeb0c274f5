-- Trap: a name that is not UTF-8
local city = require "341800.rules"

return county { base = city, code = "341821", name = "\xff\xfe", number = "{year}{serial}\xff" }
