-- Trap: a loop that never ends
-- handler
while true do end
