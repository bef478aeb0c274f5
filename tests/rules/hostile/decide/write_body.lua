-- Trap: what was sent
-- handler
ctx.body.reason = "x"
