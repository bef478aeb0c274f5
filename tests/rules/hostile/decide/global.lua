-- Trap: a global
-- handler
leak = 1
