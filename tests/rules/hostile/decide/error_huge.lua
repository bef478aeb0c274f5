-- Trap: an error of 60 kilobytes
-- handler
error(("恶"):rep(20000))
