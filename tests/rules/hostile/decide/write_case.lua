-- Trap: the case itself
-- handler
case.state = "closed"
