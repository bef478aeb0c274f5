-- 综合评价. `indicators` are the same everywhere, or counties could not be compared; `open` names the members that a county
-- may give otherwise. Each indicator is a share, of counters as the standard names them.
return {
  indicators = {
    { id = "filed_in_time", name = "按时立案率", above = "intime_inst_num", below = "inst_num" },
    { id = "filed_rightly", name = "准确立案率", above = "accur_inst", below = "inst_num" },
    { id = "dispatched_in_time", name = "按时派遣率", above = "intime_dispatch_num", below = "need_dispatch_num" },
    { id = "dispatched_rightly", name = "准确派遣率", above = "accur_dispatch_num", below = "need_dispatch_num" },
    { id = "disposed_in_time", name = "按期处置率", above = "intime_dispose_num", below = "need_dispose_num" },
    { id = "closed", name = "结案率", above = "archive_num", below = "need_archive_num" },
    { id = "closed_in_time", name = "按期结案率", above = "intime_archive_num", below = "need_archive_num" },
    { id = "reworked", name = "返工率", above = "rework_num", below = "inst_num", less_is_better = true },
    { id = "missed", name = "漏报率", above = "missed_num", below = "inst_num", less_is_better = true },
  },
  -- Points of a hundred, by who is scored.
  weights = {
    unit = { closed_in_time = 50, closed = 30, reworked = 10, supervision = 10 },
    chief = { filed_in_time = 25, filed_rightly = 40, closed_in_time = 35 },
    dispatcher = { dispatched_in_time = 50, dispatched_rightly = 50 },
  },
  deductions = { supervised = 0.5, supervised_unanswered = 1 }, -- points each
  grades = { { name = "A", from = 90 }, { name = "B", from = 75 }, { name = "C", from = 60 }, { name = "D", from = 40 },
    { name = "E", from = 0 } },
  bulletin = { day = 5 }, -- of the month, for the month before
  open = { "weights", "deductions", "bulletin" },
}
