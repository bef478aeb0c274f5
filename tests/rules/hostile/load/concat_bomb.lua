-- Trap: table.concat of many copies of one long text
local s, t = ("x"):rep(60000), {}
for i = 1, 4096 do t[i] = s end
local all = table.concat(t)
