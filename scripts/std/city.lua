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

-- What stands in ctx.tables: figures that a city or a county gives otherwise, name by name, without a line of code.
local tables = {
  -- Each stage's own clock, by the state it begins with. Urgent: where the case's limit is an emergency one.
  stages = {
    reported = { 0.25, "work_hour" },
    verifying = { 0.5, "work_hour" },
    accepted = { 0.5, "work_hour" },
    filed = { 0.25, "work_hour" },
    returned = { 0.5, "work_hour" },
    disputed = { 1, "work_day" },
    disposed = { 0.5, "work_hour" },
    checking = { 2, "work_hour" },
    checked = { 1, "work_hour" },
  },
  urgent_stages = {
    filed = { 10, "emergency_minute" },
    returned = { 10, "emergency_minute" },
    disputed = { 1, "emergency_hour" },
    disposed = { 15, "emergency_minute" },
    checking = { 1, "emergency_hour" },
    checked = { 30, "emergency_minute" },
  },
  yellow_percent = 50, -- of the limit is left: the lamp turns yellow
  rework_clock = "remaining", -- after a failed check: what was left at the feedback, or "anew"
  rollback = { failures = 5, percent = 5 }, -- a release goes back by itself after so many failed decisions
  clock_hold_minutes = 10, -- the timers rest so long when the machine's clock has jumped

  -- Who grants a deferral: at most so many were granted before, at most so many working days.
  deferral = {
    { before = 0, days = 3, by = "dispatcher" },
    { before = 0, days = 10, by = "chief" },
    { before = 1, days = 30, by = "leader" },
  },
  -- Who hears of an overdue case, and how long after the one before.
  ladder = {
    { to = "dispatcher", name = "派遣员" },
    { to = "chief", name = "值班长", after = { 4, "work_hour" } },
    { to = "centre", name = "中心", after = { 1, "work_day" }, order = true },
    { to = "leader", name = "分管领导", after = { 2, "work_day" } },
  },
  -- The same class, near by, still open and not long ago is most likely the same thing.
  twin = { within_m = 50, hours = 24 },
  evidence = { late_min = 30, far_m = 200 }, -- a photo so long before its step, or so far away, is marked
  neighbour_m = 50, -- "not ours": the unit next door within so many metres
}

local post = {
  reported = "acceptor", disposed = "acceptor", verifying = "collector", checking = "collector", accepted = "chief",
  checked = "chief", filed = "dispatcher", returned = "dispatcher", suspended = "dispatcher", disputed = "coordinator",
}

local function holder(case)
  return post[case.state] or case.unit or "dispatcher"
end

-- Where a limit comes from, in words for a person.
local function origin(row)
  if not row.source then return row.assumed and "市级默认" or "本地标准" end
  return row.assumed and row.source .. "，推定" or row.source
end

local over = { closed = true, rejected = true, voided = true, merged = true, handed_over = true }

-- What is near by: the twin of this report, and a case whose owner a coordinator has decided.
local function neighbours(case, ctx)
  local t, twin, precedent = ctx.tables.twin, nil, nil
  for _, other in ipairs(ctx.near { category = case.category, within_m = t.within_m, open = false }) do
    if not twin and not over[other.state] and ctx.now - other.opened <= t.hours * 3600000 then twin = other end
    if not precedent and other.ruled then precedent = other end
  end
  return twin, precedent, t
end

-- One rung of the ladder, and when the next one is due.
local function climb(case, ctx)
  local ladder = ctx.tables.ladder
  local rung, above = ladder[case.level + 1], ladder[case.level + 2]
  if not rung then return end
  local because = "超期第" .. (case.level + 1) .. "级：报" .. rung.name
  local say = ctx.messages
  local out = { notify { to = rung.to, text = fill(say.overdue, { id = case.id, unit = case.unit or "未定" }),
    because = because } }
  if rung.order then out[#out + 1] = order { text = say.overdue_order, because = because } end
  if above then
    out[#out + 1] = set { next = ctx.deadline(above.after), because = words(above.after) .. "后仍未办结，报" .. above.name }
  end
  return out
end

return county {
  name = "国家标准缺省",
  standard = std,
  number = "{area}〔{year}〕{serial:6}号",
  hours = { week = "Mon-Fri", shifts = { "08:30-12:00", "14:00-17:30" } },
  categories = standard(std),
  flow = require "std.flow",
  tables = tables,
  messages = require "std.messages",
  on = {
    -- 上报: is it there already, and who answers for it? Proposals: the acceptor and the dispatcher decide.
    report = function(case, ctx)
      local twin, precedent, t = neighbours(case, ctx)
      local out = {}
      if twin then
        out[1] = propose {
          merge_into = twin.id,
          because = "同类未结案卷" .. twin.id .. "在" .. twin.distance_m .. "米处（不足" .. t.within_m .. "米）、"
            .. t.hours .. "小时内",
        }
      end
      if precedent then
        out[#out + 1] = propose {
          unit = precedent.unit,
          because = "先例：案卷" .. precedent.id .. "已裁定归" .. precedent.unit,
        }
        return out
      end
      local who = ctx.responsible(case)
      if who then
        local how = by[who.by] or who.by
        if who.duty then how = how .. "，责任区" .. who.duty end
        out[#out + 1] = propose { unit = who.unit, because = "责任单位" .. who.unit .. "：" .. how }
      end
      return out
    end,

    -- 立案: the limit of the condition row that was chosen runs from now.
    file = function(_, ctx)
      local row = ctx.row
      if not row then return refuse { because = "立案须选定立案条件" } end
      local because = "按立案条件" .. row.id .. "「" .. row.text .. "」限" .. words(row.limit) .. "（" .. origin(row) .. "）"
      if row.campaign then because = because .. "；专项整治「" .. row.campaign .. "」" end
      return set { due = ctx.deadline(row.limit), because = because }
    end,

    -- 退回: "not ours" is most often the neighbour's. The dispatcher decides.
    send_back = function(case, ctx)
      local reach = ctx.tables.neighbour_m
      for _, other in ipairs(ctx.responsible_near(case, reach)) do
        if other.unit ~= case.unit then
          return propose { unit = other.unit, because = "边界" .. reach .. "米内的邻接责任单位" }
        end
      end
    end,

    -- 延期: who may grant it depends on how long, and on how often before.
    defer = function(case, ctx)
      local days = ctx.body.days
      for _, tier in ipairs(ctx.tables.deferral) do
        if case.deferrals <= tier.before and days <= tier.days then
          return ask { of = tier.by, because = "第" .. (case.deferrals + 1) .. "次延期，" .. days .. "个工作日" }
        end
      end
      return refuse { because = "已延期" .. case.deferrals .. "次，再延" .. days .. "个工作日超出审批权限" }
    end,

    suspend = function()
      return ask { of = "leader", because = "挂账须领导批准" }
    end,

    -- 代整改: the unit hears of it before it is granted.
    proxy = function(case, ctx)
      local out = { ask { of = "leader", because = "代整改须领导批准" } }
      if case.unit then
        out[2] = notify { to = case.unit, text = fill(ctx.messages.proxy_notice, { id = case.id, unit = ctx.body.unit }),
          because = "代整改先行告知" }
      end
      return out
    end,

    -- 同意: a deferral adds its working days to the moment it was due.
    grant = function(case, ctx)
      local asked = ctx.asked
      if asked.what == "defer" then
        return set { due = ctx.deadline({ asked.days, "work_day" }, case.due), because = "准予延期" .. asked.days .. "个工作日" }
      elseif asked.what == "proxy" then
        return notify { to = asked.unit, text = fill(ctx.messages.proxy_task, { id = case.id }), because = "准予代整改" }
      end
    end,

    supervise = function(case, ctx)
      return notify { to = holder(case), text = fill(ctx.messages.supervised, { id = case.id }), because = "督办" }
    end,

    urge = function(case, ctx)
      return notify { to = holder(case), text = fill(ctx.messages.urged, { id = case.id, count = case.urges + 1 }),
        because = "催办" }
    end,

    -- What time has to say: a stage is late, the case is overdue, a suspension is over.
    time = function(case, ctx)
      local what = ctx.body.what
      if what == "overdue" or what == "escalate" then return climb(case, ctx) end
      if what == "resume" then
        return notify { to = case.unit or "dispatcher", text = fill(ctx.messages.resumed, { id = case.id }), because = "挂账到期" }
      end
      return notify { to = holder(case), text = fill(ctx.messages.stage_late, { id = case.id }), because = "环节超时" }
    end,
  },
}
