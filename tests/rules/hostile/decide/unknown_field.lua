-- Trap: a field that nothing reads
-- handler
return propose { unit = "u-hw", sudo = true, because = "恶意" }
