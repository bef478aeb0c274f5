-- Trap: a search that is long in C
-- handler
local s = ("x"):rep(60000)
while true do s:find(("x"):rep(30000) .. "y") end
