-- Trap: a deadline from the year 0
-- handler
return ctx.deadline({ 1, "work_day" }, -62000000000000)
