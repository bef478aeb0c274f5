-- Trap: a table that only looks like a pack
return { code = "341821", name = "郎溪县", on = {} }
