-- 旌德县: a small county of ganoderma growers and old villages such as 江村.
local city = require "341800.rules"

local own = "旌德县补充标准"

return extend(city.categories, {
  event = {
    ["0199"] = {
      name = "灵芝菌棒废料乱弃",
      conditions = {
        { id = "1", text = "废菌棒弃置路边、绿地", limit = { 1, "work_day" }, close = "清走", source = own, assumed = true },
        { id = "2", text = "废菌棒弃入河道、沟渠", limit = { 4, "work_hour" }, close = "清走，水流畅通", source = own,
          assumed = true },
      },
    },
    ["0118"] = { conditions = {
      { id = "2", text = "江村等古村内修剪弃料堆在巷道", limit = { 2, "work_hour" }, close = "清走", source = own, assumed = true },
    } },
  },
  part = {
    ["0401"] = { conditions = { { id = "1", limit = { 4, "work_hour" }, source = own, assumed = true } } },
  },
})
