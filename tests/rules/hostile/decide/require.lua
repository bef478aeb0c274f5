-- Trap: a module, later
-- handler
return require "341800.rules"
