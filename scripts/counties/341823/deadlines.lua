-- 泾县: figures of its own. Scenic places are far from the town: a photo's place may be off by less, and the lamp warns earlier.
return {
  yellow_percent = 60,
  evidence = { late_min = 30, far_m = 150 },
}
