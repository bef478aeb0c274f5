-- 绩溪县: an old town of Huizhou with its villages, and many visitors.
local city = require "341800.rules"

return county {
  base = city,
  code = "341824",
  name = "绩溪县",
  number = "绩数管案〔{year}〕{serial:6}号",
  hours = { week = "Mon-Fri", shifts = { "08:00-12:00", "14:30-17:30" } },
  categories = require "341824.categories",
  sources = require "341824.sources",
  tables = require "341824.deadlines",
  owners = require "341824.owners",
  scoring = require "341824.scoring",
  on = {
    -- 处置反馈: a third try deserves the leader's eye.
    dispose = function(case)
      if case.rework < 2 then return end
      return notify {
        to = "leader",
        text = "案卷" .. case.id .. "已返工" .. case.rework .. "次，又报处置完毕",
        because = "返工满2次的案卷报领导知晓",
      }
    end,
  },
}
