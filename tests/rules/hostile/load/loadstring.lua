-- Trap: loadstring of a text
loadstring("return 1")()
