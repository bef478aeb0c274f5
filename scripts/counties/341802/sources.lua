-- 宣州区: documents of its own. The number is entered once the county has issued it.
return {
  ["宣州区补充标准"] = { issuer = "宣州区城市管理行政执法局", title = "宣州区数字城管立案、处置和结案补充标准", from = "2026-01-01" },
}
