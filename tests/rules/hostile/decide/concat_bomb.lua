-- Trap: table.concat of many copies
-- handler
local t = {}
for i = 1, 4000 do t[i] = ("x"):rep(1000) end
local s = table.concat(t)
