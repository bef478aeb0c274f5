-- Trap: many wide numbers
-- handler
local s = ("%99d"):rep(600):format(table.unpack({ 1, 2, 3 }))
