-- Trap: a due time that is a text
-- handler
return set { due = "1772787600000", because = "恶意" }
