-- 广德市: what fails, and what the community says.
local says = { known = "社区已知晓，属实", unknown = "社区不知情", settled = "社区称已自行解决" }

return {
  -- 核查反馈: the second failure is an order 督办, not a dispute: here it is mostly unwillingness, not doubt.
  check = function(case, ctx)
    if ctx.body.result ~= "fail" or case.rework < 1 then return end
    local because = "核查第" .. case.rework + 1 .. "次未通过"
    return {
      order { text = because .. "，限期整改并书面说明", because = because },
      notify { to = "leader", text = "案卷" .. case.id .. because, because = "两次未通过报领导知晓" },
    }
  end,

  community_look = function(case, ctx)
    return notify { to = "chief", text = "案卷" .. case.id .. "：" .. says[ctx.body.result], because = "社区初核意见" }
  end,
}
