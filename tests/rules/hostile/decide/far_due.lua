-- Trap: a due time that overflows a clock
-- handler
return set { due = 2 ^ 62 // 1, because = "恶意" }
