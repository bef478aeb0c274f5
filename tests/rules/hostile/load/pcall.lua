-- Trap: pcall, to swallow the end
while true do pcall(function() while true do end end) end
