-- What wrk sends, by its arguments: KIND TOKEN YEAR FIRST COUNT SKIP TAKE. FIRST and COUNT: the cases there are; for
-- "dispatch", SKIP: how many of them earlier rounds have taken, TAKE: how many this one may, then it ends.
-- The order is a walk in steps of a prime, through all of them, each once, none beside the one before.
dofile(debug.getinfo(1, "S").source:match "^@(.*/)" .. "round.lua")

local kind, year, first, count, skip, take
local sent = 0

function init(args)
  kind, year = args[1], args[3]
  first, count, skip, take = tonumber(args[4]), tonumber(args[5]), tonumber(args[6]), tonumber(args[7])
  wrk.headers["Authorization"] = "Bearer " .. args[2]
  if kind == "dispatch" then
    wrk.method, wrk.body = "POST", '{"unit":"u-cg"}'
    wrk.headers["Content-Type"] = "application/json"
  end
end

local function case(i)
  return string.format("/v1/341824/cases/341824-%s-%06d", year, (i * 7919) % count + first)
end

function request()
  sent = sent + 1
  if kind == "locate" then
    local k = sent * 7919 % 6000
    return wrk.format(nil, string.format("/v1/341824/locate?lon=118.%04d&lat=30.%04d", 5880 + k % 100, 620 + math.floor(k / 100)))
  end
  if kind == "case" then return wrk.format(nil, case(sent)) end
  if sent == 2 then Round_begins() end -- the first one is only looked at by wrk
  if sent == take then Round_ends() end
  return wrk.format(nil, case(skip + sent) .. "/dispatch")
end
