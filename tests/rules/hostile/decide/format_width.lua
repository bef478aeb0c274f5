-- Trap: a width that asks for a gigabyte
-- handler
local s = ("%2000000000d"):format(1)
