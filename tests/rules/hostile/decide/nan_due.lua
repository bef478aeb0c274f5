-- Trap: a due time that is not a number
-- handler
return set { due = 0 / 0, because = "恶意" }
