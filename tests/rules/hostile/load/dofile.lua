-- Trap: dofile of a path
dofile("/etc/passwd")
