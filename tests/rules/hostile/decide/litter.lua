-- Trap: big texts for nothing
-- handler
local s = ("x"):rep(60000)
while true do local t = s .. "x" end
