-- 绩溪县: one class of its own, and limits that an old town with many visitors wants shorter.
local city = require "341800.rules"

return extend(city.categories, {
  event = {
    ["0199"] = {
      name = "古民居外墙涂改",
      conditions = {
        { id = "1", text = "古民居、祠堂外墙被涂写、刻划", limit = { 4, "work_hour" }, close = "按原材质复原" },
        { id = "2", text = "古民居外墙张贴小广告", limit = { 2, "work_hour" }, close = "清除，墙面无损" },
      },
    },
    ["0110"] = { conditions = { { id = "1", limit = { 2, "work_hour" }, source = "绩溪县补充标准" } } },
    ["0401"] = { conditions = { { id = "1", limit = { 1, "emergency_hour" }, source = "绩溪县补充标准" } } },
  },
  part = {
    ["0509"] = { -- 文物古迹: the city's default would be three days
      conditions = { { id = "1", text = "文物古迹或其标志损坏", limit = { 4, "emergency_hour" }, close = "围护并报文物部门",
                       source = "绩溪县补充标准", assumed = false } },
    },
  },
})
