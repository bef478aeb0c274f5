-- 宣州区: figures of its own. Main streets are watched from the city's seat: filing and dispatching go faster.
local city = require "341800.rules"

local stages = {}
for state, limit in pairs(city.tables.stages) do stages[state] = limit end
stages.accepted = { 0.25, "work_hour" }
stages.checking = { 1, "work_hour" }

return {
  stages = stages,
  twin = { within_m = 40, hours = 24 },
  neighbour_m = 40,
}
