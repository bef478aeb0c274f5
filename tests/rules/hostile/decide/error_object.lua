-- Trap: an error that is a table
-- handler
error({ code = 1 })
