-- Trap: require of a stock module
local x = require "os"
