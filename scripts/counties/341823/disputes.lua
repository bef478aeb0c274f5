-- 泾县: what nobody wants to own. The territory has the last word before a dispute 属地兜底.
return {
  -- 退回: twice is enough. Then the unit whose territory it is, if it is another one; else someone decides.
  send_back = function(case, ctx)
    for _, other in ipairs(ctx.responsible_near(case, ctx.tables.neighbour_m)) do
      if case.send_backs < 1 and other.unit ~= case.unit then
        return propose { unit = other.unit, because = "边界50米内的邻接责任单位" }
      end
    end
    local who = ctx.responsible(case)
    if who and who.by == "territory" and who.unit ~= case.unit then
      return propose { unit = who.unit, because = "多次退回，由属地单位兜底" }
    end
    return propose { dispute = true, because = "属地单位也不接收，转争议裁定" }
  end,

  -- 争议: the coordinator hears at once what is to be decided.
  dispute = function(case)
    return notify { to = "coordinator", text = "案卷" .. case.id .. "责任争议，请于1个工作日内裁定", because = "争议须限期裁定" }
  end,
}
