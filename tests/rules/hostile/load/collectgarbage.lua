-- Trap: the collector stopped
collectgarbage("stop")
