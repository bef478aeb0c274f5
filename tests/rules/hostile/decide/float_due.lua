-- Trap: a due time between two milliseconds
-- handler
return set { due = ctx.now + 0.5, because = "恶意" }
