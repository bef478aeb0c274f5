-- Trap: a message of 60 kilobytes
-- handler
return notify { to = "leader", text = ("恶"):rep(20000), because = "恶意" }
