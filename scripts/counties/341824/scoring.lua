-- 绩溪县: weights of its own, of the members that the city leaves open. Rework weighs more: on an old wall a second try shows.
return {
  weights = {
    unit = { closed_in_time = 45, closed = 30, reworked = 15, supervision = 10 },
    chief = { filed_in_time = 25, filed_rightly = 40, closed_in_time = 35 },
    dispatcher = { dispatched_in_time = 50, dispatched_rightly = 50 },
  },
}
