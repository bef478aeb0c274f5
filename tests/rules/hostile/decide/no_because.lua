-- Trap: no reason
-- handler
return set { due = ctx.now + 1 }
