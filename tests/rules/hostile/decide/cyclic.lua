-- Trap: a list that holds itself
-- handler
local t = {}
t[1] = t
return t
