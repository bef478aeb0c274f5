-- 旌德县: everybody knows everybody. What is sent back goes to the coordinator, not round the units.
return {
  -- 退回: no second unit is tried.
  send_back = function(case)
    return propose { dispute = true, because = "第" .. case.send_backs + 1 .. "次退回，县级直接协调" }
  end,
}
