"""Where the demo city's counties, towns and villages lie: rough, made-up outlines and seeds.

Only codes and names are real. The lines below were drawn by hand from the relative position of
the counties; they decide which county a seed belongs to. The outlines that are written come out
of the cells.
"""
import csv
import math
import random
from pathlib import Path

from . import mesh

STANDARDS = Path(__file__).resolve().parents[2] / "standards"

# Lines between junctions, each drawn once and shared by both sides: (lon, lat).
LINES = {
    "jing-out": [(118.27, 30.38), (118.10, 30.36), (117.97, 30.48), (118.00, 30.62),
                 (118.12, 30.70), (118.20, 30.80), (118.33, 30.86), (118.47, 30.83)],
    "jing-xuan": [(118.47, 30.83), (118.50, 30.72), (118.58, 30.66), (118.655, 30.60)],
    "jing-ning": [(118.655, 30.60), (118.669, 30.53), (118.66, 30.45)],
    "jing-jingde": [(118.66, 30.45), (118.56, 30.46), (118.42, 30.47), (118.34, 30.42),
                    (118.27, 30.38)],
    "jingde-ning": [(118.66, 30.45), (118.73, 30.38), (118.71, 30.30)],
    "jingde-jixi": [(118.71, 30.30), (118.62, 30.23), (118.50, 30.20), (118.43, 30.13),
                    (118.35, 30.12)],
    "jingde-out": [(118.35, 30.12), (118.30, 30.22), (118.262, 30.30), (118.27, 30.38)],
    "jixi-out": [(118.35, 30.12), (118.42, 30.06), (118.50, 30.00), (118.58, 29.95),
                 (118.68, 29.98), (118.80, 30.03), (118.86, 30.13), (118.926, 30.20),
                 (118.92, 30.27)],
    "jixi-ning": [(118.92, 30.27), (118.85, 30.29), (118.78, 30.33), (118.71, 30.30)],
    "ning-out": [(118.92, 30.27), (119.02, 30.31), (119.12, 30.28), (119.24, 30.33),
                 (119.33, 30.38), (119.398, 30.46), (119.38, 30.55), (119.36, 30.62)],
    "ning-guang": [(119.36, 30.62), (119.25, 30.61), (119.16, 30.68), (119.066, 30.745)],
    "ning-xuan": [(119.066, 30.745), (118.98, 30.78), (118.88, 30.72), (118.78, 30.66),
                  (118.655, 30.60)],
    "xuan-guang": [(119.066, 30.745), (119.05, 30.82), (119.06, 30.90)],
    "xuan-lang": [(119.06, 30.90), (118.99, 31.00), (119.03, 31.11), (119.02, 31.22)],
    "xuan-out": [(119.02, 31.22), (118.95, 31.32), (118.84, 31.26), (118.76, 31.20),
                 (118.70, 31.10), (118.60, 31.05), (118.55, 30.94), (118.47, 30.83)],
    "lang-out": [(119.02, 31.22), (119.10, 31.29), (119.20, 31.27), (119.28, 31.25),
                 (119.376, 31.19), (119.37, 31.12)],
    "lang-guang": [(119.37, 31.12), (119.28, 31.05), (119.20, 30.98), (119.12, 30.93),
                   (119.06, 30.90)],
    "guang-out": [(119.37, 31.12), (119.45, 31.16), (119.55, 31.15), (119.63, 31.12),
                  (119.645, 31.00), (119.58, 30.88), (119.56, 30.77), (119.48, 30.68),
                  (119.42, 30.64), (119.36, 30.62)],
}

# County: the lines around it ("-" reads a line backwards), its seat, the streets of the seat.
COUNTIES = {
    "341802": (["jing-xuan", "-ning-xuan", "xuan-guang", "xuan-lang", "xuan-out"],
               (118.76, 30.95), ["001", "002", "003", "004", "005", "006", "009"]),
    "341821": (["-xuan-lang", "-lang-guang", "-lang-out"],
               (119.18, 31.13), ["001", "002", "003", "400"]),
    "341823": (["jing-out", "jing-xuan", "jing-ning", "jing-jingde"], (118.41, 30.69), ["100"]),
    "341824": (["jixi-out", "jixi-ning", "jingde-jixi"], (118.594, 30.065), ["100", "400"]),
    "341825": (["-jing-jingde", "jingde-ning", "jingde-jixi", "jingde-out"],
               (118.54, 30.29), ["100"]),
    "341881": (["jing-ning", "jingde-ning", "-jixi-ning", "ning-out", "ning-guang", "ning-xuan"],
               (118.98, 30.63), ["001", "002", "003", "400"]),
    "341882": (["-ning-guang", "-guang-out", "lang-guang", "-xuan-guang"],
               (119.42, 30.89), ["001", "002", "003", "400"]),
}

GRID_CM = 10_000                 # 万米单元网格: nominally 100 m x 100 m
GRIDS = 400                      # built-up grids of one county
RURAL_CM = 190_000               # spacing of the seeds that make up villages
RINGS_M = ((85, 110), (260, 210), (650, 420), (1150, 700))   # around a town: distance, spacing
CLEAR_CM = 180_000               # no plain rural seed closer to a town's edge than this


def read(name):
    """Rows of one of the national tables."""
    with open(STANDARDS / name, encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


def divisions():
    """code -> name of everything, and code -> codes below it, in code order."""
    names, below = {}, {}
    for row in sorted(read("divisions.csv"), key=lambda r: (len(r["code"]), r["code"])):
        names[row["code"]] = row["name"]
        below.setdefault(row["parent"], []).append(row["code"])
    return names, below


def outline(county):
    """The hand-drawn ring of a county, plane cm."""
    ring = []
    for name in COUNTIES[county][0]:
        line = LINES[name.lstrip("-")]
        line = line[::-1] if name.startswith("-") else line
        if ring and ring[-1] != line[0]:
            raise ValueError(f"{county}: the line {name} doesn't follow")
        ring += line if not ring else line[1:]
    if ring[0] != ring[-1]:
        raise ValueError(f"{county}: not closed")
    return [mesh.to_plane(*p) for p in ring[:-1]]


def lattice(rng, box, spacing, jitter=0.3):
    """Points of a shaken six-neighbour lattice over box = (x0, y0, x1, y1)."""
    x0, y0, x1, y1 = box
    step = spacing * math.sqrt(3) / 2
    for r in range(int((y1 - y0) / step) + 1):
        for c in range(int((x1 - x0) / spacing) + 1):
            yield (round(x0 + (c + 0.5 * (r % 2) + rng.uniform(-jitter, jitter)) * spacing),
                   round(y0 + r * step + rng.uniform(-jitter, jitter) * spacing))


class Town:
    """The built-up spot around a county's seat: a blob, not a disc."""

    def __init__(self, rng, seat):
        self.at = mesh.to_plane(*seat)
        self.waves = [(k, rng.uniform(0.03, 0.11), rng.uniform(0, 2 * math.pi))
                      for k in (2, 3, 5)]
        self.turn = rng.uniform(0, math.pi / 2)
        self.radius = GRID_CM * math.sqrt(GRIDS / math.pi)
        self.grids = self._fill(rng)
        self.rings = [p for far, gap in RINGS_M for p in self._ring(rng, far * 100, gap * 100)]

    def edge(self, angle):
        """Distance from the centre to the edge of the town in a direction, cm."""
        return self.radius * (1 + sum(a * math.cos(k * angle + b) for k, a, b in self.waves))

    def out(self, p):
        """How far p lies beyond the edge, cm; negative inside."""
        dx, dy = p[0] - self.at[0], p[1] - self.at[1]
        return math.hypot(dx, dy) - self.edge(math.atan2(dy, dx))

    def _fill(self, rng):
        """The GRIDS places of a shaken and turned square lattice deepest inside the blob."""
        cos, sin, half, made = math.cos(self.turn), math.sin(self.turn), 18, []
        for r in range(-half, half + 1):
            for c in range(-half, half + 1):
                u = (c + rng.uniform(-0.24, 0.24)) * GRID_CM
                v = (r + rng.uniform(-0.24, 0.24)) * GRID_CM
                made.append((round(self.at[0] + u * cos - v * sin),
                             round(self.at[1] + u * sin + v * cos)))
        return sorted(sorted(made, key=self.out)[:GRIDS])

    def _ring(self, rng, far, gap):
        """Places about `far` outside the edge and `gap` apart: cells grow step by step, so that
        the last built-up grids stay as small as the others."""
        n = round(2 * math.pi * (self.radius + far) / gap)
        for i in range(n):
            angle = 2 * math.pi * (i + rng.uniform(-0.2, 0.2)) / n
            r = self.edge(angle) + far + rng.uniform(-0.12, 0.12) * gap
            yield (round(self.at[0] + r * math.cos(angle)), round(self.at[1] + r * math.sin(angle)))


def _axis(points):
    """The direction in which points spread most."""
    n = len(points)
    mx, my = sum(p[0] for p in points) / n, sum(p[1] for p in points) / n
    xx = sum((p[0] - mx) ** 2 for p in points)
    yy = sum((p[1] - my) ** 2 for p in points)
    xy = sum((p[0] - mx) * (p[1] - my) for p in points)
    angle = math.atan2(2 * xy, xx - yy) / 2
    return math.cos(angle), math.sin(angle)


def share(items, sets):
    """Share points out among items in compact pieces, by halving along the longest axis.

    `sets` is a list of (points, weight by item): each set is cut in the same direction, so what
    one item gets of each lies on one side. Returns for each set {item: points}. An item of
    weight 0 gets none, any other at least one (there must be enough).
    """
    if len(items) == 1:
        return [{items[0]: points} for points, _ in sets]
    half = len(items) // 2
    left, right = items[:half], items[half:]
    ax, ay = _axis(next(points for points, _ in sets if points))
    cuts = []
    for points, weight in sets:
        points = sorted(points, key=lambda p: (p[0] * ax + p[1] * ay, p))
        wl, wr = sum(weight[i] for i in left), sum(weight[i] for i in right)
        cut = round(len(points) * wl / (wl + wr)) if wl + wr else 0
        cut = max(cut, sum(weight[i] > 0 for i in left))
        cut = min(cut, len(points) - sum(weight[i] > 0 for i in right))
        cuts.append((points[:cut], points[cut:], weight))
    lower = share(left, [(a, w) for a, _, w in cuts])
    upper = share(right, [(b, w) for _, b, w in cuts])
    return [{**a, **b} for a, b in zip(lower, upper)]


def split(items, points):
    """share() for one set of points and items of equal weight."""
    return share(items, [(points, dict.fromkeys(items, 1))])[0] if items else {}


def built_up(community):
    """Is this community of a seat street part of the town? 居委会 count from 001, 村委会 from
    200; a development zone is one 'virtual' community, and all town."""
    return int(community[9:]) < 200 or community[6:9] == "400"


class County:
    """A county's seeds, by community: {community: [place]} for the town and for the land."""

    def __init__(self, code, rng, below):
        self.code = code
        self.seat = [code + s for s in COUNTIES[code][2]]
        self.streets, self.below = below[code], below
        self.ring = outline(code)
        self.town = Town(rng, COUNTIES[code][1])
        self.urban, self.rural = {}, {}

    def settle(self, land):
        """Give the town's grids and the county's rural seeds `land` to its communities."""
        land = [p for p in land if self.town.out(p) > CLEAR_CM]
        towns = {s: [c for c in self.below[s] if built_up(c)] for s in self.seat}
        farms = {s: [c for c in self.below[s] if c not in towns.get(s, ())]
                 for s in self.streets}
        near, rest = self._near(land, sum(len(farms[s]) for s in self.seat),
                                sum(map(len, farms.values())))
        weight = [{s: len(of[s]) for s in self.seat} for of in (towns, farms)]
        inner, outer = share(self.seat, [(self.town.grids, weight[0]), (near, weight[1])])
        others = [s for s in self.streets if s not in self.seat]
        outer.update(share(others, [(rest, {s: len(farms[s]) for s in others})])[0])
        for s in self.streets:
            self.urban.update(split(towns.get(s, []), inner.get(s, [])))
            self.rural.update(split(farms[s], outer[s]))
        self._join_rings()

    def _near(self, land, seat, every):
        """Part the rural seeds: those around the town, for its own villages, and the rest."""
        cut = round(len(land) * seat / every)
        land = sorted(land, key=lambda p: (self.town.out(p), p))
        return land[:cut], land[cut:]

    def _join_rings(self):
        """The small cells around the town go to the village next to them."""
        owner = sorted((p, c) for c, places in self.rural.items() for p in places)
        for q in self.town.rings:
            _, c = min(owner, key=lambda pc: (math.dist(pc[0], q), pc[0]))
            self.rural[c].append(q)


def _gap(p, a, b):
    """Distance from p to the segment a-b."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    t = ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / (dx * dx + dy * dy)
    t = min(1, max(0, t))
    return math.hypot(p[0] - a[0] - t * dx, p[1] - a[1] - t * dy)


def plan(seed):
    """All counties with their seeds, and the ghosts: nameless seeds that bound the city."""
    rng = random.Random(f"plan {seed}")
    _, below = divisions()
    counties = [County(code, rng, below) for code in sorted(COUNTIES)]
    rim = [e for name, line in LINES.items() if name.endswith("-out")
           for e in zip(line, line[1:])]
    rim = [(mesh.to_plane(*a), mesh.to_plane(*b)) for a, b in rim]
    box = (*mesh.to_plane(117.88, 29.86), *mesh.to_plane(119.74, 31.41))
    land, ghosts = {c.code: [] for c in counties}, []
    for p in lattice(rng, box, RURAL_CM):
        home = [c.code for c in counties if mesh.inside(c.ring, p)]
        if home:
            land[home[0]].append(p)
        elif min(_gap(p, a, b) for a, b in rim) < 3 * RURAL_CM:
            ghosts.append(p)
    for c in counties:
        c.settle(land[c.code])
    return counties, ghosts
