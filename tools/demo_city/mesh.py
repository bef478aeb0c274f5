"""Voronoi cells that share their corners to the digit, and outlines made by dissolving them.

Seeds are integer centimetres on a flat local plane; corners are integer 1e-7 degrees (e7).
Each corner is computed once, from its Delaunay triangle, and every cell that meets there uses
that one value. So two neighbours carry the same edge in opposite directions, and a union of
cells is what remains when opposite edges cancel: no tolerance anywhere.
"""
import math

LON0, LAT0 = 118.8, 30.6
CM_PER_LAT = 11_086_000          # centimetres in one degree, near enough for a demo
CM_PER_LON = 9_586_000
MERGE_E7 = 150                   # corners closer than about 1.5 m become one crossing
FAR = 10 ** 9                    # the first triangle: far outside every seed, in cm


def to_plane(lon, lat):
    """Degrees to plane centimetres."""
    return round((lon - LON0) * CM_PER_LON), round((lat - LAT0) * CM_PER_LAT)


def to_e7(x, y):
    """Plane centimetres to integer 1e-7 degrees."""
    return round((LON0 + x / CM_PER_LON) * 1e7), round((LAT0 + y / CM_PER_LAT) * 1e7)


def orient(a, b, c):
    """Twice the area of a, b, c: positive when they turn left. Exact in integers."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def in_circle(a, b, c, d):
    """Positive when d lies inside the circle of the left-turning a, b, c. Exact in integers."""
    ax, ay = a[0] - d[0], a[1] - d[1]
    bx, by = b[0] - d[0], b[1] - d[1]
    cx, cy = c[0] - d[0], c[1] - d[1]
    return ((ax * ax + ay * ay) * (bx * cy - cx * by)
            - (bx * bx + by * by) * (ax * cy - cx * ay)
            + (cx * cx + cy * cy) * (ax * by - bx * ay))


class Delaunay:
    """Delaunay triangles of distinct integer points.

    `apex[(a, b)]` is the third corner of the triangle to the left of a -> b; that one table is
    the whole structure. Points go in one by one, in an order that keeps neighbours together, so
    that the walk to the next one is short. The last three points are the far corners.
    """

    def __init__(self, points):
        n = len(points)
        self.points = list(points) + [(-FAR, -FAR), (FAR, -FAR), (0, FAR)]
        self.apex = {}
        self._add(n, n + 1, n + 2)
        self.last = (n, n + 1)
        for i in _snake(points):
            self._insert(i)

    def _add(self, a, b, c):
        self.apex[a, b], self.apex[b, c], self.apex[c, a] = c, a, b

    def _locate(self, p):
        """The triangle that holds p, by walking towards it from the last one made."""
        pts, (a, b) = self.points, self.last
        while True:
            c = self.apex[a, b]
            if orient(pts[b], pts[c], p) < 0:
                a, b = c, b
            elif orient(pts[c], pts[a], p) < 0:
                a, b = a, c
            elif orient(pts[a], pts[b], p) < 0:
                a, b = b, a
            else:
                return a, b, c

    def _insert(self, i):
        """Open the triangles whose circle holds point i and close the hole around it."""
        pts, apex = self.points, self.apex
        a, b, c = self._locate(pts[i])
        del apex[a, b], apex[b, c], apex[c, a]
        todo = [(a, b), (b, c), (c, a)]
        while todo:
            v, w = todo.pop()
            x = apex.get((w, v))
            if x is not None and in_circle(pts[i], pts[v], pts[w], pts[x]) > 0:
                del apex[w, v], apex[v, x], apex[x, w]
                todo += [(v, x), (x, w)]
            else:
                self._add(i, v, w)
                self.last = (i, v)


def _snake(points):
    """Indices in rows of 4 km, every other row backwards."""
    row = 400_000
    def key(i):
        x, y = points[i]
        r = y // row
        return r, (x if r % 2 else -x), y
    return sorted(range(len(points)), key=key)


def _centre(a, b, c):
    """Where the three cells meet: the centre of the circle through three seeds (plane cm)."""
    bx, by, cx, cy = b[0] - a[0], b[1] - a[1], c[0] - a[0], c[1] - a[1]
    d = 2 * (bx * cy - by * cx)
    bb, cc = bx * bx + by * by, cx * cx + cy * cy
    return a[0] + (cy * bb - by * cc) / d, a[1] + (bx * cc - cx * bb) / d


class Corners:
    """The corners of all cells, by triangle; corners that nearly coincide are made one."""

    def __init__(self, mesh, wanted):
        """`wanted`: how many leading points have a cell; the rest (ghosts) only bound it."""
        self.mesh, self.wanted = mesh, wanted
        self.place, self.same = {}, {}
        for (a, b), c in mesh.apex.items():
            t = tuple(sorted((a, b, c)))
            if t[0] < wanted and t not in self.place:
                self.place[t] = to_e7(*_centre(*(mesh.points[i] for i in t)))
        self._merge()

    def _root(self, t):
        while t in self.same:
            t = self.same[t]
        return t

    def _merge(self):
        """Collapse edges shorter than MERGE_E7. Both cells beside such an edge lose it alike, so
        nothing opens, and rounding can't turn a sliver inside out."""
        for (a, b), c in sorted(self.mesh.apex.items()):
            if a > b or a >= self.wanted:
                continue
            s, t = tuple(sorted((a, b, c))), tuple(sorted((a, b, self.mesh.apex[b, a])))
            s, t = self._root(s), self._root(t)
            (x, y), (u, v) = self.place[s], self.place[t]
            if s != t and math.hypot(x - u, y - v) < MERGE_E7:
                self.same[max(s, t)] = min(s, t)

    def cells(self):
        """The ring of every wanted seed: [(lon_e7, lat_e7), ...], leftwards, not closed."""
        first = {}
        for a, b in self.mesh.apex:
            first.setdefault(a, b)
        return [self._ring(i, first[i]) for i in range(self.wanted)]

    def _ring(self, i, start):
        ring, j = [], start
        while True:
            k = self.mesh.apex[i, j]
            at = self.place[self._root(tuple(sorted((i, j, k))))]
            if not ring or ring[-1] != at:
                ring.append(at)
            j = k
            if j == start:
                break
        if ring[0] == ring[-1]:
            ring.pop()
        return ring


def voronoi(seeds, ghosts):
    """Cells of the seeds (plane cm), bounded by the ghosts around them: a list of rings."""
    if len(set(seeds + ghosts)) != len(seeds) + len(ghosts):
        raise ValueError("two seeds share one place")
    return Corners(Delaunay(seeds + ghosts), len(seeds)).cells()


def edges(ring):
    """The directed edges of a ring that is not closed."""
    return zip(ring, ring[1:] + ring[:1])


def border(rings):
    """The directed edges left when every edge has cancelled with its opposite."""
    left = {}
    for ring in rings:
        for a, b in edges(ring):
            if (b, a) in left:
                del left[b, a]
            elif (a, b) in left:
                raise ValueError(f"two cells on one side of the edge {a} {b}")
            else:
                left[a, b] = True
    return list(left)


def _turn(a, b, c):
    """Angle swept clockwise at b from the way back to a to the way on to c, in (0, 2 pi]."""
    back = math.atan2(a[1] - b[1], a[0] - b[0])
    on = math.atan2(c[1] - b[1], c[0] - b[0])
    return (back - on) % (2 * math.pi) or 2 * math.pi


def _loops(left):
    """Join border edges into rings. Where several leave one corner, stay beside the same ground;
    a walk that comes back to a corner is cut there, so every ring is simple."""
    out = {}
    for a, b in left:
        out.setdefault(a, []).append(b)
    for start, _ in left:
        while out[start]:
            path, at = [start], {start: 0}
            while True:
                here = path[-1]
                back = path[-2] if len(path) > 1 else out[here][0]
                on = min(out[here], key=lambda c: _turn(back, here, c))
                out[here].remove(on)
                if on not in at:
                    at[on] = len(path)
                    path.append(on)
                    continue
                cut = at[on]
                yield path[cut:]
                for p in path[cut + 1:]:
                    del at[p]
                del path[cut + 1:]
                if cut == 0:
                    break


def area2(ring):
    """Twice the signed area of a ring in its own units squared; exact for integers."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in edges(ring))


def inside(ring, p):
    """Is p inside the ring? Half-open, so that a point between two cells is in exactly one."""
    x, y = p
    odd = False
    for (x1, y1), (x2, y2) in edges(ring):
        if (y1 > y) != (y2 > y):
            side = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)
            if (side > 0) == (y2 > y1):
                odd = not odd
    return odd


def dissolve(rings):
    """The union of cells: a list of polygons, each [outer, hole, ...] of open rings."""
    loops = [_tidy(r) for r in _loops(border(rings))]
    outers = sorted((r for r in loops if area2(r) > 0), key=lambda r: (-area2(r), r[0]))
    polygons = [[r] for r in outers]
    for hole in sorted((r for r in loops if area2(r) < 0), key=lambda r: (area2(r), r[0])):
        _home(polygons, hole).append(hole)
    return polygons


def _tidy(ring):
    """Begin a ring at its smallest corner, so that the same union reads the same."""
    i = ring.index(min(ring))
    return ring[i:] + ring[:i]


def _home(polygons, hole):
    """The smallest polygon around a hole (polygons come largest first)."""
    for polygon in reversed(polygons):
        outer = set(polygon[0])
        free = [p for p in hole if p not in outer]
        if free and inside(polygon[0], free[0]):
            return polygon
    raise ValueError("a hole without a polygon")


_F = 1 / 298.257222101
_E2 = _F * (2 - _F)
_E = math.sqrt(_E2)
_A = 6378137.0


def _equal_area(p):
    """A corner on the CGCS2000 ellipsoid's equal-area cylinder, metres."""
    s = math.sin(math.radians(p[1] / 1e7))
    q = (1 - _E2) * (s / (1 - _E2 * s * s) + math.atanh(_E * s) / _E)
    return _A * math.radians(p[0] / 1e7 - LON0), _A * q / 2 - 3.2e6


def area_m2(polygons):
    """Area of dissolved polygons on the ellipsoid, square metres."""
    return sum(area2([_equal_area(p) for p in ring]) for poly in polygons for ring in poly) / 2
