-- Trap: the case kept for the next call
local kept
-- handler
if kept then return kept.state end
kept = case
