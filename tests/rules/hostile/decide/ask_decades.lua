-- Trap: a deadline in a million years
-- handler
return ctx.deadline({ 300000000, "work_day" })
