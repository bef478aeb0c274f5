local noon = 1772787600000

return {
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
