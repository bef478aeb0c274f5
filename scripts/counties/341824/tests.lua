local noon = 1772787600000

return {
  { name = "a twin within 30 m is proposed for merging", on = "report", now = noon,
    case = { kind = "event", category = "0199" },
    answers = { { "near", { { id = "341824-2026-000007", distance_m = 12, opened = noon, state = "filed" } } },
      { "responsible" } },
    asked = { { "near", { 1185940000, 300650000, 30, "event", "0199", false } },
      { "responsible", { "event", "0199", false, 1185940000, 300650000 } } },
    want = { { k = "propose", merge_into = "341824-2026-000007", because = "12米" } } },

  { name = "without a twin the city's rule proposes a unit", on = "report",
    case = { kind = "event", category = "0199" },
    answers = { { "near", {} }, { "responsible", { unit = "u-ww", by = "duty", duty = "d-02" } } },
    want = { { k = "set", proposed = "u-ww" } } },

  { name = "a painted old wall has four working hours", on = "file", role = "chief", now = noon,
    case = { kind = "event", category = "0199", state = "accepted" }, row = "1",
    answers = { { "deadline", 1773018000000 } },
    asked = { { "deadline", { noon, 4000, "work_hour" } } },
    want = { { k = "set", due = 1773018000000, because = "限4工作时" } } },

  { name = "exposed rubbish has two hours here, not four", on = "file", role = "chief", now = noon,
    case = { kind = "event", category = "0110", state = "accepted" }, row = "1",
    answers = { { "deadline", 1772794800000 } },
    asked = { { "deadline", { noon, 2000, "work_hour" } } },
    want = { { k = "set", due = 1772794800000, because = "绩溪县补充标准" } } },

  { name = "a third disposal is told to the leader", on = "dispose", role = "unit", unit = "u-cg",
    case = { id = "341824-2026-000012", kind = "event", category = "0110", state = "disposing", rework = 2 },
    want = { { k = "notify", to = "leader", text = "案卷341824-2026-000012已返工2次，又报处置完毕" } } },

  { name = "a first disposal is not", on = "dispose", role = "unit", unit = "u-cg",
    case = { id = "341824-2026-000012", kind = "event", category = "0110", state = "disposing" } },
}
