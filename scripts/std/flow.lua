-- 标准流程: the rows of the standard flow. Each row is one action from one or more states.
-- Fields: action, name, from (none: there is no case yet), to, role, holder, auto, need, may, count. scripts/README.md
return {
  step { action = "report", name = "上报", to = "reported", role = { "collector", "acceptor", "public", "system" } },

  step { action = "accept", name = "受理", from = "reported", to = "accepted", role = "acceptor" },
  step { action = "reject", name = "不予受理", from = "reported", to = "rejected", role = "acceptor",
    need = { reason = "text" } },

  step { action = "file", name = "立案", from = "accepted", to = "filed", role = "chief",
    need = { condition = "condition" } },
  step { action = "refuse", name = "不予立案", from = "accepted", to = "rejected", role = "chief",
    need = { reason = "text" } },

  step { action = "dispatch", name = "派遣", from = { "filed", "returned", "disputed" }, to = "dispatched",
    role = "dispatcher", need = { unit = "unit" } },
  step { action = "acknowledge", name = "签收", from = "dispatched", to = "disposing", role = "unit", holder = true },
  step { action = "dispose", name = "处置反馈", from = "disposing", to = "disposed", role = "unit", holder = true },

  step { action = "ask_check", name = "核查", from = "disposed", to = "checking", role = "acceptor" },
  step { action = "check", name = "核查反馈", from = "checking", role = "collector",
    to = { pass = "checked", fail = "dispatched", unclear = "disposed" },
    need = { result = { "pass", "fail", "unclear" } }, count = { fail = "rework" } },

  step { action = "close", name = "结案", from = "checked", to = "closed", role = "chief" },
}
