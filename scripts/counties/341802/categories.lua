-- 宣州区: the city's seat, with 敬亭山 above it, the old street of 水东 and the water of 水阳.
local city = require "341800.rules"

local own = "宣州区补充标准"

return extend(city.categories, {
  event = {
    ["0199"] = {
      name = "景区山道垃圾",
      conditions = {
        { id = "1", text = "敬亭山等登山步道散落垃圾", limit = { 4, "work_hour" }, close = "清走", source = own, assumed = true },
      },
    },
    ["0198"] = {
      name = "圩区河道水草、秸秆漂浮",
      conditions = {
        { id = "1", text = "水阳江沿线圩口水草、秸秆聚集", limit = { 1, "work_day" }, close = "打捞清运", source = own, assumed = true },
        { id = "2", text = "漂浮物堵塞涵闸、泵站", limit = { 4, "emergency_hour" }, close = "清走，排水畅通", source = own,
          assumed = true },
      },
    },
    ["0499"] = {
      name = "老街占道经营",
      conditions = {
        { id = "1", text = "水东老街等步行街占道摆摊", limit = { 1, "emergency_hour" }, close = "劝离，通道畅通", source = own,
          assumed = true },
      },
    },
    ["0410"] = { conditions = { { id = "1", limit = { 1, "work_hour" }, source = own, assumed = true } } },
    ["0136"] = { conditions = { { id = "1", limit = { 4, "work_hour" }, source = own, assumed = true } } },
  },
})
