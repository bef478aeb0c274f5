"""(k) The map beside its peers: the same data, the same questions, answers compared before they are timed."""
import http.client
import json
import os
import random
import re
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import common
from common import ROUNDS, line, median, say, support
from mapdata import M_E7, EAST_M_E7, Map, degrees
from mappeers import MapServer, PostGis, Redis

import mvt  # noqa: E402  tests/mvt.py; common has named its folder

FIELDS = ("id", "name", "category", "state", "owner_unit", "ordate")
Z = 14
RATE = 2000  # of locate, a second


class Ours:
    """The map in our server, by its import."""

    def __init__(self, data):
        self.server = support.city("map", plugins=["spatial"], uploads={"data_mb": 1024})
        self.server.start()
        try:
            admin = self.server.another(support.JIXI, "admin")
            admin.conn = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=600)
            for name, kind in (("grids.geojson", "application/geo+json"), ("parts.csv", "text/csv"), ("places.csv", "text/csv")):
                began = time.monotonic()
                answer = admin.post(f"/v1/{support.JIXI}/import/{name.split('.')[0]}", (data / name).read_bytes(), Content_Type=kind)
                if answer.status != 201:
                    raise RuntimeError(f"{name}: {answer}")
                say(f"{name}: {answer.json['edition']['count']} in force after {time.monotonic() - began:.1f} s")
        except BaseException:
            self.server.stop()
            raise

    def again(self):
        """Nothing kept: a new process, its tables made, its files' pages looked at."""
        self.server.stop()
        self.server.start()
        self.who = self.server.person(support.JIXI, "z-001")
        for name in ("grids", "parts"):
            path = f"/ogc/{support.JIXI}/collections/{name}/items?limit=10000"
            while path:
                page = answer_of(self.who, path).body
                more = re.search(rb'"rel":"next"[^}]*"href":"http://[^/"]*([^"]*)"', page[:4000])
                path = more and more[1].decode()
        self.json(f"/v1/{support.JIXI}/geocode?q=a")  # and the index of names

    def ask(self, path):
        """On a connection of its own: between two rounds the server may have hung up."""
        self.who.close()
        return answer_of(self.who, path)

    def json(self, path):
        return self.ask(path).json

    def round(self, paths, seconds, connections=common.CONNECTIONS, once=False):
        before = cpu_ns(self.server.proc.pid)
        got = wrk(self.server.port, paths, seconds, connections, once, self.who.token)
        return {**got, "each": got["requests"] / (cpu_ns(self.server.proc.pid) - before) * 1e9}


def answer_of(client, path):
    answer = client.get(path)
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer}")
    return answer


def cpu_ns(pid):
    """Of its threads, finer than by ticks; ours has no thread that ends."""
    return sum(int((t / "schedstat").read_text().split()[0]) for t in Path(f"/proc/{pid}/task").iterdir())


def wrk(port, paths, seconds, connections, once=False, token=""):
    done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", common.HERE / "map.lua",
                           f"http://127.0.0.1:{port}", "--", paths, token, "once" if once else ""], capture_output=True, text=True)
    said = re.search(r"^RESULT (.*)", done.stdout, re.M)
    got = common.fields(said[1]) if said else None
    if not got or got["wrong"] or got["broken"]:
        raise RuntimeError(f"wrk: {done.stdout} {done.stderr}")
    return {**got, "rate": got["requests"] / got["us"] * 1e6}


class Asked:
    """What is asked, and of what; each list of paths is a file for wrk."""

    def __init__(self, made, short):
        n = 100 if short else 400
        rnd, self.folder = random.Random(3), support.temp("asked")
        self.folder.mkdir()
        self.places = made.places
        self.ten, self.thousand = made.boxes(n, 5, 10), made.boxes(100, 950, 1000)
        counts = made.tiles(Z)
        self.tiles = sorted(counts)
        rnd.shuffle(self.tiles)
        self.full = [t for t in self.tiles if 1700 <= counts[t] <= 2300]
        self.tiles = self.tiles[:800 if short else 3000]
        self.points = [made.anywhere() for _ in range(4000)]
        self.towns = made.towns[:10]
        self.spread = round(100 / EAST_M_E7), round(100 / M_E7)  # round a town's middle ten parts lie within 50 m
        self.near = [(x + rnd.randint(-self.spread[0], self.spread[0]), y + rnd.randint(-self.spread[1], self.spread[1]))
                     for x, y in (self.towns * 4000)[:4000]]
        self.names = [self.question(made, rnd, i) for i in range(2000)]

    @staticmethod
    def question(made, rnd, i):
        name = made.place_name(rnd.randrange(made.places))
        return [name, "绩溪县华阳镇" + name, name[1:], name[:3], name[:2]][i % 5]

    def file(self, paths):
        path = self.folder / f"{len(list(self.folder.iterdir()))}"
        path.write_text("\n".join(paths) + "\n", "utf-8")
        return path


def box_of(b):
    return ",".join(map(degrees, b))


def items_of(b, limit):
    return f"/ogc/{support.JIXI}/collections/parts/items?limit={limit}&bbox={box_of(b)}"


def tile_of(t, collections):
    return f"/ogc/{support.JIXI}/tiles/WebMercatorQuad/{Z}/{t[1]}/{t[0]}?collections={collections}"


def locate_of(p):
    return f"/v1/{support.JIXI}/locate?lon={degrees(p[0])}&lat={degrees(p[1])}"


# ---- are the answers the same? ----

def must(good, what):
    if not good:
        raise RuntimeError(f"the answers differ: {what}")


def features_of(page):
    """By id: where, and its properties."""
    out = {}
    for f in page["features"] or []:
        p = f["properties"]
        out[f.get("id") or p["id"]] = (f["geometry"]["coordinates"], {k: p[k] for k in FIELDS[1:]})
    return out


def same_features(ours, theirs, what):
    must(ours.keys() == theirs.keys() and ours, f"{what}: {len(ours)} and {len(theirs)} features")
    for name, (at, properties) in ours.items():
        there, others = theirs[name]
        must(properties == others and max(abs(a - b) for a, b in zip(at, there)) < 2e-7, f"{what}: {name}")


def clipped_area(rings):
    """Of what lies in the tile proper: how far each reaches into the buffer is its own."""
    total = 0
    for ring in rings:
        for axis, limit, low in ((0, 0, 1), (1, 0, 1), (0, 4096, 0), (1, 4096, 0)):
            out = []
            for a, b in zip(ring, ring[1:] + ring[:1]):
                a_in, b_in = ((p[axis] >= limit if low else p[axis] <= limit) for p in (a, b))
                if a_in:
                    out.append(a)
                if a_in != b_in:
                    t = (limit - a[axis]) / (b[axis] - a[axis])
                    out.append(tuple(limit if k == axis else a[k] + t * (b[k] - a[k]) for k in (0, 1)))
            ring = out
        total += sum(ax * by - bx * ay for (ax, ay), (bx, by) in zip(ring, ring[1:] + ring[:1])) / 2
    return total


def same_tile(ours, theirs, layers, what):
    ours, theirs = mvt.decode(ours), mvt.decode(theirs, strict=False)
    for layer in layers:
        a, b = ({f["properties"]["id"]: f for f in t[layer]["features"]} if layer in t else {} for t in (ours, theirs))
        for name in a.keys() | b.keys():
            have = a.get(name) or b[name]
            if layer == "parts":
                x, y = have["geometry"][0]
                if not (1 <= x <= 4095 and 1 <= y <= 4095):
                    continue
                must(name in a and name in b, f"{what}: {name}")
                must(max(abs(p - q) for p, q in zip(a[name]["geometry"][0], b[name]["geometry"][0])) <= 1, f"{what}: {name}")
            else:
                rings = [[r for polygon in f["geometry"] for r in polygon] if f else [] for f in (a.get(name), b.get(name))]
                areas = [clipped_area(r) for r in rings]
                must(abs(areas[0] - areas[1]) < 30_000, f"{what}: {name}, {areas}")  # a lattice step along its border
            if name in a and name in b:
                must(a[name]["properties"] == b[name]["properties"], f"{what}: {name}")
    return sum(len(t["features"]) for t in ours.values())


def compare_mapserver(ours, peer, asked):
    theirs = support.Client(peer.port)
    for boxes, limit in ((asked.ten, 10), (asked.thousand, 1000)):
        for b in boxes[:20]:
            a, c = ours.json(items_of(b, limit)), answer_of(theirs, peer.items(box_of(b), limit)).json
            must(a["numberMatched"] == c["numberMatched"], f"numberMatched of {b}: {a['numberMatched']} and {c['numberMatched']}")
            same_features(features_of(a), features_of(c), box_of(b))
    count = 0
    for t in asked.tiles[:40]:
        count += same_tile(ours.ask(tile_of(t, "parts,grids")).body, answer_of(theirs, peer.tile(Z, *t)).body,
                           ("parts", "grids"), f"tile {t}")
    theirs.close()
    say(f"MapServer's answers are ours: 20 pages of 10, 20 of 1,000, 40 tiles with {count} features")


def point_sql(p, srid=4490):
    return f"ST_SetSRID(ST_MakePoint({degrees(p[0])}, {degrees(p[1])}), {srid})"


# Not by && alone, which compares boxes rounded outwards: it finds a few more.
BOX = ("SELECT json_build_object('type', 'FeatureCollection', 'features', json_agg(ST_AsGeoJSON(t.*, 'geom', 7)::json)) FROM "
       "(SELECT * FROM parts WHERE ST_Intersects(geom, %s)) t")
BOXED = "(SELECT box FROM asked_boxes WHERE i = %s)"
TILE = ("SELECT %s FROM (SELECT id, name, category, state, owner_unit, ordate, ST_AsMVTGeom(geom, tile, 4096, 64, true) AS at FROM "
        "asked_tiles JOIN parts_web ON geom && wide WHERE i = %s) t")


def prepare_questions(peer, asked):
    """In tables, so that each question is one statement with one plan. asked_boxes, asked_tiles: from 1 on."""
    boxes = ",".join(f"({i}, ST_MakeEnvelope({box_of(b)}, 4490))" for i, b in enumerate(asked.thousand, 1))
    tiles = ",".join(f"({i}, ST_TileEnvelope({Z}, {x}, {y}), ST_TileEnvelope({Z}, {x}, {y}, margin => 64.0 / 4096))"
                     for i, (x, y) in enumerate(asked.full, 1))
    peer.ask("CREATE TABLE asked_boxes (i int PRIMARY KEY, box geometry);\n"
             "CREATE TABLE asked_tiles (i int PRIMARY KEY, tile geometry, wide geometry);\n"
             f"INSERT INTO asked_boxes VALUES {boxes};\nINSERT INTO asked_tiles VALUES {tiles};\nANALYZE asked_boxes, asked_tiles;\n")


def compare_postgis(ours, peer, asked):
    rows = peer.ask("".join(f"SELECT coalesce((SELECT id FROM grids WHERE ST_Intersects(geom, {point_sql(p)}) LIMIT 1), '');\n"
                            for p in asked.points[:500]))
    for p, [want] in zip(asked.points, rows):
        must((ours.json(locate_of(p))["grid"] or {"code": ""})["code"] == want, f"the grid at {p}: {want}")
    sql = ("SELECT string_agg(id || ' ' || d, ',') FROM (SELECT id, ST_Distance(geom, p) AS d FROM parts_m, ST_Transform({}, 4549) p "
           "ORDER BY geom <-> p LIMIT 10) t;\n")
    for p, [want] in zip(asked.near[::20], peer.ask("".join(sql.format(point_sql(p)) for p in asked.near[::20]))):
        same_near(ours.json(locate_of(p))["parts"], [x.split() for x in want.split(",")], p)
    for b, [want] in zip(asked.thousand[:10], peer.ask("".join(BOX % BOXED % i + ";\n" for i in range(1, 11)))):
        same_features(features_of(ours.json(items_of(b, 1000))), features_of(json.loads(want)), box_of(b))
    hexed = "encode(ST_AsMVT(t, 'parts', 4096, 'at'), 'hex')"
    for t, [want] in zip(asked.full[:10], peer.ask("".join(TILE % (hexed, i) + ";\n" for i in range(1, 11)))):
        same_tile(ours.ask(tile_of(t, "parts")).body, bytes.fromhex(want), ("parts",), f"tile {t}")
    say("PostGIS's answers are ours: 500 grids, 200 times the ten nearest, 10 boxes of 1,000, 10 tiles of 2,000")


def same_near(ours, theirs, p):
    """The same ten; where two are as far to a thousandth, either."""
    must(len(ours) == len(theirs) == 10, f"{len(ours)} and {len(theirs)} near {p}")
    most = float(theirs[-1][1])
    for name, d in theirs:
        must(any(x["id"] == name for x in ours) or float(d) > most * 0.999, f"near {p}: {name}")


def compare_redis(ours, peer, asked):
    """Its places are rounded, so that the last ones may be others: eight at least are the same."""
    with peer.connected() as s:
        for p in asked.near[::20]:
            mine, theirs = ours.json(locate_of(p))["parts"], peer.ask(s, peer.search(*p))
            must(len(theirs) == 10 and len({x["id"] for x in mine} & set(theirs)) >= 8, f"near {p}: {theirs} and {mine}")


# ---- rounds ----

def alternate(name, us, peer, key, unit, least, rounds=ROUNDS):
    """us, peer: each makes one round."""
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(us())
        theirs.append(peer())
        say(f"{name}: us {ours[-1]['rate']:.0f}/s by the wall, {ours[-1]['each']:.0f} per cpu s; peer {theirs[-1]['rate']:.0f}/s"
            + (f", {theirs[-1]['each']:.0f} per cpu s" if "each" in theirs[-1] else ""))
    x, y = median(ours, key), median(theirs, key)
    line(f"k {name}", x, unit, peer=y, ratio=x / y, least=least)


def beside_mapserver(ours, peer, asked, seconds):
    """Tiles are new to a new process, then known; MapServer makes each."""
    compare_mapserver(ours, peer, asked)
    for limit, boxes, least in ((10, asked.ten, 20), (1000, asked.thousand, 7)):
        a, b = asked.file(items_of(x, limit) for x in boxes), asked.file(peer.items(box_of(x), limit) for x in boxes)
        alternate(f"items of a box, limit {limit}", lambda: ours.round(a, seconds), lambda: wrk(peer.port, b, seconds, common.CONNECTIONS),
                  "rate", "/s", least)
    a, b = asked.file(tile_of(t, "parts,grids") for t in asked.tiles), asked.file(peer.tile(Z, *t) for t in asked.tiles)
    cold, known, theirs = [], [], []
    for _ in range(ROUNDS):
        ours.again()
        cold.append(ours.round(a, seconds, 8, once=True))  # wrk waits that long, though the list is soon through
        theirs.append(wrk(peer.port, b, 3 * seconds, 8, once=True))
        known.append(ours.round(a, seconds, 8))
        say(f"z{Z} tiles: {cold[-1]['rate']:.0f}/s, {known[-1]['rate']:.0f}/s when made already, MapServer {theirs[-1]['rate']:.0f}/s")
    y = median(theirs, "rate")
    for name, rounds, least in (("cold", cold, 8), ("cached", known, 40)):
        x = median(rounds, "rate")
        line(f"k tile z{Z}, {name}", x, "/s", peer=y, ratio=x / y, least=least)


def beside_postgis(ours, peer, asked, seconds):
    """Per second of processor time: its backends' and its server's, pgbench not counted; all of ours."""
    prepare_questions(peer, asked)
    compare_postgis(ours, peer, asked)
    west, east = min(x for x, _ in asked.points), max(x for x, _ in asked.points)
    south, north = min(y for _, y in asked.points), max(y for _, y in asked.points)
    found = (f"\\set x random({west},{east})\n\\set y random({south},{north})\n"
             "SELECT id, name FROM grids WHERE ST_Intersects(geom, ST_SetSRID(ST_MakePoint(:x / 1e7, :y / 1e7), 4490));\n")
    a = asked.file(map(locate_of, asked.points))
    alternate("point in polygon (our locate)", lambda: ours.round(a, seconds), lambda: peer.round("grid", [found], seconds), "each", "/cpu s", 2)
    middles = peer.ask("".join(f"SELECT round(ST_X(p)), round(ST_Y(p)) FROM ST_Transform({point_sql(t)}, 4549) p;\n" for t in asked.towns))
    nearest = [f"\\set x random({int(x) - 100},{int(x) + 100})\n\\set y random({int(y) - 100},{int(y) + 100})\nSELECT id, name FROM parts_m "
               "ORDER BY geom <-> ST_SetSRID(ST_MakePoint(:x, :y), 4549) LIMIT 10;\n" for x, y in middles]
    b = asked.file(map(locate_of, asked.near))
    alternate("10 nearest (our locate)", lambda: ours.round(b, seconds), lambda: peer.round("near", nearest, seconds), "each", "/cpu s", 5)
    any_of = lambda things: f"\\set i random(1, {len(things)})\n"
    c, boxes = asked.file(items_of(x, 1000) for x in asked.thousand), [any_of(asked.thousand) + BOX % BOXED % ":i" + ";\n"]
    alternate("box of 1,000 as GeoJSON", lambda: ours.round(c, seconds), lambda: peer.round("box", boxes, seconds), "each", "/cpu s", 5)
    d = asked.file(tile_of(t, "parts") for t in asked.full)
    tiles = [any_of(asked.full) + TILE % ("ST_AsMVT(t, 'parts', 4096, 'at')", ":i") + ";\n"]

    def cold():
        ours.again()
        return ours.round(d, seconds, 4, once=True)
    alternate(f"z{Z} tile of 2,000, cold", cold, lambda: peer.round("tile", tiles, seconds), "each", "/cpu s", 10)
    return b


def beside_redis(ours, peer, asked, near, seconds):
    compare_redis(ours, peer, asked)
    requests = [peer.search(*p) for p in asked.near]
    alternate("10 nearest, Redis GEOSEARCH", lambda: ours.round(near, seconds), lambda: peer.round(requests, seconds), "each", "/cpu s", None)


def steady(ours, paths, rate, connections, seconds, asked):
    """bench_steady: from the moment each was due."""
    requests = [f"GET {p} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ours.who.token}\r\n\r\n".encode() for p in paths]
    path = asked.file([])
    path.write_bytes(b"".join(b"%d\n%s" % (len(r), r) for r in requests))
    done = subprocess.run([common.BUILD / "tests/bench_steady", str(ours.server.port), str(rate), str(seconds), str(connections), path],
                          capture_output=True, text=True, check=True)
    got = common.fields(done.stdout)
    if got["wrong"] or got["broken"]:
        raise RuntimeError(f"{done.stdout} {done.stderr}")
    return got


def waits(ours, asked, seconds):
    both = [p for pair in zip(asked.points[:2000], asked.near[:2000]) for p in pair]
    rounds = [steady(ours, map(locate_of, both), RATE, common.CONNECTIONS, seconds, asked) for _ in range(ROUNDS)]
    for p, most in (("p50", None), ("p99", 2)):
        line(f"k locate, {common.CONNECTIONS} connections, {RATE}/s: {p}", median(rounds, p + "_us") / 1000, "ms", most=most)
    paths = [f"/v1/{support.JIXI}/geocode?q={quote(q)}" for q in asked.names]
    for q in asked.names[::100]:
        must(ours.json(f"/v1/{support.JIXI}/geocode?q={quote(q)}")["candidates"], f"nothing for {q}")
    rounds = [steady(ours, paths, 200, 4, seconds, asked) for _ in range(ROUNDS)]
    for p, most in (("p50", 1), ("p99", None)):
        line(f"k geocode, {asked.places:,} places: {p}", median(rounds, p + "_us") / 1000, "ms", most=most)


def mib(pids, key="Pss"):
    """What these processes hold; pages that several share are shared out."""
    kib = 0
    for pid in pids:
        kib += int(re.search(rf"^{key}:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)[1])
    return kib / 1024


def index(ours):
    """A layer of so many points from its file to ready: loaded, its tree, its ids, the table of its properties."""
    newest = max((common.county(ours.server) / "base").glob("parts-*.layer"), key=lambda p: p.stat().st_mtime)
    rounds = [common.fields(subprocess.run([common.BUILD / "tests/bench_map", newest], capture_output=True, text=True, check=True).stdout)
              for _ in range(ROUNDS)]
    count = f"{rounds[0]['features']:,.0f}"
    line(f"k {count} features ready", median(rounds, "ms") / 1000, "s", most=2)
    line(f"k {count} features, memory", median(rounds, "kib") / 1024, "MiB", most=100)


def maps(short, _):
    """(k) The map beside MapServer, PostGIS and Redis."""
    parts, columns, rows, places, seconds = (100_000, 50, 40, 13_000, 1) if short else (1_000_000, 200, 100, 130_000, 4)
    began, data = time.monotonic(), support.temp("map")
    data.mkdir()
    made = Map(parts, columns, rows, places)
    for name, text in (("parts.csv", made.parts_csv()), ("grids.geojson", made.grids_geojson()), ("places.csv", made.places_csv())):
        (data / name).write_text(text, "utf-8")
    asked, ours, peers = Asked(made, short), Ours(data), []
    points = [(made.part(i)["id"], x, y) for i, (x, y) in enumerate(zip(made.lon, made.lat))]
    say(f"the map in {time.monotonic() - began:.0f} s")
    try:
        ours.again()
        peers.append(MapServer(data))
        beside_mapserver(ours, peers[-1], asked, seconds)
        peers.append(PostGis(data))
        near = beside_postgis(ours, peers[-1], asked, seconds)
        peers.append(Redis(points))
        beside_redis(ours, peers[-1], asked, near, seconds)
        waits(ours, asked, seconds)
        say(f"of ours {mib([ours.server.proc.pid], 'Pss_Anon'):.0f} MiB are its own, the rest pages of its files")
        for peer in peers:
            x, y = mib([ours.server.proc.pid]), mib(peer.pids())
            line(f"k memory, beside {type(peer).__name__}", x, "MiB", peer=y, ratio=x / y)
        ours.server.stop()
        index(ours)
    finally:
        for peer in peers:
            peer.stop()
        ours.server.stop()
