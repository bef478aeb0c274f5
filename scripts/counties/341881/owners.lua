-- 宁国市: nuts are the growers', and the growers are the village's: the territory first.
return {
  { kind = "event", category = "0199", by = { "territory", "class" } },
  { kind = "event", category = "0198", by = { "territory", "class" } },
}
