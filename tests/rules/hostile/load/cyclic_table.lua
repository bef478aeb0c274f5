-- Trap: a table that holds itself, to be written as JSON
local city = require "341800.rules"
local t = {}
t.self = t
return county { base = city, code = "341821", name = "郎溪县", tables = { twin = t } }
