-- 郎溪县: tea country. Two classes of its own.
local city = require "341800.rules"

return extend(city.categories, {
  event = {
    ["0199"] = {
      name = "茶市占道晾晒",
      conditions = {
        { id = "1", text = "占用车行道晾晒、摊放茶叶", limit = { 2, "emergency_hour" }, close = "清走，道路畅通" },
        { id = "2", text = "占用人行道晾晒、摊放茶叶", limit = { 4, "work_hour" }, close = "清走" },
      },
    },
    ["0499"] = {
      name = "集镇逢集占道",
      conditions = { { id = "1", text = "逢集日超时占道", limit = { 2, "work_hour" }, close = "散集，道路清扫干净" } },
    },
  },
})
