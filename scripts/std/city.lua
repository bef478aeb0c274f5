-- National defaults: what holds where neither the city nor the county says otherwise.
local std = "GB/T 30428.2-2013"

-- How a unit came to be responsible, as ctx.responsible says it, in words for a person.
local by = {
  owner = "权属单位",
  maintainer = "养护单位",
  competent = "主管部门",
  duty = "责任区内的专业部门",
  category = "该小类的专业部门",
  territory = "属地单位",
}

local unit_zh = {
  emergency_minute = "紧急工作分钟",
  emergency_hour = "紧急工作时",
  emergency_day = "紧急工作日",
  work_hour = "工作时",
  work_day = "工作日",
  calendar_hour = "自然小时",
}

local function words(limit)
  return limit[1] .. unit_zh[limit[2]]
end

return county {
  name = "国家标准缺省",
  standard = std,
  number = "{area}〔{year}〕{serial:6}号",
  hours = { week = "Mon-Fri", shifts = { "08:30-12:00", "14:00-17:30" } },
  evidence = { late_min = 30, far_m = 200 },
  categories = standard(std),
  flow = require "std.flow",
  on = {
    -- 上报: propose who answers for it. The dispatcher decides.
    report = function(case, ctx)
      local who = ctx.responsible(case)
      if not who then return end
      local how = by[who.by] or who.by
      if who.duty then how = how .. "，责任区" .. who.duty end
      return propose { unit = who.unit, because = "责任单位" .. who.unit .. "：" .. how }
    end,

    -- 立案: the limit of the condition row that was chosen runs from now.
    file = function(_, ctx)
      local row = ctx.row
      if not row then return refuse { because = "立案须选定立案条件" } end
      local source = row.assumed and "市级默认" or row.source or "本地标准"
      return set {
        due = ctx.deadline(row.limit),
        because = "按立案条件" .. row.id .. "「" .. row.text .. "」限" .. words(row.limit) .. "（" .. source .. "）",
      }
    end,
  },
}
