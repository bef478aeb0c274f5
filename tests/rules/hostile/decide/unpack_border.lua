-- Trap: a length that is any border
-- handler
local t = { [1] = 1, [2] = 1, [4] = 1 }
local i = 8
while i < 2 ^ 40 do t[i] = 1 i = i * 2 end
table.unpack(t)
