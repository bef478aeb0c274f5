-- The documents that the condition rows cite: by the very name that stands in a row's `source`. The first two are the
-- tables behind standards/limits.csv; their issuer is read from the title, no number is known.
return {
  ["运城市城市综合管理服务立案、处置和结案标准（部件）"] = {
    issuer = "运城市人民政府", title = "运城市城市综合管理服务立案、处置和结案标准（部件）",
  },
  ["运城市中心城区数字化城市管理部件事件类监管立案、处置和结案标准及处置责任分解表（事件类）"] = {
    issuer = "运城市人民政府", title = "运城市中心城区数字化城市管理部件事件类监管立案、处置和结案标准及处置责任分解表（事件类）",
  },
  ["宣城市数字化城市管理实施办法"] = { issuer = "宣城市人民政府", title = "宣城市数字化城市管理实施办法" },
}
