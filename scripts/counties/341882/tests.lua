return {
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
}
