-- Trap: debug.sethook, to take the hook away
debug.sethook()
