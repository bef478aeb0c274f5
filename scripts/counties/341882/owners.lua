-- 广德市: timber on a road is the road's, whoever cut it.
return {
  { kind = "event", category = "0199", by = { "class", "territory" } },
  { kind = "event", category = "0499", by = { "territory", "class" } },
}
