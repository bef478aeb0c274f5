-- The national defaults, against answers given here. scripts/README.md says what a test is.
local noon = 1772787600000

return {
  { name = "a report proposes the unit that the duty names", on = "report",
    case = { kind = "event", category = "0110" },
    answers = { { "near", {} }, { "responsible", { unit = "u-hw", by = "duty", duty = "d-07" } } },
    want = { { k = "set", proposed = "u-hw", because = "责任区d-07" } } },

  { name = "a part goes to its owner", on = "report",
    case = { kind = "part", category = "0101", part = "3418240101000001" },
    answers = { { "near", {} }, { "responsible", { unit = "u-sw", by = "owner" } } },
    want = { { k = "set", proposed = "u-sw", because = "权属单位" } } },

  { name = "nobody responsible: nothing is proposed", on = "report",
    case = { kind = "event", category = "0110" },
    answers = { { "near", {} }, { "responsible" } } },

  { name = "the same class near by and of today is offered for merging", on = "report", now = noon,
    case = { kind = "event", category = "0110" },
    answers = { { "near", { { id = "341824-2026-000006", distance_m = 4, opened = noon - 90000000, state = "filed" },
      { id = "341824-2026-000007", distance_m = 12, opened = noon - 3600000, state = "filed" } } }, { "responsible" } },
    want = { { k = "propose", merge_into = "341824-2026-000007", because = "12米处" } } },

  { name = "where a coordinator has decided, the next one goes by it", on = "report", now = noon,
    case = { kind = "event", category = "0110" },
    answers = { { "near", { { id = "341824-2026-000003", distance_m = 9, opened = noon - 9000000000, state = "closed",
      ruled = true, unit = "u-sz" } } } },
    want = { { k = "set", proposed = "u-sz", because = "先例：案卷341824-2026-000003" } } },

  { name = "three working days are the dispatcher's to grant", on = "defer", role = "unit", body = { days = 3 },
    case = { kind = "event", category = "0110", state = "disposing" },
    want = { { k = "ask", of = "dispatcher" } } },

  { name = "ten are the chief's", on = "defer", role = "unit", body = { days = 10 },
    case = { kind = "event", category = "0110", state = "disposing" },
    want = { { k = "ask", of = "chief" } } },

  { name = "a second deferral is the leader's, however short", on = "defer", role = "unit", body = { days = 1 },
    case = { kind = "event", category = "0110", state = "disposing", deferrals = 1 },
    want = { { k = "ask", of = "leader" } } },

  { name = "a third is nobody's", on = "defer", role = "unit", body = { days = 1 },
    case = { kind = "event", category = "0110", state = "disposing", deferrals = 2 },
    refuse = "超出审批权限" },

  { name = "a deferral that is granted adds working days to the due moment", on = "grant", role = "dispatcher", now = noon,
    case = { kind = "event", category = "0110", state = "disposing", due = noon + 1000 },
    request = { what = "defer", days = 2 },
    answers = { { "deadline", noon + 5000 } }, asked = { { "deadline", { noon + 1000, 2000, "work_day" } } },
    want = { { k = "set", due = noon + 5000, because = "延期2个工作日" } } },

  { name = "what is sent back is proposed to the neighbour", on = "send_back", role = "unit", unit = "u-cg",
    case = { kind = "event", category = "0110", state = "disposing", unit = "u-cg" },
    answers = { { "responsible_near", { { unit = "u-cg", distance_m = 0 }, { unit = "u-sz", distance_m = 20 } } } },
    want = { { k = "set", proposed = "u-sz" } } },

  { name = "an overdue case is told to the dispatcher, the chief is next", on = "time", role = "system", now = noon,
    case = { id = "341824-2026-000012", kind = "event", category = "0110", state = "disposing", unit = "u-cg" },
    body = { what = "overdue" }, answers = { { "deadline", noon + 9000 } },
    want = { { k = "notify", to = "dispatcher" }, { k = "set", next = noon + 9000, because = "值班长" } } },

  { name = "the third rung gives an order", on = "time", role = "system", now = noon,
    case = { id = "341824-2026-000012", kind = "event", category = "0110", state = "disposing", unit = "u-cg", level = 2 },
    body = { what = "escalate" }, answers = { { "deadline", noon + 9000 } },
    want = { { k = "notify", to = "centre" }, { k = "order", text = "超期自动督办" }, { k = "set", next = noon + 9000 } } },

  { name = "filing sets the deadline by the row that was chosen", on = "file", role = "chief", now = noon,
    case = { kind = "event", category = "0110", state = "accepted" },
    row = { id = "1", text = "暴露垃圾", limit = { 4, "work_hour" }, close = "清走", source = "示例" },
    answers = { { "deadline", 1773018000000 } },
    asked = { { "deadline", { noon, 4000, "work_hour" } } },
    want = { { k = "set", due = 1773018000000, because = "限4工作时（示例）" } } },

  { name = "a limit may have decimals", on = "file", role = "chief", now = noon,
    case = { kind = "event", category = "0110", state = "accepted" },
    row = { id = "1", text = "核实", limit = { 1.5, "work_hour" }, close = "查清" },
    answers = { { "deadline", 1772793000000 } },
    asked = { { "deadline", { noon, 1500, "work_hour" } } },
    want = { { k = "set", due = 1772793000000, because = "限1.5工作时（本地标准）" } } },

  { name = "without a row nothing is filed", on = "file", role = "chief",
    case = { kind = "event", category = "0110", state = "accepted" },
    refuse = "立案须选定立案条件" },
}
