-- 郎溪县: a market is the town's: whoever's road it is, the territory answers first.
return {
  { kind = "event", category = "0199", by = { "territory", "class" } },
  { kind = "event", category = "0499", by = { "territory", "class" } },
}
