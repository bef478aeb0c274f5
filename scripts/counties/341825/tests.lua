local noon = 1772787600000
local own = "旌德县补充标准"

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
  { "event", "0199", "1", { noon, 1000, "work_day" }, own },
  { "event", "0199", "2", { noon, 4000, "work_hour" }, own },
  { "event", "0118", "2", { noon, 2000, "work_hour" }, own },
  { "part", "0401", "1", { noon, 4000, "work_hour" }, own },
}

for _, test in ipairs {
  { name = "what is sent back is disputed at once", on = "send_back", role = "unit", unit = "u-cg",
    case = { kind = "event", category = "0110", state = "disposing", unit = "u-cg" },
    want = { { k = "propose", dispute = true, because = "第1次退回" } } },

  { name = "the leader grants ten days", on = "defer", role = "unit", body = { days = 10 },
    case = { kind = "event", category = "0110", state = "disposing", deferrals = 1 },
    want = { { k = "ask", of = "leader" } } },

  { name = "and no more than ten", on = "defer", role = "unit", body = { days = 11 },
    case = { kind = "event", category = "0110", state = "disposing" },
    refuse = "超出审批权限" },
} do tests[#tests + 1] = test end

return tests
