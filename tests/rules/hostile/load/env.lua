-- Trap: _ENV, to have other globals
local _ENV = {}
