-- 宣城市: the national classes; each class for which no document gives a condition gets the city's default.
local national = standard "GB/T 30428.2-2013"

local default = {
  part = { limit = { 3, "work_day" }, close = "修好或复原" },
  event = { limit = { 1, "work_day" }, close = "现场恢复正常" },
}

local added = {}
for kind, classes in pairs(national) do
  added[kind] = {}
  for code, class in pairs(classes) do
    if #class.conditions == 0 then
      added[kind][code] = { conditions = { {
        id = "1",
        text = "市级默认：" .. class.name,
        limit = default[kind].limit,
        close = default[kind].close,
        assumed = true,
      } } }
    end
  end
end

return extend(national, added)
