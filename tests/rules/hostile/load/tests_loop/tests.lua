-- Trap: tests that never end
while true do end
