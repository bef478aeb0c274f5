-- 广德市: a step of its own, at one of the city's points.
return {
  -- 社区初核: before it is filed, the community may say what it knows. The chief files as before.
  step { action = "community_look", name = "社区初核", from = "accepted", to = "stay", role = { "collector", "coordinator" },
    need = { result = { "known", "unknown", "settled" } } },
}
