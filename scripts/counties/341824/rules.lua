-- 绩溪县
local city = require "341800.rules"

local twin_reach_m = 30

return county {
  base = city,
  code = "341824",
  name = "绩溪县",
  number = "绩数管案〔{year}〕{serial:6}号",
  hours = { week = "Mon-Fri", shifts = { "08:00-12:00", "14:30-17:30" } },
  categories = require "341824.categories",
  on = {
    -- 上报: the same class within 30 m and still open is most likely the same thing. The acceptor decides.
    report = function(case, ctx)
      local twin = ctx.near { category = case.category, within_m = twin_reach_m, open = true }[1]
      if twin then
        return propose {
          merge_into = twin.id,
          because = "同类未结案卷" .. twin.id .. "在" .. twin.distance_m .. "米处，不足" .. twin_reach_m .. "米",
        }
      end
      return city.on.report(case, ctx)
    end,

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
