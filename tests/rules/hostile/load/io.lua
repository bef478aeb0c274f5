-- Trap: io.open
io.open("/etc/passwd")
