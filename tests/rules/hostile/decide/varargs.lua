-- Trap: select("#") over ever more
-- handler
local function f(...) if select("#", ...) > 200 then while true do select("#", ...) end end return f(1, ...) end
f()
