-- Trap: require of another county's folder
local x = require "341824.rules"
