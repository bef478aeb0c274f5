-- Trap: two modules that require each other
local one = require "341821.one"
return one
