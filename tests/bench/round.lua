-- What the scripts for wrk share: a round's own clock, and its line for the harness. A script says when the round began, and, where
-- its list is through, when it ended: wrk itself measures until its time is up.
local ffi = require "ffi"
ffi.cdef "typedef struct { long s, ns; } when; int clock_gettime(int, when *);"
local moment = ffi.new "when"

local function now_us()
  ffi.C.clock_gettime(1, moment)
  return tonumber(moment.s) * 1000000 + tonumber(moment.ns) / 1000
end

-- Globals from here on are called, or asked for, by name.
Began, Ended = 0, 0

function Round_begins() Began = now_us() end

function Round_ends()
  Ended = now_us()
  wrk.thread:stop()
end

function setup(thread)
  Thread = thread
end

function done(summary, latency)
  local e, us = summary.errors, summary.duration
  local ended = Thread:get "Ended"
  if ended > 0 then us = ended - Thread:get "Began" end
  io.write(string.format("RESULT requests=%d us=%d bytes=%d p50_us=%d p99_us=%d wrong=%d broken=%d\n", summary.requests, us,
    summary.bytes, latency:percentile(50), latency:percentile(99), e.status, e.connect + e.read + e.write + e.timeout))
end
