-- Trap: a reason of 60 kilobytes
-- handler
return refuse { because = ("恶"):rep(20000) }
