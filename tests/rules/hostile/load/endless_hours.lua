-- Trap: shifts without an end
local city = require "341800.rules"
local t = {}
for i = 1, 100000 do t[i] = "08:00-12:00" end
return county { base = city, code = "341821", name = "郎溪县", hours = { week = "Mon-Fri", shifts = t } }
