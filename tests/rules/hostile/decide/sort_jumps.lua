-- Trap: a comparison that raises
-- handler
table.sort({ 3, 1, 2 }, function() error("恶意") end)
