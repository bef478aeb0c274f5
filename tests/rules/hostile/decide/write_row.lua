-- Trap: the condition row
-- handler
city.categories.event["0110"].conditions[1].limit[1] = 999
