-- Trap: a table kept in an outer local
local kept = {}
-- handler
kept[1] = case.id
