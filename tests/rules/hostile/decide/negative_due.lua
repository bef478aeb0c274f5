-- Trap: a due time before 1970
-- handler
return set { due = -1, because = "恶意" }
