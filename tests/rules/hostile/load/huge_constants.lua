-- Trap: a table of more constants than memory allows
local t = {
--[[repeat 120000]] "some text that is not short",
}
local n = #t
