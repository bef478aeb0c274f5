-- 宣州区: between districts of one town disputes are many: the streets settle them, the leader hears of the stubborn ones.
return {
  -- 争议: the one whose territory it is gets the proposal; what has gone round twice is told to the leader.
  dispute = function(case, ctx)
    local out = {}
    local who = ctx.responsible(case)
    if who and who.unit ~= case.unit then
      out[1] = propose { unit = who.unit, because = "争议期间先由责任单位" .. who.unit .. "处置" }
    end
    if case.send_backs >= 2 then
      out[#out + 1] = notify { to = "leader", text = "案卷" .. case.id .. "已退回" .. case.send_backs .. "次，仍有责任争议",
        because = "退回满2次的争议报领导知晓" }
    end
    return out
  end,

  street_first = function(case, ctx)
    if ctx.body.done == "nothing" then return end
    local what = ctx.body.done == "settled" and "已先行解决，请核实后反馈" or "已先行围护"
    return notify { to = case.unit or "dispatcher", text = "案卷" .. case.id .. "街道" .. what, because = "街道初处结果" }
  end,
}
