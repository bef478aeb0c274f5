-- 宁国市: documents of its own. The number is entered once the county has issued it.
return {
  ["宁国市补充标准"] = { issuer = "宁国市城市管理综合执法局", title = "宁国市数字城管立案、处置和结案补充标准", from = "2026-01-01" },
}
