-- Trap: a table that grows for ever
-- handler
local t = {}
while true do t[#t + 1] = { t } end
