-- Trap: xpcall with a handler that goes on
xpcall(function() error "x" end, function() while true do end end)
