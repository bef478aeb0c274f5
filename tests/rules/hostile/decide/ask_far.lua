-- Trap: a question about the whole earth
-- handler
return ctx.near { within_m = 1000000000 }
