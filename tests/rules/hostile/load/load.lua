-- Trap: load of a text
load("return 1")()
