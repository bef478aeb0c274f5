-- Trap: arithmetic on a text
-- handler
local n = "1" + 1
return set { due = n, because = "恶意" }
