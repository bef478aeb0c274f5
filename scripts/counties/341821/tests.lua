local noon = 1772787600000
local own = "郎溪县补充标准"
local told = { k = "notify", to = "coordinator" }

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

local tests = {
  { name = "tea on the pavement sets a deadline and tells the coordinator", on = "file", role = "chief", now = noon,
    case = { kind = "event", category = "0199", state = "accepted" }, row = "2",
    answers = { { "deadline", 1773018000000 } },
    asked = { { "deadline", { noon, 4000, "work_hour" } } },
    want = {
      { k = "set", due = 1773018000000 },
      { k = "notify", to = "coordinator", text = "集市类案卷立案：茶市占道晾晒" },
    } },

  { name = "other classes file as in the city", on = "file", role = "chief", now = noon,
    case = { kind = "event", category = "0110", state = "accepted" }, row = "1",
    answers = { { "deadline", 1773018000000 } },
    want = { { k = "set", due = 1773018000000 } } },

  { name = "a second failed check near a border proposes a dispute", on = "check", role = "collector",
    case = { kind = "event", category = "0110", state = "checking", unit = "u-hw", rework = 1 },
    body = { result = "fail" },
    answers = { { "responsible_near", {
      { unit = "u-hw", duty = "d-1", distance_m = 0, inside = true },
      { unit = "u-zz", duty = "d-2", distance_m = 31, inside = false },
    } } },
    asked = { { "responsible_near", { "event", "0110", 1185940000, 300650000, 50 } } },
    want = { { k = "propose", dispute = true, because = "u-zz" } } },

  { name = "a first failed check proposes nothing", on = "check", role = "collector",
    case = { kind = "event", category = "0110", state = "checking", unit = "u-hw" },
    body = { result = "fail" } },

  { name = "what is sent back for the first time goes next door", on = "send_back", role = "unit", unit = "u-hw",
    case = { kind = "event", category = "0110", state = "disposing", unit = "u-hw" },
    answers = { { "responsible_near", { { unit = "u-zz", distance_m = 12 } } } },
    want = { { k = "set", proposed = "u-zz", because = "边界50米内" } } },

  { name = "what is sent back again goes to a dispute", on = "send_back", role = "unit", unit = "u-hw",
    case = { kind = "event", category = "0110", state = "disposing", unit = "u-hw", send_backs = 1 },
    want = { { k = "propose", dispute = true, because = "第2次退回" } } },
}

-- Of a market class the coordinator hears too.
for _, test in ipairs(filing {
  { "event", "0199", "1", { noon, 2000, "emergency_hour" }, own },
  { "event", "0499", "1", { noon, 2000, "work_hour" }, own },
}) do
  test.want[2] = told
  tests[#tests + 1] = test
end
for _, test in ipairs(filing {
  { "event", "0198", "1", { noon, 1000, "work_day" }, own .. "，推定" },
  { "event", "0125", "1", { noon, 1000, "work_day" }, own },
}) do tests[#tests + 1] = test end

return tests
