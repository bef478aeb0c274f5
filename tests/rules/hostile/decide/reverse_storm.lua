-- Trap: stock work in C, again and again
-- handler
local s = ("x"):rep(60000)
while true do s:reverse():upper() end
