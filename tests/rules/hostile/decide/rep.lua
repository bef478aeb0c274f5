-- Trap: string.rep as a method
-- handler
local s = ("x"):rep(2000000000)
