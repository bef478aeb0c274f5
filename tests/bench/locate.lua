-- The peer's GET locate: the same questions to the same base data as ours, the way one writes it in Lua. Parts within 50 m
-- by cells of a hundred metres, areas by cells of a kilometre, then each edge.
local floor, sqrt, cos, min, max = math.floor, math.sqrt, math.cos, math.min, math.max
local format, insert, sort = string.format, table.insert, table.sort
local M = {}

local METRES = 111319.49 -- a degree of longitude at the equator
local REACH_M, DISPUTE_M = 50, 15
local CELL, AREA_CELL = 0.001, 0.01

local function key(x, y)
  return x * 1000000 + y
end

local function index(areas)
  local cells = {}
  for _, a in ipairs(areas) do
    a.west, a.south, a.east, a.north = 1e9, 1e9, -1e9, -1e9
    local outer = a.rings[1]
    for i = 1, #outer, 2 do
      a.west, a.east = min(a.west, outer[i]), max(a.east, outer[i])
      a.south, a.north = min(a.south, outer[i + 1]), max(a.north, outer[i + 1])
    end
    -- a cell more on each side, so that a look into one cell finds what is within reach, too
    for x = floor(a.west / AREA_CELL) - 1, floor(a.east / AREA_CELL) + 1 do
      for y = floor(a.south / AREA_CELL) - 1, floor(a.north / AREA_CELL) + 1 do
        local k = key(x, y)
        cells[k] = cells[k] or {}
        insert(cells[k], a)
      end
    end
  end
  return cells
end

local none = {}
local function candidates(cells, lon, lat)
  return cells[key(floor(lon / AREA_CELL), floor(lat / AREA_CELL))] or none
end

local function holds(a, lon, lat)
  if lon < a.west or lon > a.east or lat < a.south or lat > a.north then return false end
  local inside = false
  for r = 1, #a.rings do -- a hole turns it back
    local ring = a.rings[r]
    local n = #ring
    local px, py = ring[n - 1], ring[n]
    for i = 1, n, 2 do
      local x, y = ring[i], ring[i + 1]
      if (y > lat) ~= (py > lat) and lon < (px - x) * (lat - y) / (py - y) + x then inside = not inside end
      px, py = x, y
    end
  end
  return inside
end

local function find(cells, lon, lat)
  for _, a in ipairs(candidates(cells, lon, lat)) do
    if holds(a, lon, lat) then return a end
  end
end

local function border_m(a, lon, lat, east)
  local least = 1e18
  for r = 1, #a.rings do
    local ring = a.rings[r]
    local n = #ring
    local ax, ay = (ring[n - 1] - lon) * east, (ring[n] - lat) * METRES
    for i = 1, n, 2 do
      local bx, by = (ring[i] - lon) * east, (ring[i + 1] - lat) * METRES
      local dx, dy = bx - ax, by - ay
      local length2 = dx * dx + dy * dy
      local t = length2 > 0 and max(0, min(1, -(ax * dx + ay * dy) / length2)) or 0
      local x, y = ax + t * dx, ay + t * dy
      least = min(least, x * x + y * y)
      ax, ay = bx, by
    end
  end
  return sqrt(least)
end

local function nearer(a, b)
  return a.m < b.m
end

local function parts_near(cells, lon, lat, east, out)
  local found, dx, dy = {}, REACH_M / east, REACH_M / METRES
  for x = floor((lon - dx) / CELL), floor((lon + dx) / CELL) do
    for y = floor((lat - dy) / CELL), floor((lat + dy) / CELL) do
      local cell = cells[key(x, y)]
      for i = 1, cell and #cell or 0 do
        local p = cell[i]
        local ex, ey = (p[3] - lon) * east, (p[4] - lat) * METRES
        local m = ex * ex + ey * ey
        if m <= REACH_M * REACH_M then found[#found + 1] = { m = m, part = p } end
      end
    end
  end
  sort(found, nearer)
  for i = 1, min(#found, 10) do
    local p = found[i].part
    insert(out, i > 1 and ',{"id":"' or '{"id":"')
    insert(out, p[1])
    insert(out, '","name":"')
    insert(out, p[2])
    insert(out, '","distance_m":')
    insert(out, tostring(floor(sqrt(found[i].m) + 0.5)))
    insert(out, "}")
  end
end

local function duties_near(cells, lon, lat, east, out)
  local found, dispute, first = {}, false, true
  for _, a in ipairs(candidates(cells, lon, lat)) do
    local m, inside = border_m(a, lon, lat, east), holds(a, lon, lat)
    if inside or m <= REACH_M then found[#found + 1] = { m = inside and -1 or m, far = m, duty = a, inside = inside } end
  end
  sort(found, nearer)
  for _, f in ipairs(found) do
    insert(out, format('%s{"duty":"%s","name":"%s","unit":"%s","distance_m":%d,"inside":%s}', first and "" or ",", f.duty.id, f.duty.name,
      f.duty.unit, floor(f.far + 0.5), tostring(f.inside)))
    dispute, first = dispute or (not f.inside and f.far <= DISPUTE_M), false
  end
  return dispute
end

local function name(out, what, a)
  insert(out, ',"' .. what .. '":')
  insert(out, a and a.text or "null")
end

-- ground: { county = { id, name }, parts = { { id, name, lon, lat } },
--   layers = { streets = { { id, name, unit, rings = { { lon, lat, … } } } } } }
function M.new(ground)
  local cells, by_id = {}, {}
  for layer, areas in pairs(ground.layers) do
    cells[layer], by_id[layer] = index(areas), {}
    for _, a in ipairs(areas) do
      by_id[layer][a.id], a.text = a, format('{"code":"%s","name":"%s"}', a.id, a.name)
    end
  end
  cells.parts = {}
  for _, p in ipairs(ground.parts) do
    local k = key(floor(p[3] / CELL), floor(p[4] / CELL))
    cells.parts[k] = cells.parts[k] or {}
    insert(cells.parts[k], p)
  end
  local county = format('{"county":{"code":"%s","name":"%s"}', ground.county.id, ground.county.name)
  return function(lon, lat)
    local out, east = { county }, METRES * cos(lat * math.pi / 180)
    local grid = find(cells.grids, lon, lat)
    name(out, "street", grid and by_id.streets[grid.id:sub(1, 9)])
    name(out, "community", grid and by_id.communities[grid.id:sub(1, 12)])
    name(out, "grid", grid)
    insert(out, ',"parts":[')
    parts_near(cells.parts, lon, lat, east, out)
    insert(out, '],"duties":[')
    local dispute = duties_near(cells.duties, lon, lat, east, out)
    insert(out, '],"boundary_dispute":' .. tostring(dispute) .. "}")
    return out
  end
end

return M
