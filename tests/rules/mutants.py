#!/usr/bin/env python3
"""Does the rigidity guard catch what it promises? Each mutant is a county of ours made looser in one place: `wangge rules
guard` must say no, by the right check. Each tightening must pass. Both are overlays: the county's own pack becomes the base of
one that says one thing otherwise. WANGGE names the client; a word as argument runs only mutants with it in their name."""
import csv
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parents[2]
WANGGE = os.environ.get("WANGGE", str(ROOT / "build/tools/wangge/wangge"))
COUNTIES = ["341802", "341821", "341823", "341824", "341825", "341881", "341882"]
ONE_LINE_MORE = {"emergency_hour": (4, "work_hour"), "work_hour": (1, "work_day"), "work_day": (1, "emergency_day"),
                 "emergency_day": (3, "work_day")}

# What each overlay may use.
HELPERS = """
local function copy(t, changes)
  local out = {}
  for k, v in pairs(t) do out[k] = v end
  for k, v in pairs(changes or {}) do out[k] = v end
  return out
end
local function without(kind, code)
  local out = { part = copy(pack.categories.part), event = copy(pack.categories.event) }
  out[kind][code] = nil
  return out
end
local function rows_without(kind, code, id)
  local out = { part = copy(pack.categories.part), event = copy(pack.categories.event) }
  local rows = {}
  for _, row in ipairs(out[kind][code].conditions) do
    if row.id ~= id then rows[#rows + 1] = row end
  end
  out[kind][code] = copy(out[kind][code], { conditions = rows })
  return out
end
local function row(kind, code, id, changes)
  return extend(pack.categories, { [kind] = { [code] = { conditions = { copy({ id = id }, changes) } } } })
end
-- The flow with one action's rows changed, or (nil) gone; a field that becomes "none" goes.
local function flow(action, change)
  local out = {}
  for _, r in ipairs(pack.flow) do
    if r.action ~= action then
      out[#out + 1] = r
    elseif change then
      local c = change(r)
      for k, v in pairs(c) do if v == "none" then c[k] = nil end end
      out[#out + 1] = c
    end
  end
  return out
end
local function stage(name, state, limit) return { [name] = copy(pack.tables[name], { [state] = limit }) } end
local function ladder(change)
  local out = {}
  for i, r in ipairs(pack.tables.ladder) do out[i] = copy(r) end
  change(out)
  return { ladder = out }
end
local function use(...) return ... end
use(copy, without, rows_without, row, flow, stage, ladder)
"""

# A city that says more than ours does today: documents, indicators, a campaign, staged limits, points.
CITY_MORE = """
return county { base = pack,
  sources = { ["宣城〔2025〕1号"] = { issuer = "宣城市城管局", number = "宣城管〔2025〕1号", title = "立案结案标准", from = "2025-01-01" } },
  map = { parts = { public = { "category", "state" }, hidden = { "price" } }, grids = { public = true } },
  scoring = { indicators = { { id = "on_time", formula = "x/y" } }, weights = { a = 1 }, fixed = { b = 2 },
    open = { "weights", "deductions", "bulletin" } },
  campaigns = { { id = "zx1", name = "冬季整治", from = "2026-12-01", to = "2026-12-31",
    event = { ["0110"] = { limit = { 1, "work_hour" } } } } },
  points = { accepted = { "stay" }, disposing = { "stay" }, checked = { "stay" }, filed = { "accepted" } },
  categories = extend(pack.categories, { part = { ["0101"] = { conditions = { { id = "2", stages = {
    { name = "围护", limit = { 1, "emergency_hour" } }, { name = "修复", limit = { 3, "work_hour" } } } } } } } }),
}
"""


class Case:
    """fields: of the overlay's county{}; check: the word that must come, None: nothing may come."""

    def __init__(self, name, county, check, fields, city=False):
        self.name, self.county, self.check, self.fields, self.city = name, county, check, fields, city


CASES = []
turn = 0


def county():
    global turn
    turn += 1
    return COUNTIES[turn % len(COUNTIES)]


def add(name, check, fields, city=False, where=None):
    CASES.append(Case(name, where or county(), check, fields, city))


def limit(n, unit):
    return '{ %s, "%s" }' % (("%g" % n), unit)


def rows():
    """Rows of the standard, a few of each unit."""
    with open(ROOT / "standards/limits.csv", encoding="utf-8") as f:
        return [r for r in csv.DictReader(f)]


def limits():
    seen = {}
    for r in rows():
        unit, n = r["unit"], float(r["limit"])
        seen[unit] = seen.get(unit, 0) + 1
        if seen[unit] > 14 or (r["kind"], r["code"]) in (("part", "0509"),):
            continue
        at = '"%s", "%s", "%s"' % (r["kind"], r["code"], r["id"])
        name = "%s %s %s" % (r["kind"], r["code"], r["id"])
        add("limit + half: " + name, "loosened_limit", "categories = row(%s, { limit = %s })" % (at, limit(n + 0.5, unit)))
        more, other = ONE_LINE_MORE[unit]
        if unit == "work_hour" and n > 6:
            continue
        add("limit in %s: %s" % (other, name), "loosened_limit",
            "categories = row(%s, { limit = %s })" % (at, limit(more * n if unit != "work_hour" else more, other)))


def classes():
    with open(ROOT / "standards/classes.csv", encoding="utf-8") as f:
        all_classes = [r for r in csv.DictReader(f)]
    for r in all_classes[::14]:
        add("class gone: %s %s" % (r["kind"], r["code"]), "class_deleted",
            'categories = without("%s", "%s")' % (r["kind"], r["code"]))
    many = [r for r in rows() if r["id"] == "2"]
    for r in many[::6][:14]:
        at = '"%s", "%s", "%s"' % (r["kind"], r["code"], r["id"])
        add("row gone: " + at, "condition_deleted", "categories = rows_without(%s)" % at)
        add("filing narrowed: " + at, "condition_changed",
            'categories = row(%s, { text = "%s，且连续三天" })' % (at, r["text"].replace('"', "")))
    for i, r in enumerate(many[1::5][:24]):
        at = '"%s", "%s", "%s"' % (r["kind"], r["code"], r["id"])
        close = [r["close"][:-1] or "好", r["close"] + "，或说明原因", "基本" + r["close"], r["close"] + "，确有困难的除外",
                 "已安排", r["close"] + "，视情处理"][i % 6]
        add("close weakened: " + at, "close_weakened", 'categories = row(%s, { close = "%s" })' % (at, close))
    for r in all_classes[3::40]:
        add("class renamed: " + r["code"], "class_changed",
            'categories = extend(pack.categories, { %s = { ["%s"] = { name = "其他%s", conditions = pack.categories.%s["%s"].conditions } } })'
            % (r["kind"], r["code"], r["code"], r["kind"], r["code"]))
    for kind, code in [("event", "0149"), ("event", "0249"), ("event", "0348"), ("event", "0447"), ("part", "02499"),
                       ("part", "0249"), ("part", "0346"), ("part", "0448"), ("event", "01499"), ("part", "01120")]:
        add("code %s %s" % (kind, code), "code_range",
            'categories = extend(pack.categories, { %s = { ["%s"] = { name = "自编", conditions = { { id = "1", text = "有", '
            'limit = { 1, "work_hour" }, close = "无" } } } } })' % (kind, code))
    for kind, code in [("event", "8899"), ("part", "8799")]:
        add("a major of one's own: " + code, "code_range",
            'categories = extend(pack.categories, { %s = { ["%s"] = { name = "自编", major = "自设大类", conditions = { { id = "1", '
            'text = "有", limit = { 1, "work_hour" }, close = "无" } } } } })' % (kind, code))
    for kind, code in [("event", "0110"), ("event", "0101"), ("part", "0101"), ("event", "0401")]:
        add("a slow row beside: %s %s" % (kind, code), "added_limit",
            'categories = row("%s", "%s", "9", { text = "一般情形", limit = { 30, "work_day" }, close = "好" })' % (kind, code))
    for kind, code in [("event", "0110"), ("part", "0101"), ("event", "0401")]:
        add("source gone: %s %s" % (kind, code), "source_dropped", 'categories = row("%s", "%s", "1", { assumed = true })' % (kind, code))


def steps():
    for action in ["verify", "accept", "file", "dispatch", "send_back", "check", "close", "supervise", "reply", "deny",
                   "refuse_send_back", "callback", "dismiss", "ask_check", "add_evidence", "correct", "report", "urge"]:
        add("step gone: " + action, "step_dropped", 'flow = flow("%s")' % action)
    for action, role in [("accept", "unit"), ("file", "dispatcher"), ("close", "dispatcher"), ("close", "unit"), ("check", "unit"),
                         ("dispatch", "unit"), ("decide", "unit"), ("void", "unit"), ("reject", "collector"), ("refuse", "acceptor"),
                         ("correct", "unit"), ("uphold", "chief"), ("grant", "unit"), ("resume", "unit"), ("merge", "unit")]:
        add("role %s for %s" % (role, action), "role_widened",
            'flow = flow("%s", function(r) local roles = type(r.role) == "table" and copy(r.role) or { r.role } '
            'roles[#roles + 1] = "%s" return copy(r, { role = roles }) end)' % (action, role))
    for action, to in [("accept", "filed"), ("file", "dispatched"), ("dispose", "checked"), ("dispose", "closed"),
                       ("ask_check", "checked"), ("send_back", "filed"), ("close", "stay"), ("transfer", "stay")]:
        add("%s leads to %s" % (action, to), "step_changed",
            'flow = flow("%s", function(r) return copy(r, { to = "%s" }) end)' % (action, to))
    add("a failed check passes", "step_changed",
        'flow = flow("check", function(r) return copy(r, { to = { pass = "checked", fail = "checked", unclear = "disposed" } }) end)')
    add("rework is not counted", "step_changed", 'flow = flow("check", function(r) return copy(r, { count = "none" }) end)')
    add("proxy leads elsewhere", "step_changed", 'flow = flow("proxy", function(r) return copy(r, { grants = "closed" }) end)')
    add("a defer without asking", "step_changed", 'flow = flow("defer", function(r) return copy(r, { effect = "none" }) end)')
    add("an appeal without effect", "step_changed", 'flow = flow("appeal", function(r) return copy(r, { effect = "none" }) end)')
    for action in ["acknowledge", "send_back", "transfer", "defer", "dispose", "appeal", "reply"]:
        add("any unit may " + action, "condition_dropped", 'flow = flow("%s", function(r) return copy(r, { holder = "none" }) end)' % action)
    add("deferred when overdue", "condition_dropped", 'flow = flow("defer", function(r) return copy(r, { before_due = "none" }) end)')
    for action in ["reject", "refuse", "send_back", "void", "deny", "file", "dispatch", "suspend"]:
        add("need of %s gone" % action, "field_dropped", 'flow = flow("%s", function(r) return copy(r, { need = "none" }) end)' % action)
    add("a check without unclear", "field_dropped",
        'flow = flow("check", function(r) return copy(r, { to = { pass = "checked", fail = "dispatched" }, '
        'need = { result = { "pass", "fail" } } }) end)')
    for frm, to, role in [("accepted", "closed", "chief"), ("disposing", "closed", "unit"), ("disposed", "checked", "acceptor"),
                          ("reported", "rejected", "collector"), ("checking", "stay", "unit"), ("closed", "stay", "unit"),
                          ("dispatched", "filed", "unit"), ("suspended", "stay", "dispatcher"), ("disputed", "back", "unit")]:
        add("own step %s -> %s" % (frm, to), "locked_step",
            'steps = { step { action = "own", name = "自加", from = "%s", to = "%s", role = "%s" } }' % (frm, to, role), city=True)
    add("own step takes the unit", "locked_step",
        'steps = { step { action = "own", name = "自加", from = "disposing", to = "stay", role = "unit", need = { unit = "unit" } } }', city=True)
    add("own step grants", "locked_step",
        'steps = { step { action = "own", name = "自加", from = "disposing", to = "stay", role = "unit", effect = "grant" } }', city=True)
    add("own points", "points_changed", 'points = { disposing = { "stay", "closed" } }', city=True)


def tables():
    for state, n, unit in [("reported", 0.5, "work_hour"), ("verifying", 1, "work_hour"), ("accepted", 1, "work_hour"),
                           ("filed", 0.5, "work_hour"), ("returned", 1, "work_day"), ("disputed", 2, "work_day"),
                           ("disposed", 5, "work_hour"), ("checking", 3, "work_hour"), ("checked", 2, "work_hour"),
                           ("filed", 1, "emergency_hour"), ("disputed", 8, "work_hour")]:
        add("stage %s %s %s" % (state, n, unit), "stage_loosened", 'tables = stage("stages", "%s", %s)' % (state, limit(n, unit)))
    for state, n, unit in [("filed", 30, "emergency_minute"), ("returned", 1, "work_hour"), ("disputed", 2, "emergency_hour"),
                           ("disposed", 1, "work_hour"), ("checking", 90, "emergency_minute"), ("checked", 2, "work_hour")]:
        add("urgent stage %s %s" % (state, n), "stage_loosened", 'tables = stage("urgent_stages", "%s", %s)' % (state, limit(n, unit)))
    add("no stage clocks", "stage_loosened", 'tables = { stages = { reported = { 0.25, "work_hour" } } }')
    for name, text in [("longer by the dispatcher", '{ before = 0, days = 4, by = "dispatcher" }, { before = 0, days = 10, by = "chief" }'),
                       ("by the chief again", '{ before = 0, days = 3, by = "dispatcher" }, { before = 1, days = 10, by = "chief" }'),
                       ("a third time", '{ before = 2, days = 30, by = "leader" }'),
                       ("forty days", '{ before = 0, days = 40, by = "leader" }'),
                       ("always", '{ before = 9, days = 30, by = "dispatcher" }'),
                       ("the chief's thirty", '{ before = 0, days = 30, by = "chief" }')]:
        add("deferral " + name, "deferral_loosened", "tables = { deferral = { %s } }" % text)
    for name, text in [("a rung later", 'l[2].after = { 5, "work_hour" }'), ("the centre later", 'l[3].after = { 2, "work_day" }'),
                       ("in another unit", 'l[2].after = { 1, "work_day" }'), ("no leader", "l[4] = nil"),
                       ("no chief", "table.remove(l, 2)"), ("no order", "l[3].order = nil"), ("another order", "l[1], l[2] = l[2], l[1] l[2].after = { 4, \"work_hour\" }"),
                       ("a slow rung between", 'table.insert(l, 2, { to = "u-cg", name = "单位", after = { 3, "work_hour" } })'),
                       ("someone else", 'l[4].to = "u-cg"')]:
        add("ladder " + name, "ladder_loosened", "tables = ladder(function(l) %s end)" % text)
    add("rework anew", "rework_loosened", 'tables = { rework_clock = "anew" }')
    for p in (49, 25, 0):
        add("yellow at %d" % p, "lamp_loosened", "tables = { yellow_percent = %d }" % p)
    for m in (11, 120):
        add("hold %d" % m, "hold_loosened", "tables = { clock_hold_minutes = %d }" % m)
    for text in ("late_min = 31, far_m = 200", "late_min = 30, far_m = 201", "late_min = 600, far_m = 200", "far_m = 5000, late_min = 0"):
        add("evidence " + text, "evidence_loosened", "tables = { evidence = { %s } }" % text)
    for week in ("Mon-Thu", "Tue-Fri", "Mon,Wed,Fri"):
        add("week " + week, "fewer_days", 'hours = copy(pack.hours, { week = "%s" })' % week)
    for day in ("2026-11-11", "2029-05-08"):
        add("holiday " + day, "fewer_days", 'hours = copy(pack.hours, { holidays = { ["%s"] = "本地节日" } })' % day)
    for shifts in ('"08:30-12:00"', '"09:00-12:00", "14:00-17:00"', '"10:00-10:30"'):
        add("shifts " + shifts, "fewer_hours", "hours = { week = \"Mon-Fri\", shifts = { %s } }" % shifts)
    add("a lazy summer", "fewer_hours", 'hours = copy(pack.hours, { seasons = { { name = "夏令", from = "07-01", to = "08-31", shifts = { "08:00-12:00" } } } })')


def city_more():
    add("a document rewritten", "source_redefined",
        'sources = { ["宣城〔2025〕1号"] = { issuer = "县局", title = "立案结案标准" } }', city=True)
    add("a document's number", "source_redefined",
        'sources = { ["宣城〔2025〕1号"] = { issuer = "宣城市城管局", number = "2号", title = "立案结案标准", from = "2025-01-01" } }', city=True)
    add("indicators rewritten", "indicators_changed", 'scoring = { indicators = { { id = "on_time", formula = "x/(y-1)" } } }', city=True)
    add("a layer opened", "map_opened", 'map = { parts = { public = true, hidden = { "price" } } }', city=True)
    add("a field opened", "map_opened", 'map = { parts = { public = { "state", "owner" }, hidden = { "price" } } }', city=True)
    add("a hidden field shown", "map_opened", 'map = { parts = { public = { "state" } } }', city=True)
    add("no indicators", "indicators_changed", "scoring = { indicators = {} }", city=True)
    add("a locked weight", "scoring_locked", "scoring = { fixed = { b = 1 } }", city=True)
    add("what is open", "scoring_locked", 'scoring = { open = { "weights", "fixed" } }', city=True)
    own = 'campaigns = { { id = "own", name = "自办", from = "%s", to = "%s", event = { %s } } }'
    add("a longer campaign", "campaign_limit", own % ("2027-01-01", "2027-02-01", '["0110"] = { limit = { 5, "work_hour" } }'))
    add("a longer campaign for all", "campaign_limit", own % ("2027-01-01", "2027-02-01", '["01"] = { limit = { 3, "work_day" } }'))
    add("a campaign that hides", "campaign_limit", own % ("2026-12-10", "2026-12-12", '["0110"] = { limit = { 2, "work_hour" } }'), city=True)
    add("a campaign that hides by front", "campaign_limit", own % ("2026-11-10", "2026-12-01", '["01"] = { weight = 2 }'), city=True)
    part = 'categories = row("part", "0101", "2", { stages = { %s } })'
    add("a stage longer", "stages_loosened", part % '{ name = "围护", limit = { 2, "emergency_hour" } }, { name = "修复", limit = { 3, "work_hour" } }', city=True)
    add("a stage gone", "stages_loosened", part % '{ name = "围护", limit = { 1, "emergency_hour" } }', city=True)
    add("a stage renamed", "stages_loosened", part % '{ name = "看看", limit = { 1, "emergency_hour" } }, { name = "修复", limit = { 3, "work_hour" } }', city=True)
    add("a stage's unit", "stages_loosened", part % '{ name = "围护", limit = { 1, "emergency_hour" }, unit = "u-cg" }, { name = "修复", limit = { 3, "work_hour" } }', city=True)
    add("another's article", "source_dropped",
        'categories = extend(pack.categories, { event = { ["0110"] = { name = pack.categories.event["0110"].name, conditions = { { id = "1", '
        'text = "公共场所散置生活垃圾", limit = { 2, "work_hour" }, close = "清走" } } } } })')


def functions():
    def on(name, check, event, body):
        add("on.%s %s" % (event, name), check, "on = { %s = function(case, ctx) use(case, ctx) %s end }" % (event, body))

    base = "local out = pack.on.%s(case, ctx) "
    due = 'set { due = ctx.deadline(ctx.row.limit) + %s, because = "x" }'
    on("an hour later", "later_due", "file", "return " + due % 3600000)
    on("a minute later", "later_due", "file", "return " + due % 60000)
    on("by calendar", "later_due", "file", 'return set { due = ctx.now + 40 * 86400000, because = "x" }')
    on("from the report", "later_due", "file", 'return set { due = ctx.deadline({ 5, "work_day" }), because = "x" }')
    for code in ("0110", "0101", "0401", "0402", "0301"):
        on("later for " + code, "later_due", "file",
           'if case.category == "%s" then return %s end return pack.on.file(case, ctx)' % (code, due % 7200000))
    on("later for parts", "later_due", "file", 'if case.kind == "part" then return %s end return pack.on.file(case, ctx)' % (due % 1000))
    on("later for the hotline", "later_due", "file", 'if case.source == "hotline" then return %s end return pack.on.file(case, ctx)' % (due % 1000))
    on("later in a street", "later_due", "file", 'if case.street == "341824103" then return %s end return pack.on.file(case, ctx)' % (due % 1000))
    on("later for one unit", "later_due", "file", 'if case.proposed_unit == "u-jj" then return %s end return pack.on.file(case, ctx)' % (due % 1000))
    on("no deadline", "due_dropped", "file", "return nil")
    on("no deadline for parts", "due_dropped", "file", 'if case.kind == "part" then return end return pack.on.file(case, ctx)')
    on("only a message", "due_dropped", "file", 'return notify { to = "chief", text = "x", because = "x" }')
    for event in ("accept", "dispatch", "report", "check", "acknowledge", "supervise", "urge", "ask_check", "verify"):
        on("refuses", "refuses", event, 'return refuse { because = "不办" }')
    on("refuses without a condition", "refuses", "file", 'return refuse { because = "不立" }')
    on("refuses now and then", "refuses", "accept", 'if case.source == "public" then return refuse { because = "不受理" } end')
    on("refuses at lunch", "refuses", "report", 'if ctx.now % 86400000 < 21600000 then return refuse { because = "午休" } end return pack.on.report(case, ctx)')
    on("refuses the third rework", "refuses", "check", 'if case.rework == 3 then return refuse { because = "够了" } end')
    for event, n in (("dispatch", 30), ("accept", 20), ("acknowledge", 10), ("check", 10), ("dispose", 5)):
        on("moves the deadline", "later_due", event, 'if case.due then return set { due = case.due + %d * 86400000, because = "x" } end '
           'return set { stage_due = ctx.now + 90 * 86400000, because = "x" }' % n)
    on("moves the stage", "later_due", "dispose", 'return set { stage_due = ctx.now + 5 * 86400000, because = "x" }')
    on("a slow stage", "later_due", "accept", 'return set { stage_due = ctx.deadline({ 1, "work_day" }), because = "x" }')
    for role in ("dispatcher", "chief"):
        on("by the %s" % role, "grant_lowered", "suspend", 'return ask { of = "%s", because = "x" }' % role)
        on("by the %s" % role, "grant_lowered", "proxy", base % "proxy" + 'out[1] = ask { of = "%s", because = "x" } return out' % role)
    on("always the dispatcher", "grant_lowered", "defer", base % "defer" + 'if ctx.body.days <= 30 and case.deferrals <= 1 then '
       'return ask { of = "dispatcher", because = "x" } end return out')
    on("seven days by the dispatcher", "grant_lowered", "defer", 'if ctx.body.days == 7 and case.deferrals == 0 then '
       'return ask { of = "dispatcher", because = "x" } end return pack.on.defer(case, ctx)')
    on("nobody asked", "grant_lowered", "suspend", "return nil")
    on("always granted", "lets_off", "defer", 'return ask { of = "leader", because = "x" }')
    on("once more", "lets_off", "defer", 'if case.deferrals == 2 then return ask { of = "leader", because = "x" } end return pack.on.defer(case, ctx)')
    on("longer", "lets_off", "defer", 'if ctx.body.days > 30 then return ask { of = "leader", because = "x" } end return pack.on.defer(case, ctx)')
    on("a day more", "later_due", "grant", 'if ctx.asked.what == "defer" then return set { due = ctx.deadline({ ctx.asked.days + 1, "work_day" }, '
       'case.due), because = "x" } end return pack.on.grant(case, ctx)')
    on("from now", "later_due", "grant", 'if ctx.asked.what == "suspend" then return set { due = ctx.now + 60 * 86400000, because = "x" } end return pack.on.grant(case, ctx)')
    on("tells nobody", "notify_dropped", "grant", 'if ctx.asked.what == "proxy" then return end return pack.on.grant(case, ctx)')
    for event in ("supervise", "urge", "time", "proxy"):
        on("tells nobody", "notify_dropped", event, 'return %s' % ('ask { of = "leader", because = "x" }' if event == "proxy" else "nil"))
    on("tells another", "notify_dropped", "supervise", 'return notify { to = "collector", text = "x", because = "x" }')
    on("not at the first rung", "notify_dropped", "time", 'if ctx.body.what == "overdue" then return end return pack.on.time(case, ctx)')
    on("not when a stage is late", "notify_dropped", "time", 'if ctx.body.what == "stage" then return end return pack.on.time(case, ctx)')
    on("not at the end of a suspension", "notify_dropped", "time", 'if ctx.body.what == "resume" then return end return pack.on.time(case, ctx)')
    on("not the leader", "notify_dropped", "time", 'if case.level == 3 and case.overdue then return end return pack.on.time(case, ctx)')
    on("not in a dispute", "notify_dropped", "time", 'if case.state == "disputed" then return end return pack.on.time(case, ctx)')
    on("not after much rework", "notify_dropped", "time", 'if case.level == 1 and case.rework == 3 then return end return pack.on.time(case, ctx)')
    for when in ('case.category == "0110" and case.source == "media"', 'case.category == "0110" and case.street == "341824103"',
                 'case.id:ends("7")', "ctx.now % 3600000 == 0", "ctx.row.limit[1] == 5", 'ctx.unit("u-cg")', "ctx.responsible(case) == nil",
                 "#ctx.near { within_m = 30, category = case.category } > 2"):
        on("later where " + when, "later_due", "file", "if %s then return %s end return pack.on.file(case, ctx)" % (when, due % 60000))
    on("ten days, a second time", "grant_lowered", "defer", 'if ctx.body.days == 10 and case.deferrals == 1 and case.category == "0110" then '
       'return ask { of = "dispatcher", because = "x" } end return pack.on.defer(case, ctx)')
    on("without the order", "order_dropped", "time", base % "time" + 'if out and ctx.body.what ~= "stage" and case.level == 2 then return { out[1], out[3] } end return out')
    on("the ladder stops", "due_dropped", "time", base % "time" + 'if ctx.body.what == "overdue" then return { out[1] } end return out')
    on("a slow ladder", "later_due", "time", base % "time" + 'if ctx.body.what == "overdue" then return { out[1], '
       'set { next = ctx.deadline({ 9, "work_day" }), because = "x" } } end return out')
    on("fails", "handler_fails", "dispatch", 'error("坏了")')
    on("fails on rework", "handler_fails", "check", 'if case.rework > 2 then error("坏了") end')
    on("adds nil", "handler_fails", "accept", "return case.due + 1")
    on("never ends", "handler_fails", "urge", "while true do end")


def tighter():
    for r in rows()[::28]:
        n = float(r["limit"])
        add("shorter %s %s %s" % (r["kind"], r["code"], r["id"]), None,
            'categories = row("%s", "%s", "%s", { limit = %s, source = "县标准" })' % (r["kind"], r["code"], r["id"], limit(n / 2, r["unit"])))
    for kind, code, row_id, n, unit in [("event", "0110", "1", 2, "emergency_hour"), ("part", "0101", "3", 4, "work_hour"),
                                        ("part", "0101", "4", 1, "emergency_hour"), ("part", "0101", "2", 30, "emergency_minute")]:
        add("shorter in another unit %s" % unit, None, 'categories = row("%s", "%s", "%s", { limit = %s })' % (kind, code, row_id, limit(n, unit)))
    for kind, code in [("event", "0198"), ("event", "0250"), ("part", "0190"), ("part", "01999")]:
        add("own class " + code, None, 'categories = extend(pack.categories, { %s = { ["%s"] = { name = "自编", conditions = { { id = "1", '
            'text = "有", limit = { 30, "work_day" }, close = "无" } } } } })' % (kind, code))
    for kind, code in [("event", "0110"), ("part", "0101")]:
        add("own row " + code, None, 'categories = row("%s", "%s", "9", { text = "学校门口", limit = { 30, "emergency_minute" }, close = "清走" })' % (kind, code))
    for kind, code, close in [("event", "0110", "清走，地面冲洗干净"), ("part", "0101", "复原；拍照存档"), ("event", "0401", "已取缔，并登记")]:
        add("close more " + code, None, 'categories = row("%s", "%s", "1", { close = "%s", source = "县标准" })' % (kind, code, close))
    add("fewer roles", None, 'flow = flow("grant", function(r) return copy(r, { role = { "chief", "leader" } }) end)')
    add("only one's own unit", None, 'flow = flow("countersign", function(r) return copy(r, { holder = true }) end)')
    add("a reason for urging", None, 'flow = flow("urge", function(r) return copy(r, { need = { reason = "text" } }) end)')
    add("an opinion before closing", None, 'flow = flow("close", function(r) return copy(r, { need = { opinion = "text" } }) end)')
    for frm in ("accepted", "disposing", "checked"):
        add("own step at " + frm, None, 'steps = { step { action = "look", name = "会商", from = "%s", to = "stay", role = "chief" } }' % frm, city=True)
    add("own step to a marked state", None, 'steps = { step { action = "back_to", name = "复议", from = "filed", to = "accepted", role = "chief" } }', city=True)
    add("own step with evidence", None, 'steps = { step { action = "film", name = "录像", from = "disposing", to = "stay", role = "unit", effect = "evidence" } }', city=True)
    add("stage shorter", None, 'tables = stage("stages", "checking", { 1, "work_hour" })')
    add("stage in another unit", None, 'tables = stage("stages", "disputed", { 4, "work_hour" })')
    add("a stage more", None, 'tables = stage("stages", "dispatched", { 1, "work_hour" })')
    add("deferral by higher ones", None, 'tables = { deferral = { { before = 0, days = 3, by = "chief" }, { before = 0, days = 10, by = "leader" } } }')
    add("no deferral", None, "tables = { deferral = { { before = 0, days = 1, by = \"leader\" } } }")
    add("ladder quicker", None, 'tables = ladder(function(l) l[3].after = { 4, "work_hour" } l[2].order = true end)')
    add("ladder with one more", None, 'tables = ladder(function(l) l[5] = { to = "u-cg", name = "单位", after = { 1, "work_day" } } end)')
    add("yellow earlier", None, "tables = { yellow_percent = 70 }")
    add("evidence nearer", None, "tables = { evidence = { late_min = 10, far_m = 50 } }")
    add("hold shorter", None, "tables = { clock_hold_minutes = 5 }")
    add("twins", None, "tables = { twin = { within_m = 500, hours = 1 }, neighbour_m = 5 }")
    add("six days", None, 'hours = copy(pack.hours, { week = "Mon-Sun" })')
    add("longer days", None, 'hours = { week = "Mon-Fri", shifts = { "08:00-12:00", "13:30-18:00" } }')
    add("on.file earlier", None, 'on = { file = function(_, ctx) local row = ctx.row if not row then return refuse { because = "x" } end '
        'return set { due = ctx.now + (ctx.deadline(row.limit) - ctx.now) // 2, because = "x" } end }')
    add("on.file and a message", None, 'on = { file = function(case, ctx) return { pack.on.file(case, ctx) and nil, '
        'notify { to = "u-cg", text = "x", because = "x" } } end, urge = function(case, ctx) return pack.on.urge(case, ctx) end }'
        .replace("pack.on.file(case, ctx) and nil, ", "").replace("return { notify", "local out = pack.on.file(case, ctx) return { out, notify"),
        where="341802")
    for event in ("defer", "send_back", "close", "void", "transfer", "suspend"):
        add("on.%s refuses" % event, None, 'on = { %s = function() return refuse { because = "本县不办" } end }' % event)
    add("on.suspend and a message", None, 'on = { suspend = function(case, ctx) return { pack.on.suspend(case, ctx), notify { to = "chief", text = "x", because = "x" } } end }')
    add("on.defer by the leader", None, 'on = { defer = function(case, ctx) if ctx.body.days > 30 or case.deferrals > 1 then return refuse { because = "x" } end '
        'return ask { of = "leader", because = "x" } end }')
    add("on.dispatch an early stage", None, 'on = { dispatch = function(case, ctx) return set { next = ctx.now + 1000, because = "x" } end }'
        .replace("function(case, ctx)", "function(_, ctx)"))
    add("a short campaign", None, 'campaigns = { { id = "own", name = "自办", from = "2027-01-01", to = "2027-02-01", event = { ["0110"] = '
        '{ limit = { 1, "emergency_hour" } } } } }', city=True)
    add("a document of one's own", None, 'sources = { ["县1号"] = { issuer = "县局", title = "补充标准" } }', city=True)
    add("a layer closed", None, 'map = { parts = { public = false, hidden = { "price" } }, grids = { public = { "name" } } }', city=True)
    add("a layer of its own", None, 'map = { toilets = { title = "公厕", public = true } }', city=True)
    add("an open weight", None, "scoring = { weights = { a = 3 } }", city=True)


def overlay(text, more):
    """The pack that a rules.lua returns becomes `pack`."""
    at = text.rindex("return county")
    return text[:at] + "local pack = " + text[at + len("return "):] + more


def run(folder, case):
    home = pathlib.Path(folder) / case.name.replace("/", "_").replace(" ", "_")
    counties = home / "scripts/counties"
    counties.mkdir(parents=True)
    (home / "standards").symlink_to(ROOT / "standards")
    (home / "scripts/std").symlink_to(ROOT / "scripts/std")
    for area in ("341800", case.county):
        shutil.copytree(ROOT / "scripts/counties" / area, counties / area)
    city = counties / "341800/rules.lua"
    if case.city:
        city.write_text(overlay(city.read_text(), CITY_MORE))
    own = counties / case.county / "rules.lua"
    own.write_text(overlay(own.read_text(), HELPERS + "return county { base = pack,\n  " + case.fields + ",\n}\n"))
    got = subprocess.run([WANGGE, "rules", "guard", str(counties / case.county), "--json"], capture_output=True, text=True)
    shutil.rmtree(home)
    return got.returncode, got.stdout, got.stderr


def judge(case, got):
    """None where it is as it must be; else what came."""
    code, out, err = got
    try:
        findings = json.loads(out)["findings"]
    except ValueError:
        return "no findings: %d %s" % (code, err.strip())
    faults = [f for f in findings if f["severity"] == "fault"]
    if case.check is None:
        return None if code == 0 and not faults else "a false alarm: " + json.dumps(faults[:2], ensure_ascii=False)
    # a county with a ladder of its own may not have an on.time too: what that does can't be compared
    if code == 1 and any(f["check"] in (case.check, "ladder_unproved") for f in faults):
        return None
    return "not caught (%d): %s" % (code, json.dumps(findings[:3], ensure_ascii=False))


def main():
    for part in (limits, classes, steps, tables, city_more, functions, tighter):
        part()
    names = [c.county + c.fields + str(c.city) for c in CASES]
    assert len(set(names)) == len(names), "a mutant is there twice"
    for i, case in enumerate(CASES):
        case.name = "%03d %s: %s" % (i, case.county, case.name)
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    cases = CASES[::5] if word == "--few" else [c for c in CASES if word in c.name]
    count = {True: [0, 0], False: [0, 0]}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        for case, got in zip(cases, pool.map(lambda c: run(folder, c), cases)):
            wrong = judge(case, got)
            mutant = case.check is not None
            count[mutant][0] += 1
            count[mutant][1] += wrong is None
            if wrong:
                print("%s [%s]\n  %s" % (case.name, case.check, wrong))
    print("%d mutants, %d caught, %d tightenings, %d passed" % (*count[True], *count[False]))
    whole = len(sys.argv) < 2
    enough = not whole or (count[True][0] >= 200 and count[False][0] >= 40)
    return 0 if enough and all(n == ok for n, ok in count.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
