-- Trap: a table that calls itself a metatable
-- handler
local t = { __index = function() while true do end end, __gc = true }
return t.x.y
