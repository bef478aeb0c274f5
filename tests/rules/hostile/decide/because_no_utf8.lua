-- Trap: a reason that is not UTF-8
-- handler
return refuse { because = "\xff\xfe" }
