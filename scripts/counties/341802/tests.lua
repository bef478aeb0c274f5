local noon = 1772787600000

return {
  { name = "a dispute goes on with who is responsible by the map", on = "dispute", role = "unit", unit = "u-cg",
    case = { id = "341802-2026-000012", kind = "event", category = "0110", state = "disposing", unit = "u-cg" },
    answers = { { "responsible", { unit = "u-zz", by = "territory" } } },
    want = { { k = "set", proposed = "u-zz", because = "争议期间先由责任单位u-zz处置" } } },

  { name = "what has gone round twice is told to the leader", on = "dispute", role = "unit", unit = "u-cg",
    case = { id = "341802-2026-000012", kind = "event", category = "0110", state = "disposing", unit = "u-cg", send_backs = 2 },
    answers = { { "responsible", { unit = "u-cg", by = "territory" } } },
    want = { { k = "notify", to = "leader", text = "案卷341802-2026-000012已退回2次，仍有责任争议" } } },

  { name = "what the street settled is told to the unit", on = "street_first", role = "coordinator", body = { done = "settled" },
    case = { id = "341802-2026-000012", kind = "event", category = "0401", state = "disposing", unit = "u-cg" },
    want = { { k = "notify", to = "u-cg", text = "案卷341802-2026-000012街道已先行解决，请核实后反馈" } } },

  { name = "a fence is told too", on = "street_first", role = "coordinator", body = { done = "guarded" },
    case = { id = "341802-2026-000012", kind = "event", category = "0401", state = "disposing" },
    want = { { k = "notify", to = "dispatcher", text = "案卷341802-2026-000012街道已先行围护" } } },

  { name = "nothing done is nothing told", on = "street_first", role = "coordinator", body = { done = "nothing" },
    case = { id = "341802-2026-000012", kind = "event", category = "0401", state = "disposing", unit = "u-cg" } },

  { name = "supervision asks for an answer the same day", on = "supervise", role = "leader",
    case = { id = "341802-2026-000012", kind = "event", category = "0110", state = "disposing", unit = "u-cg" },
    want = { { k = "notify", to = "u-cg", text = "案卷341802-2026-000012被督办，请于当日回复办理情况" } } },

  { name = "an overdue case is told in the district's words", on = "time", role = "system", now = noon,
    body = { what = "overdue" },
    case = { id = "341802-2026-000012", kind = "event", category = "0110", state = "disposing", unit = "u-cg" },
    answers = { { "deadline", noon + 9000 } },
    want = { { k = "notify", to = "dispatcher", text = "案卷341802-2026-000012已超期，责任单位u-cg，请立即办结" },
      { k = "set", next = noon + 9000 } } },
}
