-- Trap: the metatable of texts
getmetatable("").__index = nil
