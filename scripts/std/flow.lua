-- 标准流程: the rows of the standard flow. Each row is one action from one or more states.
-- Fields: action, name, from (none: there is no case yet), to, role, holder, before_due, effect, grants, need, may,
-- count. scripts/README.md
local open = { "reported", "verifying", "accepted", "filed", "dispatched", "disposing", "disposed", "checking", "checked",
  "returned", "disputed", "suspended" }
local filed = { "filed", "dispatched", "disposing", "disposed", "checking", "checked", "returned", "disputed", "suspended" }
local open_or_closed = { "closed" }
for i, state in ipairs(open) do open_or_closed[i + 1] = state end
local holders = { "acceptor", "chief", "dispatcher", "coordinator", "unit", "collector" }

return {
  -- 监督: from the report to filing
  step { action = "report", name = "上报", to = "reported", role = { "collector", "acceptor", "public", "system" } },
  step { action = "ask_verify", name = "核实", from = "reported", to = "verifying", role = "acceptor" },
  step { action = "verify", name = "核实反馈", from = "verifying", role = "collector", effect = "verify",
    to = { yes = "reported", no = "reported", unclear = "reported" }, need = { result = { "yes", "no", "unclear" } } },
  step { action = "accept", name = "受理", from = "reported", to = "accepted", role = "acceptor" },
  step { action = "reject", name = "不予受理", from = "reported", to = "rejected", role = "acceptor",
    need = { reason = "text" } },
  step { action = "file", name = "立案", from = "accepted", to = "filed", role = "chief",
    need = { condition = "condition" } },
  step { action = "refuse", name = "不予立案", from = "accepted", to = "rejected", role = "chief",
    need = { reason = "text" } },

  -- 指挥: who does it
  step { action = "dispatch", name = "派遣", from = { "filed", "returned", "disputed" }, to = "dispatched",
    role = "dispatcher", need = { unit = "unit" } },
  step { action = "acknowledge", name = "签收", from = "dispatched", to = "disposing", role = "unit", holder = true },
  step { action = "send_back", name = "退回", from = { "dispatched", "disposing" }, to = "returned", role = "unit",
    holder = true, effect = "send_back", need = { reason = "text" } },
  step { action = "refuse_send_back", name = "退回不准", from = "returned", to = "back", role = "dispatcher",
    need = { reason = "text" } },
  step { action = "dispute", name = "争议", from = { "dispatched", "disposing", "returned" }, to = "disputed",
    role = { "unit", "dispatcher" }, holder = true, may = { reason = "text" } },
  step { action = "decide", name = "裁定", from = "disputed", to = "dispatched", role = "coordinator",
    need = { unit = "unit" } },
  step { action = "transfer", name = "转办", from = { "dispatched", "disposing" }, to = "dispatched", role = "unit",
    holder = true, effect = "transfer", need = { unit = "unit" } },
  step { action = "countersign", name = "会签", from = { "dispatched", "disposing" }, to = "stay", role = "dispatcher",
    effect = "countersign", need = { units = "units" } },

  -- what is asked for, and its answer
  step { action = "defer", name = "延期", from = "disposing", to = "stay", role = "unit", holder = true,
    before_due = true, effect = "ask", need = { days = "int" } },
  step { action = "suspend", name = "挂账", from = "disposing", to = "stay", role = "dispatcher", effect = "ask",
    grants = "suspended", need = { ["until"] = "time" } },
  step { action = "proxy", name = "代整改", from = { "dispatched", "disposing", "disputed" }, to = "stay",
    role = "dispatcher", effect = "ask", grants = "disposing", need = { unit = "unit" }, may = { cost = "int" } },
  step { action = "grant", name = "同意", from = { "dispatched", "disposing", "disputed" }, to = "granted",
    role = { "dispatcher", "chief", "leader" }, effect = "grant" },
  step { action = "deny", name = "不同意", from = { "dispatched", "disposing", "disputed" }, to = "stay",
    role = { "dispatcher", "chief", "leader" }, effect = "deny", need = { reason = "text" } },
  step { action = "resume", name = "恢复", from = "suspended", to = "back", role = { "dispatcher", "leader" } },

  -- the work, and whether it was done
  step { action = "dispose", name = "处置反馈", from = "disposing", to = "disposed", role = "unit", holder = true,
    effect = "dispose" },
  step { action = "ask_check", name = "核查", from = "disposed", to = "checking", role = "acceptor" },
  step { action = "check", name = "核查反馈", from = "checking", role = "collector", effect = "check",
    to = { pass = "checked", fail = "dispatched", unclear = "disposed" },
    need = { result = { "pass", "fail", "unclear" } }, count = { fail = "rework" } },
  step { action = "close", name = "结案", from = "checked", to = "closed", role = "chief" },

  -- at any time
  step { action = "supervise", name = "督办", from = open, to = "stay", role = { "leader", "chief" },
    effect = "supervise" },
  step { action = "reply", name = "督办回复", from = open, to = "stay", role = "unit", holder = true, effect = "reply" },
  step { action = "urge", name = "催办", from = open, to = "stay", role = "dispatcher", effect = "urge" },
  step { action = "void", name = "作废", from = filed, to = "voided", role = "chief",
    need = { reason = "text" } },
  step { action = "merge", name = "合并", from = open, to = "merged", role = { "acceptor", "chief" }, effect = "merge",
    need = { into = "case" } },
  step { action = "split", name = "拆分", from = "merged", to = "back", role = { "acceptor", "chief" },
    effect = "split" },
  step { action = "withdraw", name = "撤回", to = "back", effect = "withdraw",
    from = open,
    role = { "acceptor", "dispatcher", "coordinator", "unit", "chief" } },
  step { action = "add_evidence", name = "附加证据", from = open, to = "stay", role = holders, holder = true,
    effect = "evidence" },
  step { action = "correct", name = "更正", from = open_or_closed, to = "stay", role = "chief", effect = "correct",
    may = { category = "class", condition = "condition", part = "text", address = "text" } },

  -- after the end
  step { action = "callback", name = "回访", from = "closed", role = "acceptor", effect = "callback",
    to = { satisfied = "closed", dissatisfied = "dispatched", unreachable = "closed" },
    need = { result = { "satisfied", "dissatisfied", "unreachable" } }, count = { dissatisfied = "rework" } },
  step { action = "appeal", name = "申诉", from = "closed", to = "stay", role = "unit", holder = true,
    effect = "appeal" },
  step { action = "uphold", name = "申诉成立", from = "closed", to = "stay", role = "reviewer", effect = "verdict" },
  step { action = "dismiss", name = "申诉驳回", from = "closed", to = "stay", role = "reviewer", effect = "verdict" },

  -- to a neighbouring county
  step { action = "handover", name = "移交", from = open, to = "stay", role = "chief", effect = "handover",
    need = { to = "area" } },
  step { action = "receive", name = "接收", from = open, to = "handed_over", role = "chief", effect = "receive" },
}
