"""The map that (k) is about, by a fixed seed: parts in small towns and the country between, grids of 40 edges that share
their borders to the digit, places with names; and what is asked of them. Degrees x 10^7 throughout."""
import math
import random
from array import array

WEST, SOUTH, EAST, NORTH = 1_179_500_000, 299_300_000, 1_196_500_000, 313_300_000
IN_TOWN, OF_TOWN, TOWN_M = 0.8, 2000, 300    # the share of parts in towns, how many in each, their sigma
PIECES = 10                                  # edges of a grid's side
M_E7 = 111_000 / 1e7                         # metres of a step to the north; to the east by the cosine
EAST_M_E7 = M_E7 * math.cos(math.radians(30.6))
BUCKET = 100_000                             # side of the cells by which boxes are counted
CLASSES = ["上水井盖", "雨水井盖", "污水井盖", "路灯", "行道树", "果皮箱", "雨水箅子", "消防栓", "公交站亭", "交通护栏"]
STATES, UNITS = ["完好", "破损", "丢失"], ["u-cg", "u-hw", "u-sw", "u-yl", "u-sz"]
ROADS = "华阳 扬之 龙川 徽溪 来苏 良安 望徽 梅干 锦屏 适之 印塘 翚溪 杨柳 校头 古塘 临溪 大源 长安 伏岭 家朋 金沙 荆州 瀛洲 上庄".split()
SHOPS = "超市 卫生院 小学 银行 便利店 公厕 菜市场 药店 邮政所 社区服务站 停车场 车站".split()


def degrees(v):
    return f"{v // 10_000_000}.{v % 10_000_000:07}"


class Map:
    """parts: lon, lat as arrays. grids: rings by id."""

    def __init__(self, parts, columns, rows, places):
        self.random = random.Random(4490)
        margin = 500_000
        self.towns = [(self.random.randint(WEST + margin, EAST - margin), self.random.randint(SOUTH + margin, NORTH - margin))
                      for _ in range(round(parts * IN_TOWN / OF_TOWN))]
        self.make_parts(parts)
        self.make_grids(columns, rows)
        self.places = places
        self.bucket = {}
        for i in range(parts):
            self.bucket.setdefault((self.lon[i] // BUCKET, self.lat[i] // BUCKET), array("i")).append(i)

    def in_town(self, spread_m):
        x, y = self.random.choice(self.towns)
        return (x + round(self.random.gauss(0, spread_m) / EAST_M_E7), y + round(self.random.gauss(0, spread_m) / M_E7))

    def anywhere(self):
        return self.random.randint(WEST, EAST), self.random.randint(SOUTH, NORTH)

    def make_parts(self, count):
        self.lon, self.lat = array("i"), array("i")
        for _ in range(count):
            x, y = self.in_town(TOWN_M) if self.random.random() < IN_TOWN else self.anywhere()
            self.lon.append(min(max(x, WEST), EAST))
            self.lat.append(min(max(y, SOUTH), NORTH))

    def part(self, i):
        """Its properties; id and name first."""
        k = i * 7919 % 1_000_003
        c = k % len(CLASSES)
        return {"id": f"341824{101 + c:04}{i:07}", "name": CLASSES[c], "category": f"{101 + c:04}", "state": STATES[k % 97 % 3],
                "owner_unit": UNITS[k % 5], "ordate": f"20{20 + k % 6}{1 + k % 12:02}{1 + k % 28:02}"}

    def parts_csv(self):
        out = ["id,name,category,state,owner_unit,ordate,lon,lat"]
        for i, (x, y) in enumerate(zip(self.lon, self.lat)):
            out.append(",".join((*self.part(i).values(), degrees(x), degrees(y))))
        return "\n".join(out) + "\n"

    def make_grids(self, columns, rows):
        """A lattice whose corners and sides are moved a little: neighbours share each vertex."""
        wide, high, rnd = (EAST - WEST) / columns, (NORTH - SOUTH) / rows, self.random
        shift = lambda: rnd.uniform(-0.05, 0.05)
        corner = [[(c + shift(), r + shift()) for c in range(columns + 1)] for r in range(rows + 1)]

        def side(a, b, level):
            """From a to b, without b; in cells."""
            out = [a]
            for k in range(1, PIECES):
                x, y = (a[0] + (b[0] - a[0]) * k / PIECES, a[1] + (b[1] - a[1]) * k / PIECES)
                out.append((x, y + shift()) if level else (x + shift(), y))
            return out

        place = lambda p: (round(WEST + p[0] * wide), round(SOUTH + p[1] * high))
        level = [[[place(p) for p in side(corner[r][c], corner[r][c + 1], True)] for c in range(columns)] for r in range(rows + 1)]
        steep = [[[place(p) for p in side(corner[r][c], corner[r + 1][c], False)] for c in range(columns + 1)] for r in range(rows)]
        back = lambda s, end: [end, *reversed(s[1:])]
        self.grids = []
        for r in range(rows):
            for c in range(columns):
                far = place(corner[r + 1][c + 1])
                ring = (level[r][c] + steep[r][c + 1] + back(level[r + 1][c], far)
                        + back(steep[r][c], place(corner[r + 1][c])))
                self.grids.append(ring + ring[:1])

    def grid(self, i):
        return {"id": f"341824{i:09}", "name": f"第{i}号网格", "community": f"341824{i // 50:06}", "ordate": "20260101"}

    def grids_geojson(self):
        return ('{"type":"FeatureCollection","features":[\n' + ",\n".join(
            '{"type":"Feature","id":"%s","properties":{"name":"%s","community":"%s","ordate":"%s"},"geometry":'
            '{"type":"Polygon","coordinates":[[%s]]}}' % (*self.grid(i).values(), ",".join(f"[{degrees(x)},{degrees(y)}]" for x, y in ring))
            for i, ring in enumerate(self.grids)) + "\n]}\n")

    def place_name(self, i):
        if i % 12 == 0:
            return f"{ROADS[i // 12 % len(ROADS)]}{SHOPS[i // 288 % len(SHOPS)]}{i // 3456 + 1}店"
        return f"{ROADS[i % len(ROADS)]}{'路街巷'[i // 24 % 3]}{i // 72 + 1}号"

    def places_csv(self):
        rnd, out = random.Random(7), ["id,name,kind,lon,lat"]
        for i in range(self.places):
            x, y = rnd.choice(self.towns)
            out.append(f"p{i},{self.place_name(i)},{'poi' if i % 12 == 0 else 'door'},"
                       f"{degrees(x + rnd.randint(-60_000, 60_000))},{degrees(y + rnd.randint(-60_000, 60_000))}")
        return "\n".join(out) + "\n"

    # ---- what is asked ----

    def within(self, west, south, east, north):
        """The parts in a box, its borders counted."""
        out = []
        for bx in range(west // BUCKET, east // BUCKET + 1):
            for by in range(south // BUCKET, north // BUCKET + 1):
                out += [i for i in self.bucket.get((bx, by), ()) if west <= self.lon[i] <= east and south <= self.lat[i] <= north]
        return out

    def boxes(self, count, least, most):
        """Boxes that hold so many parts, about one half of them in towns, and none on their border: peers round it."""
        rnd, out = random.Random(most), []
        while len(out) < count:
            i = rnd.randrange(len(self.lon))
            x, y, low, high = self.lon[i], self.lat[i], 0, 1_500_000
            while high - low > 1:
                half = (low + high) // 2
                n = len(self.within(x - half, y - half, x + half, y + half))
                if least <= n <= most:
                    if n != len(self.within(x - half + 1, y - half + 1, x + half - 1, y + half - 1)):
                        break
                    out.append((x - half, y - half, x + half, y + half))
                    break
                low, high = (half, high) if n < least else (low, half)
        return out

    def tiles(self, z):
        """{(x, y): parts in it}, Web Mercator."""
        out, n = {}, 2 ** z
        for lon, lat in zip(self.lon, self.lat):
            t = tile_of(lon, lat, n)
            out[t] = out.get(t, 0) + 1
        return out


def tile_of(lon, lat, n):
    return int((lon / 1e7 + 180) / 360 * n), int((1 - math.asinh(math.tan(math.radians(lat / 1e7))) / math.pi) / 2 * n)
