-- 宁国市: disputes, and what its own steps say to whom.
local first = { guarded = "已围护", cleared = "已清障", nothing = "无须处理" }

return {
  -- 争议: the coordinator gets the units around by name and distance, to decide with a map in mind.
  dispute = function(case, ctx)
    local around = {}
    for _, other in ipairs(ctx.responsible_near(case, 80)) do
      around[#around + 1] = other.unit .. "（" .. other.distance_m .. "米）"
    end
    local text = #around > 0 and table.concat(around, "、") or "80米内无其他责任单位"
    return notify { to = "coordinator", text = "案卷" .. case.id .. "责任争议，周边：" .. text, because = "争议附周边责任单位" }
  end,

  street_first = function(case, ctx)
    return notify { to = "dispatcher", text = "案卷" .. case.id .. "街道初处：" .. first[ctx.body.done], because = "街道初处结果" }
  end,

  -- 街道初核: an objection is the chief's to weigh.
  street_look = function(case, ctx)
    if ctx.body.result == "agrees" then return end
    return notify { to = "chief", text = "案卷" .. case.id .. "街道对结案有异议，请复核", because = "街道初核不同意" }
  end,
}
