-- Trap: an outcome of another kind of thing
-- handler
return propose { unit = { "u-hw" }, because = "恶意" }
