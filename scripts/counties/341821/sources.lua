-- 郎溪县: documents of its own. The number is entered once the county has issued it.
return {
  ["郎溪县补充标准"] = { issuer = "郎溪县城市管理综合执法局", title = "郎溪县数字城管立案、处置和结案补充标准", from = "2026-01-01" },
}
