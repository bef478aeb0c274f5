-- 绩溪县: who answers first. An old house or tree may have an owner on paper, but the unit that its class names looks after it.
return {
  { kind = "part", category = "0509", by = { "class", "owner", "territory" } },
  { kind = "event", category = "0198", by = { "class", "territory" } },
}
