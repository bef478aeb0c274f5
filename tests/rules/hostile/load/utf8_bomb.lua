-- Trap: code points out of a list as long as can be
local t = {}
for i = 1, 4096 do t[i] = 0x10FFFF end
while true do local s = utf8.char(table.unpack(t)) end
