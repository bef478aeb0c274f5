-- Trap: string.rep called as a method, which no replaced table sees
local s = ("x"):rep(2000000000)
