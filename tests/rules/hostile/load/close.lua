-- Trap: a variable that is to be closed
local x <close> = { __close = function() while true do end end }
