-- 广德市: figures of its own. Saturday is a working day here, so a check need not wait.
local city = require "341800.rules"

local stages = {}
for state, limit in pairs(city.tables.stages) do stages[state] = limit end
stages.checking = { 1.5, "work_hour" }

return { stages = stages, yellow_percent = 60 }
