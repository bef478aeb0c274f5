-- Trap: a function
-- handler
return function() while true do end end
