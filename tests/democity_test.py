#!/usr/bin/env python3
"""The demo city: it tiles to the digit, its codes are valid, the same seed gives the same bytes."""
import collections
import csv
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOL = ROOT / "tools" / "democity.py"
COUNTIES = ["341802", "341821", "341823", "341824", "341825", "341881", "341882"]
JIXI = "341824"


def run_tool(out, seed=1):
    """Make a city, with another order of sets and dicts each time."""
    env = {**os.environ, "PYTHONHASHSEED": str(random.randrange(1 << 30)),
           "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, TOOL, out, "--seed", str(seed)], check=True, env=env)


def digests(folder):
    """path -> hash of all files below a folder."""
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(folder.rglob("*")) if p.is_file()}


def table(name):
    with open(ROOT / "standards" / name, encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


def e7(text):
    """A coordinate as it is printed, to integer 1e-7 degrees: no float in between."""
    whole, digits = text.split(".")
    if len(digits) != 7:
        raise ValueError(f"not seven decimals: {text}")
    return int(whole + digits)


def number(text):
    """A number of a GeoJSON file: a coordinate has seven decimals, an area one."""
    return e7(text) if re.fullmatch(r"\d+\.\d{7}", text) else float(text)


def polygons(feature):
    """Polygons of a feature: [[outer, hole ...], ...], rings open, e7. Checks that rings close."""
    g = feature["geometry"]
    many = g["coordinates"] if g["type"] == "MultiPolygon" else [g["coordinates"]]
    made = []
    for poly in many:
        rings = [[tuple(p) for p in ring] for ring in poly]
        if any(r[0] != r[-1] or len(r) < 4 for r in rings):
            raise ValueError(f"{feature['id']}: a ring that isn't closed")
        if any(not isinstance(v, int) for r in rings for p in r for v in p):
            raise ValueError(f"{feature['id']}: a coordinate without seven decimals")
        made.append([r[:-1] for r in rings])
    return made


def edges(polys):
    return [e for poly in polys for ring in poly for e in zip(ring, ring[1:] + ring[:1])]


def area2(polys):
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in edges(polys))


def holds(polys, p):
    """Even-odd, half-open, in integers."""
    odd = False
    for (x1, y1), (x2, y2) in edges(polys):
        if (y1 > p[1]) != (y2 > p[1]):
            side = (x2 - x1) * (p[1] - y1) - (y2 - y1) * (p[0] - x1)
            odd ^= (side > 0) == (y2 > y1)
    return odd


def cross(a, b, c, d):
    """Do the segments a-b and c-d cross or touch?"""
    def side(p, q, r):
        v = (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
        return (v > 0) - (v < 0)
    if max(a[0], b[0]) < min(c[0], d[0]) or max(c[0], d[0]) < min(a[0], b[0]):
        return False
    if max(a[1], b[1]) < min(c[1], d[1]) or max(c[1], d[1]) < min(a[1], b[1]):
        return False
    return side(a, b, c) * side(a, b, d) <= 0 and side(c, d, a) * side(c, d, b) <= 0


def rest(list_of_polys):
    """Directed edges that no opposite edge cancels; an edge twice the same way is a failure."""
    seen = collections.Counter(e for polys in list_of_polys for e in edges(polys))
    twice = [e for e, n in seen.items() if n > 1]
    if twice:
        raise AssertionError(f"overlap at {twice[:3]}")
    return {(a, b) for a, b in seen if (b, a) not in seen}


class Index:
    """Which areas hold a point: buckets of a hundredth of a degree over bounding boxes."""

    def __init__(self, areas):
        self.cells, self.areas = collections.defaultdict(list), areas
        for code, polys in areas.items():
            xs = [p[0] // 100000 for poly in polys for p in poly[0]]
            ys = [p[1] // 100000 for poly in polys for p in poly[0]]
            for x in range(min(xs), max(xs) + 1):
                for y in range(min(ys), max(ys) + 1):
                    self.cells[x, y].append(code)

    def at(self, p):
        near = self.cells.get((p[0] // 100000, p[1] // 100000), ())
        return [code for code in near if holds(self.areas[code], p)]


class City(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temp = tempfile.TemporaryDirectory()
        cls.out = Path(cls.temp.name) / "one"
        began = time.monotonic()
        run_tool(cls.out)
        cls.seconds = time.monotonic() - began
        cls.layers = {(c, name): cls.load(f"{c}/{name}.geojson") for c in COUNTIES
                      for name in ("streets", "communities", "grids", "duties")}
        cls.counties = cls.load("341800/counties.geojson")
        cls.shape = {key: {f["id"]: polygons(f) for f in layer}
                     for key, layer in cls.layers.items()}
        cls.county_shape = {f["id"]: polygons(f) for f in cls.counties}

    @classmethod
    def tearDownClass(cls):
        cls.temp.cleanup()

    @classmethod
    def load(cls, name):
        text = (cls.out / name).read_text(encoding="utf-8")
        return json.loads(text, parse_float=number)["features"]

    def rows(self, county, name):
        return json.loads((self.out / county / f"{name}.json").read_text(encoding="utf-8"))

    def parts(self, county):
        with open(self.out / county / "parts.csv", encoding="utf-8", newline="") as f:
            return list(csv.DictReader(f))

    def built(self, county):
        """Grids of the town: those of communities with more than one."""
        count = collections.Counter(g[:12] for g in self.shape[county, "grids"])
        return {g: polys for g, polys in self.shape[county, "grids"].items()
                if count[g[:12]] > 1}

    def test_time(self):
        self.assertLess(self.seconds, 20)

    def test_same_seed_same_bytes(self):
        other, third = Path(self.temp.name) / "two", Path(self.temp.name) / "three"
        run_tool(other)
        run_tool(third, seed=7)
        self.assertEqual(digests(self.out), digests(other))
        self.assertNotEqual(digests(self.out), digests(third))

    def test_every_layer_has_the_same_outline(self):
        """What edges are left of a layer are exactly the county's own: no gap, no overlap."""
        for c in COUNTIES:
            outline = set(edges(self.county_shape[c]))
            for name in ("streets", "communities", "grids", "duties"):
                self.assertEqual(rest(self.shape[c, name].values()), outline, (c, name))

    def test_city_is_one_piece(self):
        """Over all grids of the city only the outer boundary is left: a single ring."""
        left = rest([p for c in COUNTIES for p in self.shape[c, "grids"].values()])
        self.assertEqual(left, rest(self.county_shape.values()))
        after = dict(left)
        self.assertEqual(len(after), len(left))
        start = at = min(after)
        steps = 0
        while steps == 0 or at != start:
            at, steps = after[at], steps + 1
        self.assertEqual(steps, len(left))

    def test_areas_add_up(self):
        for f in self.counties:
            c, whole = f["id"], area2(self.county_shape[f["id"]])
            for name in ("streets", "communities", "grids", "duties"):
                layer = self.layers[c, name]
                self.assertEqual(sum(area2(p) for p in self.shape[c, name].values()), whole)
                self.assertAlmostEqual(sum(g["properties"]["area_m2"] for g in layer),
                                       f["properties"]["area_m2"], delta=0.06 * len(layer) + 0.1)

    def test_rings_are_simple_and_wound(self):
        """Outer rings turn left, holes right, no corner twice, no grid crosses itself."""
        for key, layer in self.shape.items():
            for code, polys in layer.items():
                for poly in polys:
                    self.assertGreater(area2([[poly[0]]]), 0, code)
                    for ring in poly:
                        self.assertEqual(len(set(ring)), len(ring), code)
                    for hole in poly[1:]:
                        self.assertLess(area2([[hole]]), 0, code)
                if key[1] == "grids":
                    sides = edges(polys)
                    for i, (a, b) in enumerate(sides):
                        for c, d in sides[i + 1:]:
                            if len({a, b, c, d}) == 4:
                                self.assertFalse(cross(a, b, c, d), code)

    def test_random_points(self):
        rng = random.Random(3)
        grids = Index({g: p for c in COUNTIES for g, p in self.shape[c, "grids"].items()})
        counties = Index(self.county_shape)
        found = 0
        while found < 20_000:
            p = rng.randrange(1179000000, 1197000000), rng.randrange(299000000, 314000000)
            home = counties.at(p)
            held = grids.at(p)
            self.assertEqual([g[:6] for g in held], home)
            found += len(home)

    def test_points_in_town(self):
        """The same where the grids are small, in the town of Jixi."""
        rng = random.Random(4)
        grids = Index(self.shape[JIXI, "grids"])
        for _ in range(5_000):
            p = rng.randrange(1185700000, 1186180000), rng.randrange(300450000, 300850000)
            self.assertEqual(len(grids.at(p)), 1)

    def test_grid_codes(self):
        known = {r["code"] for r in table("divisions.csv") if r["level"] == "community"}
        seen = collections.Counter()
        for c in COUNTIES:
            number = collections.Counter()
            for f in self.layers[c, "grids"]:
                seen[f["id"]] += 1
                number[f["id"][:12]] += 1
                self.assertRegex(f["id"], r"^\d{15}$")
                self.assertEqual(f["id"][:6], c)
                self.assertEqual(int(f["id"][12:]), number[f["id"][:12]])
                self.assertEqual(f["properties"]["community"], f["id"][:12])
                self.assertEqual(f["properties"]["street"], f["id"][:9])
                self.assertIn(f["id"][:12], known)
            self.assertEqual(set(number), {k for k in known if k[:6] == c})
        self.assertEqual(max(seen.values()), 1)

    def test_built_up_grids(self):
        for c in COUNTIES:
            areas = [f["properties"]["area_m2"] for f in self.layers[c, "grids"]
                     if f["id"] in self.built(c)]
            self.assertTrue(380 <= len(areas) <= 420, (c, len(areas)))
            self.assertTrue(9_000 < sum(areas) / len(areas) < 12_000, c)
            self.assertTrue(4_000 < min(areas) and max(areas) < 30_000, c)

    def test_seats(self):
        seats = {"341824": (1185940000, 300650000), "341821": (1191800000, 311300000),
                 "341881": (1189800000, 306300000), "341823": (1184100000, 306900000),
                 "341825": (1185400000, 302900000), "341882": (1194200000, 308900000),
                 "341802": (1187600000, 309500000)}
        for c, p in seats.items():
            held = Index(self.built(c)).at(p)
            self.assertEqual(len(held), 1, c)
            if c == JIXI:
                self.assertEqual(held[0][:9], "341824100")

    def test_duties(self):
        self.assertEqual(sum(len(self.layers[c, "duties"]) for c in COUNTIES), 57)
        for c in COUNTIES:
            units = {u["id"] for u in self.rows(c, "units")}
            for n, f in enumerate(self.layers[c, "duties"], 1):
                self.assertEqual(f["id"], f"{c}-D{n:02d}")
                self.assertIn(f["properties"]["unit"], units)

    def test_parts(self):
        classes = {r["code"]: r["name"] for r in table("classes.csv") if r["kind"] == "part"}
        for c in COUNTIES:
            rows, town = self.parts(c), Index(self.built(c))
            units = {u["id"] for u in self.rows(c, "units")}
            self.assertEqual(len(rows), 20_000 if c == JIXI else 300)
            self.assertEqual(len({r["id"] for r in rows}), len(rows))
            number = collections.Counter()
            for r in rows:
                number[r["category"]] += 1
                self.assertEqual(r["id"], f"{c}{r['category']}{number[r['category']]:06d}")
                self.assertEqual(r["name"], classes[r["category"]])
                self.assertIn(r["owner_unit"], units)
                self.assertEqual(len(town.at((e7(r["lon"]), e7(r["lat"])))), 1, r["id"])
            self.assertGreater(sum(r["state"] == "完好" for r in rows), 0.9 * len(rows))

    def test_units_and_people(self):
        roles = {"collector", "acceptor", "chief", "dispatcher", "coordinator", "unit", "leader",
                 "reviewer", "auditor", "admin", "rule_author", "rule_approver"}
        for c in COUNTIES:
            units, people = self.rows(c, "units"), self.rows(c, "people")
            ids = {u["id"] for u in units}
            self.assertEqual(len(ids), len(units))
            self.assertEqual({r for p in people for r in p["roles"]}, roles)
            self.assertEqual({p["unit"] for p in people if "unit" in p["roles"]}, ids)
            self.assertEqual(len({p["user"] for p in people}), len(people))
            owners = self.rows(c, "owners")
            self.assertLessEqual({u for t in owners.values() for u in t.values()}, ids)
        self.assertEqual({r for p in self.rows("341800", "people") for r in p["roles"]},
                         roles - {"collector", "unit"})

    def test_every_part_class_has_an_owner(self):
        owners = self.rows(JIXI, "owners")["part"]
        for r in table("classes.csv"):
            if r["kind"] == "part":
                self.assertTrue(any(r["code"].startswith(p) for p in owners), r["code"])

    def test_day(self):
        conditions = {(r["kind"], r["code"], r["id"]) for r in table("limits.csv")}
        steps = set("reported accepted filed dispatched disposing disposed checking checked closed "
                    "rejected rework".split())
        for c in COUNTIES:
            cases, grids = self.rows(c, "day"), Index(self.shape[c, "grids"])
            parts = {r["id"]: r for r in self.parts(c)}
            self.assertEqual(len(cases), 120 if c == JIXI else 20)
            self.assertEqual(cases, sorted(cases, key=lambda r: r["at"]))
            for r in cases:
                self.assertTrue(re.fullmatch(r"\d\d:\d\d:\d\d", r["at"]))
                self.assertIn((r["kind"], r["category"], r["condition"]), conditions)
                self.assertIn(r["steps"], steps)
                held = grids.at((round(r["lon"] * 1e7), round(r["lat"] * 1e7)))
                self.assertEqual(len(held), 1)
                self.assertEqual("part" in r, r["kind"] == "part")
                if "part" in r:
                    part = parts[r["part"]]
                    self.assertEqual(part["category"], r["category"])
                    self.assertEqual((float(part["lon"]), float(part["lat"])), (r["lon"], r["lat"]))
        self.assertEqual({r["steps"] for r in self.rows(JIXI, "day")}, steps)


if __name__ == "__main__":
    unittest.main()
