-- 宁国市: steps of its own, at the city's points. Neither moves the case.
return {
  -- 街道初处: the street puts up a fence or clears the way before the unit is done; the case stays with the unit.
  step { action = "street_first", name = "街道初处", from = "disposing", to = "stay", role = { "unit", "coordinator" },
    need = { done = { "guarded", "cleared", "nothing" } } },
  -- 街道初核: the street looks before the chief closes.
  step { action = "street_look", name = "街道初核", from = "checked", to = "stay", role = { "collector", "coordinator" },
    need = { result = { "agrees", "objects" } }, may = { reason = "text" } },
}
