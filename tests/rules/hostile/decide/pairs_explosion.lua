-- Trap: pairs over a table that changes
-- handler
local t = {}
for i = 1, 2000 do t[i] = i end
while true do for k in pairs(t) do t[k] = nil t[k + 1] = 1 end end
