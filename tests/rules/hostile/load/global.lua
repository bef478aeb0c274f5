-- Trap: a global of its own
counter = 0
