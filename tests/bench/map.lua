-- What wrk sends for the map, by its arguments: FILE TOKEN ONCE. FILE has a path a line; they are asked in turn, over and over,
-- or, with ONCE "once", each once, and then the round is over.
local ffi = require "ffi"
ffi.cdef "typedef struct { long s, ns; } when; int clock_gettime(int, when *);"

local requests, sent, once = {}, 0, false
local moment = ffi.new "when"

local function now_us()
  ffi.C.clock_gettime(1, moment)
  return tonumber(moment.s) * 1000000 + tonumber(moment.ns) / 1000
end

function setup(thread)
  Thread = thread
end

function init(args)
  if args[2] and args[2] ~= "" then wrk.headers["Authorization"] = "Bearer " .. args[2] end
  for path in io.lines(args[1]) do requests[#requests + 1] = wrk.format("GET", path) end
  once = args[3] == "once"
  Began, Ended, Bytes = 0, 0, 0
end

function request()
  sent = sent + 1
  if sent == 2 then Began = now_us() end -- the first one is only looked at by wrk
  if once and sent == #requests + 1 then
    Ended = now_us()
    wrk.thread:stop()
  end
  return requests[(sent - 1) % #requests + 1]
end

-- One line for the harness. wrk itself measures until its time is up, also where the list was through before.
function done(summary, latency)
  local e, us = summary.errors, summary.duration
  local ended = Thread:get "Ended"
  if ended > 0 then us = ended - Thread:get "Began" end
  io.write(string.format("RESULT requests=%d us=%d bytes=%d p50_us=%d p99_us=%d wrong=%d broken=%d\n", summary.requests, us,
    summary.bytes, latency:percentile(50), latency:percentile(99), e.status, e.connect + e.read + e.write + e.timeout))
end
