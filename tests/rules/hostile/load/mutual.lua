-- Trap: recursion by two
local g
local function f() return (g()) end
function g() return (f()) end
f()
