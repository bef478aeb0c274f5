-- Trap: one outcome more than there may be
-- handler
local t = {}
for i = 1, 65 do t[i] = notify { to = "leader", text = "恶意", because = "恶意" } end
return t
