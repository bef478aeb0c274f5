-- Trap: a global of ours
pairs = ipairs
