-- Trap: a table that is no outcome
-- handler
return { ctx.body, case, ctx }
