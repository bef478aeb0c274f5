return {
  { name = "the first time back it goes next door", on = "send_back", role = "unit", unit = "u-cg",
    case = { kind = "event", category = "0110", state = "disposing", unit = "u-cg" },
    answers = { { "responsible_near", { { unit = "u-cg", distance_m = 0 }, { unit = "u-sz", distance_m = 20 } } } },
    want = { { k = "set", proposed = "u-sz" } } },

  { name = "the second time the territory takes it", on = "send_back", role = "unit", unit = "u-cg",
    case = { kind = "event", category = "0110", state = "disposing", unit = "u-cg", send_backs = 1 },
    answers = { { "responsible_near", { { unit = "u-sz", distance_m = 20 } } },
      { "responsible", { unit = "u-zz", by = "territory" } } },
    want = { { k = "set", proposed = "u-zz", because = "属地单位兜底" } } },

  { name = "where the territory sends it back, someone decides", on = "send_back", role = "unit", unit = "u-zz",
    case = { kind = "event", category = "0110", state = "disposing", unit = "u-zz", send_backs = 2 },
    answers = { { "responsible_near", {} }, { "responsible", { unit = "u-zz", by = "territory" } } },
    want = { { k = "propose", dispute = true } } },

  { name = "a dispute is told to the coordinator", on = "dispute", role = "dispatcher",
    case = { id = "341823-2026-000012", kind = "event", category = "0110", state = "returned", unit = "u-zz" },
    want = { { k = "notify", to = "coordinator", text = "案卷341823-2026-000012责任争议，请于1个工作日内裁定" } } },

  { name = "an urge says what comes of the third", on = "urge", role = "dispatcher",
    case = { id = "341823-2026-000012", kind = "event", category = "0110", state = "disposing", unit = "u-zz", urges = 1 },
    want = { { k = "notify", to = "u-zz",
      text = "案卷341823-2026-000012请抓紧办理，这是第2次催办，三次以上报县局" } } },

  { name = "the end of a suspension says that the clock runs", on = "time", role = "system", body = { what = "resume" },
    case = { id = "341823-2026-000012", kind = "event", category = "0110", state = "disposing", unit = "u-zz" },
    want = { { k = "notify", to = "u-zz", text = "案卷341823-2026-000012挂账已到期，自今日起恢复计时，请继续办理" } } },
}
