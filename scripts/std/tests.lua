-- The national defaults, against answers given here. scripts/README.md says what a test is.
local noon = 1772787600000

return {
  { name = "a report proposes the unit that the duty names", on = "report",
    case = { kind = "event", category = "0110" },
    answers = { { "responsible", { unit = "u-hw", by = "duty", duty = "d-07" } } },
    asked = { { "responsible", { "event", "0110", false, 1185940000, 300650000 } } },
    want = { { k = "set", proposed = "u-hw", because = "责任区d-07" } } },

  { name = "a part goes to its owner", on = "report",
    case = { kind = "part", category = "0101", part = "3418240101000001" },
    answers = { { "responsible", { unit = "u-sw", by = "owner" } } },
    want = { { k = "set", proposed = "u-sw", because = "权属单位" } } },

  { name = "nobody responsible: nothing is proposed", on = "report",
    case = { kind = "event", category = "0110" },
    answers = { { "responsible" } } },

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
