-- Trap: a question kept for the next call
local ask_later
-- handler
if ask_later then ask_later { within_m = 1 } end
ask_later = ctx.near
