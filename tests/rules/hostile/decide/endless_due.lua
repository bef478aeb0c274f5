-- Trap: a due time without an end
-- handler
return set { due = 1 / 0, because = "恶意" }
