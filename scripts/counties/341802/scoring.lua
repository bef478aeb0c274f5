-- 宣州区: the bulletin comes with the city's; being in time weighs more.
return {
  weights = {
    unit = { closed_in_time = 55, closed = 25, reworked = 10, supervision = 10 },
    chief = { filed_in_time = 30, filed_rightly = 40, closed_in_time = 30 },
    dispatcher = { dispatched_in_time = 50, dispatched_rightly = 50 },
  },
}
