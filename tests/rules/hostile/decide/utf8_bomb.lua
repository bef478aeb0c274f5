-- Trap: code points, again and again
-- handler
local t = {}
for i = 1, 4000 do t[i] = 0x10FFFF end
while true do local s = utf8.char(table.unpack(t)) end
