-- Trap: outcomes in outcomes
-- handler
return { { { set { due = ctx.now + 1, because = "恶意" } } } }
