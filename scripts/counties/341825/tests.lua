return {
  { name = "what is sent back is disputed at once", on = "send_back", role = "unit", unit = "u-cg",
    case = { kind = "event", category = "0110", state = "disposing", unit = "u-cg" },
    want = { { k = "propose", dispute = true, because = "第1次退回" } } },

  { name = "the leader grants ten days", on = "defer", role = "unit", body = { days = 10 },
    case = { kind = "event", category = "0110", state = "disposing", deferrals = 1 },
    want = { { k = "ask", of = "leader" } } },

  { name = "and no more than ten", on = "defer", role = "unit", body = { days = 11 },
    case = { kind = "event", category = "0110", state = "disposing" },
    refuse = "超出审批权限" },
}
