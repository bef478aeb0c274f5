"""Tiles, decoded and compared with what they are made of."""
import json
import math
import sys
import threading
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
import mvt
import support
from support import JIXI, demo
from test_ogc import Map

GOLDEN = ("1a7178020a057061727473120f0807120400000101180122030932221212080812020002180222080904041200101000122008"
          "0912020103180322160900001a1400001413000f09040f1a000c0c00000b0f1a04636f64651a016e22040a0241312202200522"
          "050a03e4ba9522023005288020")
MVT = "application/vnd.mapbox-vector-tile"


def place(lon, lat, z, x, y):
    """In units of a WebMercator tile."""
    n = 2 ** z
    return ((lon + 180) / 360 * n - x) * 4096, ((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n - y) * 4096


def tile_of(lon, lat, z):
    n = 2 ** z
    return int((lon + 180) / 360 * n), int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n)


class Tiles(Map):
    def tile(self, collection, z, x, y, user="z-001", status=None):
        where = f"/collections/{collection}" if collection else ""
        client = self.who(user) if user else self.server.client()
        a = client.get(f"/ogc/{JIXI}{where}/xyz/{z}/{x}/{y}.pbf")
        if status:
            return self.is_status(a, status)
        self.assertIn(a.status, (200, 204), a)
        if a.status == 204:
            return {}
        self.assertEqual(a.headers["content-type"], MVT)
        return mvt.decode(a.body)

    def test_the_decoder_reads_the_golden_tile(self):
        parts = mvt.decode(bytes.fromhex(GOLDEN))["parts"]
        self.assertEqual([(f["id"], f["geometry"], f["properties"]) for f in parts["features"]], [
            (7, [(25, 17)], {"code": "A1", "n": 5}), (8, [[(2, 2), (2, 10), (10, 10)]], {"code": "井"}),
            (9, [[[(0, 0), (10, 0), (10, 10), (0, 10)], [(2, 2), (2, 8), (8, 8), (8, 2)]]], {"n": -3})])

    def test_every_point_is_where_it_is_and_says_what_it_says(self):
        rows = {r["id"]: r for r in self.parts()}
        z, seen = 16, set()  # farther out a full tile counts them
        tiles = {tile_of(float(r["lon"]), float(r["lat"]), z) for r in rows.values()}
        for x, y in tiles:
            for f in self.tile("parts", z, x, y)["parts"]["features"]:
                source = rows[f["properties"]["id"]]
                want = place(float(source["lon"]), float(source["lat"]), z, x, y)
                [got] = f["geometry"]
                self.assertTrue(abs(got[0] - want[0]) <= 0.51 and abs(got[1] - want[1]) <= 0.51, (got, want))
                self.assertTrue(-64 <= got[0] <= 4160 and -64 <= got[1] <= 4160)
                self.assertEqual(f["id"], int(source["id"]))
                self.assertEqual({k: f["properties"].get(k) for k in ("name", "category", "state", "owner_unit", "ordate")},
                                 {k: source[k] for k in ("name", "category", "state", "owner_unit", "ordate")})
                if 0 <= want[0] < 4096 and 0 <= want[1] < 4096:
                    self.assertNotIn(source["id"], seen)
                    seen.add(source["id"])
        self.assertEqual(seen, set(rows))

    def test_far_out_points_are_counted_and_none_is_lost(self):
        for z in (0, 5, 9, 12):
            total = 0
            for x, y in {tile_of(float(r["lon"]), float(r["lat"]), z) for r in self.parts()}:
                layer = self.tile("parts", z, x, y)["parts"]
                self.assertLessEqual(len(layer["features"]), 16 * 16)
                for f in layer["features"]:
                    [(px, py)] = f["geometry"]
                    self.assertTrue(0 <= px < 4096 and 0 <= py < 4096, f)
                    total += f["properties"].get("point_count", 1)
            self.assertEqual(total, len(self.parts()))

    def test_areas_keep_their_size_and_fit_together(self):
        grids = json.loads((demo() / JIXI / "grids.geojson").read_text("utf-8"))["features"]
        some = grids[len(grids) // 2]
        ring = some["geometry"]["coordinates"][0]
        ring = ring[0] if isinstance(ring[0][0], list) else ring
        z = 13
        x, y = tile_of(*ring[0], z)
        features = self.tile("grids", z, x, y)["grids"]["features"]
        covered = sum(area(p) for f in features for p in f["geometry"])
        self.assertLessEqual(covered, (4096 + 128) ** 2 * 1.001)  # nothing twice
        for f in features:
            self.assertEqual(f["kind"], 3)
            for polygon in f["geometry"]:
                for px, py in polygon[0]:
                    self.assertTrue(-72 <= px <= 4168 and -72 <= py <= 4168)
        got = {f["properties"]["id"] for f in features}
        want = {g["id"] for g in grids for p in ([g["geometry"]["coordinates"]] if g["geometry"]["type"] == "Polygon" else g["geometry"]["coordinates"])
                for px, py in p[0] if all(0 <= v <= 4096 for v in place(px, py, z, x, y))}
        self.assertTrue(want <= got, want - got)

    def test_what_is_not_there(self):
        self.tile("grids", 14, 0, 0, status=204)
        for z, x, y, status in ((23, 0, 0, 404), (5, 32, 0, 404), (5, 0, 32, 404), (5, -1, 0, 404), ("a", 0, 0, 400), (5, "1.5", 0, 400),
                                (99999999999999999999, 0, 0, 400)):
            self.tile("grids", z, x, y, status=status)
        self.tile("nothing", 0, 0, 0, status=404)
        self.tile("parts", 0, 0, 0, user=None, status=401)
        self.ask("/collections/grids/tiles/NoSuchQuad", status=404)
        self.ask("/tiles/WebMercatorQuad/5/0/0?collections=nothing", status=400)

    def test_a_tile_has_all_that_its_reader_may_see(self):
        r = self.parts()[0]
        x, y = tile_of(float(r["lon"]), float(r["lat"]), 14)
        self.assertTrue({"parts", "grids", "streets"} <= set(self.tile(None, 14, x, y)))
        self.assertNotIn("parts", self.tile(None, 14, x, y, user=None))
        a = self.who("z-001").get(f"/ogc/{JIXI}/tiles/WebMercatorQuad/14/{y}/{x}?collections=parts,streets")  # row before column
        self.assertEqual(set(mvt.decode(a.body)), {"parts", "streets"})
        self.assertEqual(mvt.decode(a.body)["parts"], self.tile("parts", 14, x, y)["parts"])

    def test_degrees_have_their_own_quads(self):
        r = self.parts()[0]
        lon, lat, z = float(r["lon"]), float(r["lat"]), 13
        col, row = int((lon + 180) / 360 * 2 ** (z + 1)), int((90 - lat) / 180 * 2 ** z)
        for tms in ("CGCS2000Quad", "WorldCRS84Quad"):
            a = self.who("z-001").get(f"/ogc/{JIXI}/collections/grids/tiles/{tms}/{z}/{row}/{col}")
            self.assertTrue(mvt.decode(self.is_status(a, 200).body)["grids"]["features"])
        doc = self.ask("/tileMatrixSets/CGCS2000Quad")
        self.assertEqual((doc["orderedAxes"], doc["tileMatrices"][0]["pointOfOrigin"]), (["Lat", "Lon"], [90, -180]))
        self.assertAlmostEqual(doc["tileMatrices"][0]["scaleDenominator"], 279541132.0143589)
        self.assertEqual((doc["tileMatrices"][10]["matrixWidth"], doc["tileMatrices"][10]["matrixHeight"]), (2048, 1024))
        web = self.ask("/tileMatrixSets/WebMercatorQuad")["tileMatrices"]
        self.assertAlmostEqual(web[0]["scaleDenominator"], 559082264.028717, 4)
        self.assertAlmostEqual(web[3]["cellSize"], 156543.033928041 / 8, 6)

    def test_what_is_said_of_tiles(self):
        for front in ("", "/collections/grids"):
            doc = self.ask(f"{front}/tiles")
            for t in doc["tilesets"]:
                one = self.follow(self.link(t, "self"))
                self.assertEqual(one["crs"], t["crs"])
                item = next(x for x in one["links"] if x["rel"] == "item")
                self.assertTrue(item["templated"] and item["type"] == MVT and item["href"].endswith("/{tileMatrix}/{tileRow}/{tileCol}"))
                self.assertTrue(self.follow(self.link(one, "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"))["tileMatrices"])
                self.assertIn("grids", [x["id"] for x in one["layers"]])
                for limit in one["tileMatrixSetLimits"]:
                    self.assertLessEqual(limit["minTileRow"], limit["maxTileRow"])
            tj = self.ask(f"{front}/tilejson")
            self.assertEqual((tj["tilejson"], tj["scheme"]), ("3.0.0", "xyz"))
            self.assertRegex(tj["tiles"][0], r"^http.*/xyz/\{z\}/\{x\}/\{y\}\.pbf\?v=[0-9a-f]{16}$")
            for layer in tj["vector_layers"]:
                self.assertTrue(0 <= layer["minzoom"] <= layer["maxzoom"] <= tj["maxzoom"])
                self.assertTrue(all(v in ("Number", "String", "Boolean") for v in layer["fields"].values()))
            w, s, e, n = tj["bounds"]
            self.assertTrue(117 < w < e < 120 and 29 < s < n < 32)

    def test_who_asks_at_once_gets_one_tile_and_none_twice(self):
        r = self.parts()[1]
        x, y = tile_of(float(r["lon"]), float(r["lat"]), 15)
        path = f"/ogc/{JIXI}/collections/parts/xyz/15/{x}/{y}.pbf"
        got = []
        clients = [self.server.another(JIXI, "z-001") for _ in range(8)]
        threads = [threading.Thread(target=lambda c=c: got.append(c.get(path))) for c in clients]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual({(a.status, a.body) for a in got}, {(200, got[0].body)})
        self.is_status(self.who("z-001").get(path, If_None_Match=got[0].headers["etag"]), 304)
        self.assertEqual(got[0].headers["access-control-allow-origin"], "*")

    def test_another_edition_makes_other_tiles(self):
        x, y = tile_of(118.6, 30.07, 16)

        def edition(n):
            body = json.dumps({"type": "FeatureCollection", "features": [{"type": "Feature", "id": f"p{k}", "properties": {"name": "新", "n": k - 1, "x": k / 4},
                               "geometry": {"type": "Point", "coordinates": [118.6 + k / 1000, 30.07]}} for k in range(n)]}, ensure_ascii=False).encode()
            self.is_status(self.who("admin").post(f"/v1/{JIXI}/import/places", body, Content_Type="application/geo+json"), 201)
            a = self.who("z-001").get(f"/ogc/{JIXI}/collections/places/xyz/16/{x}/{y}.pbf")
            return a.headers["etag"], sorted((f["properties"]["n"], f["properties"]["x"]) for f in mvt.decode(a.body)["places"]["features"])
        first, second, again = edition(2), edition(3), edition(2)
        self.assertEqual(first[1], [(-1, 0), (0, 0.25)])
        self.assertEqual(second[1], [(-1, 0), (0, 0.25), (1, 0.5)])
        self.assertNotEqual(first[0], second[0])
        self.assertEqual(first, again)  # the same data are the same tile


def area(polygon):
    return sum((1 if k == 0 else -1) * abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in zip(r, r[1:] + r[:1]))) / 2 for k, r in enumerate(polygon))


if __name__ == "__main__":
    unittest.main()
