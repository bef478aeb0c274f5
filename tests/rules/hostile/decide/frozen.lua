-- Trap: a loaded table
local data = { list = { 1 } }
-- handler
data.list[1] = 2
