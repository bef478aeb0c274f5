local noon = 1772787600000
local own = "宁国市补充标准"

-- One test for each condition row of its own: filing by it asks for this limit, sets the deadline that comes back, and names
-- the document. Rows: kind, code, id of the row, { from, limit in thousandths, unit }.
local function filing(rows)
  local list = {}
  for i, row in ipairs(rows) do
    list[i] = { name = row[1] .. "." .. row[2] .. " row " .. row[3] .. " files with its own limit",
      on = "file", role = "chief", now = row[4][1],
      case = { kind = row[1], category = row[2], state = "accepted" }, row = row[3],
      answers = { { "deadline", 1773018000000 } }, asked = { { "deadline", row[4] } },
      want = { { k = "set", due = 1773018000000, because = row[5] } } }
  end
  return list
end

local tests = filing {
  { "event", "0199", "1", { noon, 4000, "work_hour" }, own },
  { "event", "0199", "2", { noon, 4000, "emergency_hour" }, own },
  { "event", "0198", "1", { noon, 2000, "emergency_hour" }, own },
  { "event", "0198", "2", { noon, 4000, "work_hour" }, own },
  { "event", "0311", "1", { noon, 1000, "work_day" }, own },
  { "event", "0304", "2", { noon, 2000, "work_hour" }, own },
}

for _, test in ipairs {
  { name = "a dispute names the units around", on = "dispute", role = "dispatcher",
    case = { id = "341881-2026-000012", kind = "event", category = "0110", state = "returned", unit = "u-cg" },
    answers = { { "responsible_near", { { unit = "u-cg", distance_m = 0 }, { unit = "u-sz", distance_m = 61 } } } },
    want = { { k = "notify", to = "coordinator",
      text = "案卷341881-2026-000012责任争议，周边：u-cg（0米）、u-sz（61米）" } } },

  { name = "a dispute far from everybody says so", on = "dispute", role = "dispatcher",
    case = { id = "341881-2026-000012", kind = "event", category = "0110", state = "returned", unit = "u-cg" },
    answers = { { "responsible_near", {} } },
    want = { { k = "notify", to = "coordinator", text = "案卷341881-2026-000012责任争议，周边：80米内无其他责任单位" } } },

  { name = "what the street did first is told to the dispatcher", on = "street_first", role = "unit",
    body = { done = "guarded" },
    case = { id = "341881-2026-000012", kind = "event", category = "0505", state = "disposing", unit = "u-cg" },
    want = { { k = "notify", to = "dispatcher", text = "案卷341881-2026-000012街道初处：已围护" } } },

  { name = "the street agrees silently", on = "street_look", role = "collector", body = { result = "agrees" },
    case = { id = "341881-2026-000012", kind = "event", category = "0110", state = "checked" } },

  { name = "the street's objection is the chief's to weigh", on = "street_look", role = "collector",
    body = { result = "objects" },
    case = { id = "341881-2026-000012", kind = "event", category = "0110", state = "checked" },
    want = { { k = "notify", to = "chief" } } },

  { name = "a late stage is told in the county's words", on = "time", role = "system", body = { what = "stage" },
    case = { id = "341881-2026-000012", kind = "event", category = "0110", state = "disposing", unit = "u-cg" },
    want = { { k = "notify", to = "u-cg", text = "案卷341881-2026-000012本环节已超时，请立即办理" } } },

  { name = "the chief hears after two hours", on = "time", role = "system", now = noon, body = { what = "overdue" },
    case = { id = "341881-2026-000012", kind = "event", category = "0110", state = "disposing", unit = "u-cg" },
    answers = { { "deadline", noon + 9000 } }, asked = { { "deadline", { noon, 2000, "work_hour" } } },
    want = { { k = "notify", to = "dispatcher" }, { k = "set", next = noon + 9000 } } },
} do tests[#tests + 1] = test end

return tests
