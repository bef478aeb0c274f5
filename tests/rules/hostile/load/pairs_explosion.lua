-- Trap: pairs over more fields than it takes
local t = {}
for i = 1, 5000 do t["k" .. i] = i end
for k in pairs(t) do t[k] = nil end
