-- Trap: tables nested ten thousand deep, to be written as JSON
local city = require "341800.rules"
local t = {}
for i = 1, 10000 do t = { t } end
return county { base = city, code = "341821", name = "郎溪县", tables = { twin = t } }
