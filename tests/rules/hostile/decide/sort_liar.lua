-- Trap: a comparison that lies
-- handler
local t = {}
for i = 1, 4000 do t[i] = i end
for _ = 1, 1000 do table.sort(t, function() return true end) end
