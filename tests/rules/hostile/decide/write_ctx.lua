-- Trap: the moment
-- handler
ctx.now = 1
