-- Trap: a pack, later
-- handler
return county { base = city, code = "341821", name = "x" }
