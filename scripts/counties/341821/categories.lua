-- 郎溪县: tea country. Two classes of the market season, one of the river.
local city = require "341800.rules"

local own = "郎溪县补充标准"

return extend(city.categories, {
  event = {
    ["0199"] = {
      name = "茶市占道晾晒",
      conditions = {
        { id = "1", text = "占用车行道晾晒、摊放茶叶", limit = { 2, "emergency_hour" }, close = "清走，道路畅通", source = own },
        { id = "2", text = "占用人行道晾晒、摊放茶叶", limit = { 4, "work_hour" }, close = "清走", source = own },
      },
    },
    ["0198"] = {
      name = "茶叶加工烟尘",
      conditions = {
        { id = "1", text = "集镇内炒茶、烘茶直排烟尘", limit = { 1, "work_day" }, close = "改正到位", source = own, assumed = true },
      },
    },
    ["0499"] = {
      name = "集镇逢集占道",
      conditions = {
        { id = "1", text = "逢集日超时占道", limit = { 2, "work_hour" }, close = "散集，道路清扫干净", source = own },
      },
    },
    ["0125"] = { conditions = { -- 郎川河 runs through the town
      { id = "1", limit = { 1, "work_day" }, close = "清走，岸坡无残留", source = own, assumed = true },
    } },
  },
})
