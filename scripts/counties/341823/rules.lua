-- 泾县
local city = require "341800.rules"

return county {
  base = city,
  code = "341823",
  name = "泾县",
  number = "泾数管案〔{year}〕{serial:6}号",
  hours = { week = "Mon-Fri", shifts = { "08:00-12:00", "14:30-17:30" } },
  categories = extend(city.categories, {
    event = {
      ["0199"] = {
        name = "宣纸晒场占道",
        conditions = { { id = "1", text = "占用道路晾晒宣纸原料", limit = { 4, "work_hour" }, close = "清走" } },
      },
    },
  }),
}
