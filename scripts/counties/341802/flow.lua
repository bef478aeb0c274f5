-- 宣州区: a step of its own, at one of the city's points.
return {
  -- 街道初处: the street acts first where it can, and says so; the case stays with the unit.
  step { action = "street_first", name = "街道初处", from = "disposing", to = "stay", role = { "unit", "coordinator" },
    need = { done = { "settled", "guarded", "nothing" } } },
}
