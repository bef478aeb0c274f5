-- Trap: print to the server's output
print("x")
