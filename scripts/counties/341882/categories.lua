-- 广德市: bamboo on every lorry, and the cave 太极洞.
local city = require "341800.rules"

local own = "广德市补充标准"

return extend(city.categories, {
  event = {
    ["0199"] = {
      name = "竹材占道堆放",
      conditions = {
        { id = "1", text = "占用车行道堆放、装卸毛竹", limit = { 2, "emergency_hour" }, close = "清走，道路畅通", source = own,
          assumed = true },
        { id = "2", text = "占用人行道堆放毛竹、竹制品", limit = { 4, "work_hour" }, close = "清走", source = own, assumed = true },
      },
    },
    ["0198"] = {
      name = "竹屑、竹粉扬尘",
      conditions = {
        { id = "1", text = "竹加工粉屑散落路面或露天堆放", limit = { 4, "work_hour" }, close = "清走并覆盖", source = own,
          assumed = true },
      },
    },
    ["0499"] = {
      name = "太极洞景区周边占道",
      conditions = {
        { id = "1", text = "景区道路两侧摆摊、拉客", limit = { 1, "emergency_hour" }, close = "劝离，通道畅通", source = own,
          assumed = true },
      },
    },
    ["0114"] = { conditions = { -- a pole on the road is worse than sand
      { id = "1", limit = { 2, "work_hour" }, source = own, assumed = true },
    } },
  },
})
