-- Trap: a count to 2^62
local n = 0
for i = 1, math.tointeger(2 ^ 62) do n = n + i end
