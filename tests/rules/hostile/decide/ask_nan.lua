-- Trap: a question about nowhere
-- handler
return ctx.deadline({ 0 / 0, "work_hour" })
