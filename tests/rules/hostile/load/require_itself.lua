-- Trap: a module that requires itself
local x = require "341821.rules"
