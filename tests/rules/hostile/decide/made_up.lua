-- Trap: an outcome made by hand
-- handler
return { { k = "move", to = "closed", because = "恶意" } }
