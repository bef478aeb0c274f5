-- Trap: a number where a text is due
-- handler
return notify { to = 5, text = 5, because = "恶意" }
