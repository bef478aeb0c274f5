-- Trap: the city's figures
-- handler
ctx.tables.twin.within_m = 5000
return
