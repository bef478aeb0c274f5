-- 宁国市: figures of its own.
return {
  ladder = { -- the chief hears after two hours, not four
    { to = "dispatcher", name = "派遣员" },
    { to = "chief", name = "值班长", after = { 2, "work_hour" } },
    { to = "centre", name = "中心", after = { 1, "work_day" }, order = true },
    { to = "leader", name = "分管领导", after = { 1, "work_day" } },
  },
}
