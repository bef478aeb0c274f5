-- Trap: questions without an end
-- handler
while true do ctx.near { within_m = 5000 } end
