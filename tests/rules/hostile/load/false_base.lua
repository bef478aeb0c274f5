-- Trap: a base that no county{} gave
return county { base = { on = {} }, code = "341821", name = "郎溪县" }
