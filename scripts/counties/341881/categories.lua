-- 宁国市: hickory nuts in September, factories, and the She township 云梯.
local city = require "341800.rules"

local own = "宁国市补充标准"

return extend(city.categories, {
  event = {
    ["0199"] = {
      name = "山核桃外蒲乱弃",
      conditions = {
        { id = "1", text = "山核桃外蒲倾倒路边、绿地", limit = { 4, "work_hour" }, close = "清走", source = own, assumed = true },
        { id = "2", text = "外蒲或沤水进入河道、沟渠", limit = { 4, "emergency_hour" }, close = "截住、清走，水体恢复",
          source = own, assumed = true },
      },
    },
    ["0198"] = {
      name = "山核桃占道晾晒",
      conditions = {
        { id = "1", text = "收获季占用车行道晾晒", limit = { 2, "emergency_hour" }, close = "清走，道路畅通", source = own,
          assumed = true },
        { id = "2", text = "收获季占用人行道、广场晾晒", limit = { 4, "work_hour" }, close = "清走", source = own, assumed = true },
      },
    },
    ["0311"] = { conditions = { { id = "1", limit = { 1, "work_day" }, source = own, assumed = true } } },
    ["0304"] = { conditions = {
      { id = "2", text = "开发区厂区道路扬尘", limit = { 2, "work_hour" }, close = "行为已停、改正到位", source = own,
        assumed = true },
    } },
  },
})
