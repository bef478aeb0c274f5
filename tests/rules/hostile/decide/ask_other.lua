-- Trap: a question with somebody else for the case
-- handler
return ctx.responsible({ category = "0110" })
