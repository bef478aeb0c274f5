-- Trap: a metatable with __gc, which runs outside any budget
setmetatable({}, { __gc = function() while true do end end })
