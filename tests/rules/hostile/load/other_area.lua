-- Trap: the code of another county
local city = require "341800.rules"
return county { base = city, code = "341824", name = "绩溪县" }
