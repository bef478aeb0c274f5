-- Trap: rep of rep
-- handler
local s = ("x"):rep(60000):rep(60000)
