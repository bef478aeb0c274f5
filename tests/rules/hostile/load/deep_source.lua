-- Trap: nesting that overflows the parser's stack
local x =
--[[repeat 20000]] (
1
