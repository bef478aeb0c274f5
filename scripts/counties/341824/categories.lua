-- 绩溪县: classes of its own for old villages and the way over the mountains, and limits that an old town with many visitors
-- wants shorter.
local city = require "341800.rules"

local own = "绩溪县补充标准"

return extend(city.categories, {
  event = {
    ["0199"] = {
      name = "古民居外墙涂改",
      conditions = {
        { id = "1", text = "古民居、祠堂外墙被涂写、刻划", limit = { 4, "work_hour" }, close = "按原材质复原", source = own },
        { id = "2", text = "古民居外墙张贴小广告", limit = { 2, "work_hour" }, close = "清除，墙面无损", source = own },
      },
    },
    ["0198"] = {
      name = "古道、古村步道垃圾",
      conditions = {
        { id = "1", text = "徽杭古道等步道沿线散落垃圾", limit = { 1, "work_day" }, close = "清走", source = own, assumed = true },
        { id = "2", text = "龙川、上庄等古村水圳内有垃圾", limit = { 4, "work_hour" }, close = "清走，水流畅通", source = own,
          assumed = true },
      },
    },
    ["0110"] = { conditions = { { id = "1", limit = { 2, "work_hour" }, source = "绩溪县补充标准" } } },
    ["0104"] = { conditions = {
      { id = "2", limit = { 4, "work_hour" }, close = "洗净，不伤墙面", source = own, assumed = true },
    } },
    ["0401"] = { conditions = { { id = "1", limit = { 1, "emergency_hour" }, source = "绩溪县补充标准" } } },
  },
  part = {
    ["0401"] = { conditions = {
      { id = "3", text = "古村水口古树周边堆物、用火", limit = { 2, "emergency_hour" }, close = "清走，险情排除",
        source = own, assumed = true },
    } },
    ["0509"] = { -- 文物古迹: the city's default would be three days
      conditions = { { id = "1", text = "文物古迹或其标志损坏", limit = { 4, "emergency_hour" }, close = "修好或复原；先围护并报文物部门",
                       source = "绩溪县补充标准", assumed = false } },
    },
  },
})
