-- 绩溪县: figures of its own.
return {
  twin = { within_m = 30, hours = 24 }, -- narrow lanes: 50 m is the next street
}
