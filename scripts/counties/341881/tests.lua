local noon = 1772787600000

return {
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
}
