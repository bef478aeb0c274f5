-- 旌德县: figures of its own. One small centre dispatches within minutes.
local city = require "341800.rules"

local stages = {}
for state, limit in pairs(city.tables.stages) do stages[state] = limit end
stages.accepted = { 0.25, "work_hour" }
stages.disputed = { 0.5, "work_day" }

return {
  stages = stages,
  deferral = { -- the leader grants ten days at most, not thirty
    { before = 0, days = 3, by = "dispatcher" },
    { before = 0, days = 10, by = "chief" },
    { before = 1, days = 10, by = "leader" },
  },
}
