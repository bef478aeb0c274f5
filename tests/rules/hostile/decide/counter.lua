-- Trap: a count kept in an outer local
local count = 0
-- handler
count = count + 1
if count > 1 then return set { due = ctx.now + 1, because = "恶意" } end
