"""Parts 部件: lamps, covers, trees and the rest, along the kerbs of the town's grids."""
import bisect
import itertools
import math
import random

from . import mesh, plan, staff

E7_PER_M = (mesh.CM_PER_LON / 1e9, mesh.CM_PER_LAT / 1e9)     # metres in 1e-7 degrees
FULL = {"341824": 20_000}        # the county that gets a whole survey; the others a handful
FEW = 300

# category: share in thousandths, metres from the kerb line, spacing along it (0: anywhere)
MIX = {
    "0402": (190, 4.5, 6), "0137": (130, 3.0, 25), "0102": (85, 7.0, 30), "0103": (85, 2.0, 30),
    "0104": (80, 1.2, 20), "0107": (60, 5.5, 0), "0101": (55, 6.0, 0), "0305": (50, 3.5, 50),
    "0210": (40, 2.5, 0), "0307": (38, 8.0, 0), "0105": (30, 5.0, 0), "0404": (30, 4.5, 6),
    "0111": (20, 6.5, 0), "0221": (20, 2.0, 2), "0130": (18, 3.0, 40), "0131": (18, 3.2, 40),
    "0150": (15, 3.0, 0), "0106": (15, 3.5, 25), "0212": (14, 2.5, 0), "0127": (11, 5.0, 0),
    "0217": (10, 1.0, 3), "0123": (10, 6.0, 0), "0113": (10, 4.0, 0), "0214": (8, 2.0, 0),
    "0306": (7, 6.0, 0), "0407": (7, 7.0, 0), "0204": (5, 3.0, 0), "0308": (5, 7.0, 0),
    "0148": (5, 6.0, 0), "0225": (5, 5.0, 0), "0403": (5, 12.0, 0), "0405": (5, 5.0, 0),
    "0128": (4, 6.0, 0), "0139": (4, 8.0, 0), "0408": (4, 6.0, 0), "0146": (3, 15.0, 0),
    "0154": (3, 10.0, 0), "0301": (2, 12.0, 0), "0304": (1, 14.0, 0), "0401": (1, 15.0, 0),
}
STATES = [("完好", 965), ("破损", 25), ("丢失", 5), ("废弃", 5)]
SURVEYS = ["20241118", "20250312", "20250616", "20250922", "20260105"]


class Chooser:
    """Draws items by weight."""

    def __init__(self, pairs):
        self.items = [item for item, _ in pairs]
        self.sums = list(itertools.accumulate(weight for _, weight in pairs))

    def draw(self, rng):
        """One item."""
        return self.items[bisect.bisect(self.sums, rng.random() * self.sums[-1])]


def busy(layers, rng):
    """The town's grids with a weight each: the middle is busier, and chance does the rest."""
    made, (x0, y0) = [], mesh.to_e7(*layers.town.at)
    for grid in layers.built_grids():
        x, y = grid.centre()
        far = math.hypot((x - x0) * E7_PER_M[0], (y - y0) * E7_PER_M[1])
        made.append((grid, math.exp(-far / 900) * rng.lognormvariate(0, 0.45)))
    return Chooser(made)


def kerb(rng, grid, inward, every=0):
    """A place in a town grid, e7: on one of its sides, `inward` metres in, at a multiple of
    `every` metres along it. A grid has one ring and its middle sees all of it, so moving
    towards the middle stays inside."""
    ring, (mx, my) = grid.cells[0], grid.centre()
    sides = [(math.dist(a, b), a, b) for a, b in mesh.edges(ring)]
    length, a, b = Chooser([(s, s[0]) for s in sides]).draw(rng)
    along = rng.random()
    if every:
        step = every / (length * E7_PER_M[1])
        along = min(1, round(along / step) * step + rng.uniform(-0.1, 0.1) * step)
    x, y = a[0] + (b[0] - a[0]) * along, a[1] + (b[1] - a[1]) * along
    reach = math.hypot((mx - x) * E7_PER_M[0], (my - y) * E7_PER_M[1])
    t = min(0.9, (inward + rng.uniform(-0.4, 0.4)) / reach)
    p = round(x + (mx - x) * t), round(y + (my - y) * t)
    return p if mesh.inside(ring, p) else (mx, my)


def make(layers, seed):
    """The parts of a county, by id: rows of the survey."""
    rng = random.Random(f"parts {seed} {layers.code}")
    names = {r["code"]: r["name"] for r in plan.read("classes.csv") if r["kind"] == "part"}
    grids = busy(layers, rng)
    mix = Chooser([(code, row[0]) for code, row in MIX.items()])
    states = Chooser(STATES)
    found = []
    for _ in range(FULL.get(layers.code, FEW)):
        grid, category = grids.draw(rng), mix.draw(rng)
        found.append((category, grid.code, kerb(rng, grid, *MIX[category][1:])))
    rows, number = [], dict.fromkeys(MIX, 0)
    for category, _, (lon, lat) in sorted(found):
        number[category] += 1
        rows.append({
            "id": f"{layers.code}{category}{number[category]:06d}", "name": names[category],
            "category": category, "lon": lon, "lat": lat, "state": states.draw(rng),
            "owner_unit": staff.owner("part", category), "ordate": rng.choice(SURVEYS)})
    return rows
