return {
  { name = "a class without a national row files by the city's default", on = "file", role = "chief",
    case = { kind = "event", category = "0134", state = "accepted" }, row = "1",
    answers = { { "deadline", 1773025200000 } },
    want = { { k = "set", due = 1773025200000, because = "市级默认" } } },

  { name = "the city keeps the national proposal", on = "report",
    case = { kind = "event", category = "0401" },
    answers = { { "near", {} }, { "responsible", { unit = "u-cg", by = "category" } } },
    want = { { k = "set", proposed = "u-cg", because = "该小类的专业部门" } } },
}
