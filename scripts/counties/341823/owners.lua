-- 泾县: what runs into a ditch is nobody's property: the unit of the class, then the territory.
return {
  { kind = "event", category = "0198", by = { "class", "territory" } },
  { kind = "event", category = "0499", by = { "territory", "class" } },
}
