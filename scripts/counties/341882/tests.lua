local noon = 1772787600000
local own = "广德市补充标准"

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
  { "event", "0199", "1", { noon, 2000, "emergency_hour" }, own },
  { "event", "0199", "2", { noon, 4000, "work_hour" }, own },
  { "event", "0198", "1", { noon, 4000, "work_hour" }, own },
  { "event", "0499", "1", { noon, 1000, "emergency_hour" }, own },
  { "event", "0114", "1", { noon, 2000, "work_hour" }, own },
}

for _, test in ipairs {
  { name = "a second failed check is an order, and the leader hears", on = "check", role = "collector",
    body = { result = "fail" },
    case = { id = "341882-2026-000012", kind = "event", category = "0110", state = "checking", unit = "u-cg", rework = 1 },
    want = { { k = "order", text = "核查第2次未通过，限期整改并书面说明" }, { k = "notify", to = "leader" } } },

  { name = "a first failed check is not", on = "check", role = "collector", body = { result = "fail" },
    case = { id = "341882-2026-000012", kind = "event", category = "0110", state = "checking", unit = "u-cg" } },

  { name = "a check that is passed is not", on = "check", role = "collector", body = { result = "pass" },
    case = { id = "341882-2026-000012", kind = "event", category = "0110", state = "checking", unit = "u-cg", rework = 1 } },

  { name = "what the community knows is told to the chief", on = "community_look", role = "collector",
    body = { result = "settled" },
    case = { id = "341882-2026-000012", kind = "event", category = "0110", state = "accepted" },
    want = { { k = "notify", to = "chief", text = "案卷341882-2026-000012：社区称已自行解决" } } },
} do tests[#tests + 1] = test end

return tests
