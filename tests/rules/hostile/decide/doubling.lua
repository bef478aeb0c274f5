-- Trap: a text that doubles
-- handler
local s = "x"
while true do s = s .. s end
