-- Trap: outcomes without an end
-- handler
local t = {}
for i = 1, 100000 do t[i] = notify { to = "leader", text = "恶意", because = "恶意" } end
return t
