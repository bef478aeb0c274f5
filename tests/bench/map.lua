-- What wrk sends for the map, by its arguments: FILE TOKEN ONCE. FILE has a path a line; they are asked in turn, over and over,
-- or, with ONCE "once", each once, and then the round is over.
dofile(debug.getinfo(1, "S").source:match "^@(.*/)" .. "round.lua")

local requests, sent, once = {}, 0, false

function init(args)
  if args[2] and args[2] ~= "" then wrk.headers["Authorization"] = "Bearer " .. args[2] end
  for path in io.lines(args[1]) do requests[#requests + 1] = wrk.format("GET", path) end
  once = args[3] == "once"
end

function request()
  sent = sent + 1
  if sent == 2 then Round_begins() end -- the first one is only looked at by wrk
  if once and sent == #requests + 1 then Round_ends() end
  return requests[(sent - 1) % #requests + 1]
end
