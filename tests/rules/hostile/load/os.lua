-- Trap: os.execute
os.execute("true")
