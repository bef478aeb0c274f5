-- Trap: a coroutine, to be out of the hook
local co = coroutine.wrap(function() while true do end end)
co()
