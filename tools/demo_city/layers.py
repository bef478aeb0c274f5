"""From seeds and cells to the layers: counties, streets, communities, unit grids, duties."""
from . import mesh, plan

# County: pieces the town's main street is cut into (0: each seat street is one piece, villages
# and all), and pieces of the land around. 57 responsibility areas in all.
DUTIES = {"341802": (0, 3), "341821": (0, 4), "341823": (3, 4), "341824": (3, 4),
          "341825": (2, 4), "341881": (0, 4), "341882": (0, 3)}
NUMERALS = "一二三四五"
SURVEYED = "20260101"


class Area:
    """One feature: its id, its own properties, and the cells it is made of."""

    def __init__(self, code, props, cells):
        self.code, self.cells = code, cells
        self.polygons = mesh.dissolve(cells)
        self.area_m2 = round(mesh.area_m2(self.polygons), 1)
        self.props = {**props, "area_m2": self.area_m2}

    def centre(self):
        """A middle of the cells, e7: the mean of their corners."""
        corners = [p for ring in self.cells for p in ring]
        return (sum(p[0] for p in corners) // len(corners),
                sum(p[1] for p in corners) // len(corners))


class Layers:
    """The layers of one county."""

    def __init__(self, county, cells, names):
        """`cells`: the rings of every community of this county, by community code."""
        self.code, self.names, self.town = county.code, names, county.town
        self.built = set(county.urban)
        self.seat = county.seat
        self.grids = [g for c in sorted(cells) for g in self._grids(c, cells[c])]
        self.communities = [Area(c, {"code": c, "name": names[c], "street": c[:9]}, rings)
                            for c, rings in sorted(cells.items())]
        self.streets = [
            Area(s, {"code": s, "name": names[s], "county": s[:6]},
                 [r for c, rings in sorted(cells.items()) if c[:9] == s for r in rings])
            for s in county.streets]
        self.county = Area(county.code, {"code": county.code, "name": names[county.code]},
                           [r for c in sorted(cells) for r in cells[c]])
        self.duties = self._duties()

    def _grids(self, community, cells):
        """Unit grids of a community: each town cell is one; a village is one in whole."""
        groups = [[r] for r in cells] if community in self.built else [cells]
        for n, rings in enumerate(sorted(groups, key=_reading_order), 1):
            code = f"{community}{n:03d}"
            yield Area(code, {"code": code, "community": community, "street": community[:9],
                              "ordate": SURVEYED}, rings)

    def built_grids(self):
        """The unit grids of the town."""
        return [g for g in self.grids if g.code[:12] in self.built]

    def _duties(self):
        """Responsibility areas: whole communities of one seat street, or whole streets."""
        pieces, land = DUTIES[self.code]
        made = []
        for s in self.seat:
            own = [c for c in self.communities if c.code[:9] == s]
            town = [c for c in own if c.code in self.built]
            if pieces and len(town) > pieces:
                made += [(f"{self.names[s]}城区{NUMERALS[i]}片", s, part)
                         for i, part in enumerate(_group(town, pieces))]
                made.append((self.names[s] + "城郊片", s, [c for c in own if c not in town]))
            else:
                made.append((self.names[s] + "片", s, own))
        for part in _group([s for s in self.streets if s.code not in self.seat], land):
            head = max(part, key=lambda s: (self._size(s), s.code))
            more = f"等{len(part)}个乡镇" if len(part) > 1 else ""
            made.append((head.props["name"] + more + "片", head.code, part))
        return [Area(f"{self.code}-D{n:02d}", {"name": name, "unit": "u-" + street},
                     [r for area in parts for r in area.cells])
                for n, (name, street, parts) in enumerate(made, 1)]

    def _size(self, street):
        return sum(c.code[:9] == street.code for c in self.communities)


def _reading_order(rings):
    """Rows of about 100 m from north to south, west to east in a row."""
    x = sum(p[0] for p in rings[0]) // len(rings[0])
    y = sum(p[1] for p in rings[0]) // len(rings[0])
    return -(y // 9000), x


def _group(areas, n):
    """Part areas into n compact groups by where their middles lie."""
    at = {a.centre(): a for a in areas}
    pieces = plan.split(list(range(n)), sorted(at))
    return [[at[p] for p in sorted(pieces[i])] for i in range(n)]


def build(seed):
    """The layers of every county, in code order."""
    counties, ghosts = plan.plan(seed)
    names, _ = plan.divisions()
    seeds = [(p, c, county.code) for county in counties
             for c, places in sorted({**county.urban, **county.rural}.items()) for p in places]
    cells = {county.code: {} for county in counties}
    for (_, community, code), ring in zip(seeds, mesh.voronoi([s[0] for s in seeds], ghosts)):
        cells[code].setdefault(community, []).append(ring)
    return [Layers(county, cells[county.code], names) for county in counties]
