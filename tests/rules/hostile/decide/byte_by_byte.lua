-- Trap: a text that grows by a byte
-- handler
local s = ("x"):rep(60000)
while true do s = s .. "x" end
