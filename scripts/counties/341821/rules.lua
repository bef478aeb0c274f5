-- 郎溪县: tea country, market towns, a small centre.
local city = require "341800.rules"
local disputes = require "341821.disputes"

-- Classes of the market season.
local market = { ["0199"] = true, ["0499"] = true }

return county {
  base = city,
  code = "341821",
  name = "郎溪县",
  number = "郎城管〔{year}〕第{serial:5}号",
  hours = {
    week = "Mon-Fri",
    shifts = { "08:00-12:00", "14:30-17:30" },
    seasons = { { name = "夏令", from = "06-01", to = "09-30", shifts = { "08:00-12:00", "15:00-18:00" } } },
    work_day = "end_of_day",
  },
  categories = require "341821.categories",
  sources = require "341821.sources",
  owners = require "341821.owners",
  scoring = require "341821.scoring",
  small_centre = true,
  on = {
    send_back = disputes.send_back,

    -- 立案: the deadline as in the city; of a market class the leader is told too.
    file = function(case, ctx)
      local filed = city.on.file(case, ctx)
      if not market[case.category] or not ctx.row then return filed end
      return {
        filed,
        notify { to = "coordinator", text = "集市类案卷立案：" .. ctx.class.name, because = "集市期间协调员须知晓" },
      }
    end,

    -- 核查反馈: what failed twice is proposed for a dispute, so that someone decides whose it is.
    check = function(case, ctx)
      if ctx.body.result ~= "fail" or case.rework < 1 then return end
      local others = ctx.responsible_near(case, 50)
      for _, other in ipairs(others) do
        if other.unit ~= case.unit then
          return propose { dispute = true, because = "核查第" .. case.rework + 1 .. "次未通过，50米内另有责任单位" .. other.unit }
        end
      end
    end,
  },
}
