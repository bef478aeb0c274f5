-- Trap: a body walked as if it were endless
-- handler
local t = ctx.body
while true do t = t.reason end
