-- Trap: bytecode of a function
local s = string.dump(function() end)
