-- Trap: a reason with a NUL
-- handler
return refuse { because = "a\0b" }
