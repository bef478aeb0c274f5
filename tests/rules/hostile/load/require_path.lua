-- Trap: require of a path outside
local x = require "../../../etc/passwd"
