-- 泾县: xuan paper is made here, and people come for 桃花潭, 查济 and 云岭.
local city = require "341800.rules"

local own = "泾县补充标准"

return extend(city.categories, {
  event = {
    ["0199"] = {
      name = "宣纸晒场占道",
      conditions = {
        { id = "1", text = "占用道路晾晒宣纸原料", limit = { 4, "work_hour" }, close = "清走", source = own },
        { id = "2", text = "燎草、纸浆等原料散落路面", limit = { 2, "work_hour" }, close = "清走，路面洗净", source = own,
          assumed = true },
      },
    },
    ["0198"] = {
      name = "造纸废水排入沟渠",
      conditions = {
        { id = "1", text = "纸坊向沟渠、河道排放洗浆水", limit = { 1, "emergency_day" }, close = "行为已停，已报生态环境部门",
          source = own, assumed = true },
      },
    },
    ["0499"] = {
      name = "景区周边拉客占道",
      conditions = {
        { id = "1", text = "桃花潭、查济等景区入口占道拉客、摆摊", limit = { 1, "emergency_hour" }, close = "劝离，通道畅通",
          source = own, assumed = true },
      },
    },
    ["0126"] = { conditions = { { id = "1", limit = { 1, "work_day" }, source = own, assumed = true } } },
  },
  part = {
    ["0509"] = { conditions = {
      { id = "2", text = "云岭新四军军部旧址等革命文物本体或保护标志损坏", limit = { 4, "emergency_hour" },
        close = "围护并报文物部门", source = own, assumed = true },
    } },
  },
})
