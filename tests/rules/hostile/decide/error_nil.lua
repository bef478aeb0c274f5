-- Trap: an error that is nothing
-- handler
error(nil)
