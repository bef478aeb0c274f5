"""The map as OGC API – Features: what the official suite checks, rebuilt; selections against brute force over the same files."""
import base64
import contextlib
import csv
import io
import json
import math
import random
import re
import sys
import unittest
import urllib.parse
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
import support
from support import JIXI, LANGXI, CityTest, demo

CITY = "341800"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
SHIFTED = ["urn:x-wangge:crs:GCJ-02", "urn:x-wangge:crs:BD-09"]
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"


class Map(CityTest):
    @classmethod
    def setUpClass(cls):
        cls.server = support.city("ogc", plugins=["spatial"]).start()

    def ask(self, path, area=JIXI, status=200, user="z-001", **headers):
        client = self.who(user, area) if user else self.server.client()
        a = self.is_status(client.get(f"/ogc/{area}{path}", **headers), status)
        return a if "json" not in a.headers.get("content-type", "") else a.json

    def items(self, collection, query="", **more):
        return self.ask(f"/collections/{collection}/items{'?' + query if query else ''}", **more)

    def all(self, collection, query="", **more):
        """Every page's features."""
        page = self.items(collection, f"limit=1000&{query}".rstrip("&"), **more)
        features = page["features"]
        while next := self.link(page, "next"):
            page = self.follow(next, **more)
            features += page["features"]
        return features

    @contextlib.contextmanager
    def another_client(self):
        c = self.server.client()
        yield c
        c.close()

    def link(self, doc, rel):
        return next((x["href"] for x in doc["links"] if x["rel"] == rel), None)

    def follow(self, href, area=JIXI, **more):
        base = f"http://127.0.0.1:{self.server.port}/ogc/{area}"
        self.assertTrue(href.startswith(base), href)
        return self.ask(href[len(base):], area, **more)

    def parts(self):
        with open(demo() / JIXI / "parts.csv", encoding="utf-8", newline="") as f:
            return list(csv.DictReader(f))


class Suite(Map):
    """docs 17-069r4, Annex A, as its executable suite asks."""

    def test_the_landing_page_leads_everywhere(self):
        for path in ("", "/"):
            doc = self.ask(path, user=None)
            for rel, kind in (("self", "application/json"), ("alternate", "text/html"), ("service-desc", OPENAPI),
                              ("service-doc", "text/html"), ("conformance", "application/json"), ("data", "application/json")):
                self.assertIn((rel, kind), [(x["rel"], x["type"]) for x in doc["links"]])
        self.assertTrue(self.link(doc, "data").endswith("/collections"))
        self.ask("/nothing", status=404)

    def test_conformance_is_declared_as_1_0(self):
        uris = self.ask("/conformance", user=None)["conformsTo"]
        self.assertIn("http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core", uris)
        self.assertTrue(all(isinstance(u, str) for u in uris) and len(set(uris)) == len(uris))

    def test_the_api_document_holds_what_clients_read_in_it(self):
        a = self.server.client().get(f"/ogc/{JIXI}/api", Accept=OPENAPI)
        self.assertEqual(a.headers["content-type"].replace(" ", ""), OPENAPI)
        doc = self.who("z-001").get(f"/ogc/{JIXI}/api").json
        self.assertTrue(doc["openapi"].startswith("3.0"))
        self.assertEqual(doc["servers"][0]["url"], f"http://127.0.0.1:{self.server.port}/ogc/{JIXI}")
        for path in ("/conformance", "/collections", "/collections/parts", "/collections/parts/items"):
            self.assertIn("200", doc["paths"][path]["get"]["responses"])
        refs = re.findall(r'"\$ref": ?"#/components/parameters/([^"]+)"', json.dumps(doc))
        self.assertTrue(refs and set(refs) <= set(doc["components"]["parameters"]))
        limit = doc["components"]["parameters"]["limit"]
        self.assertEqual((limit["in"], limit["required"], limit["style"], limit["explode"]), ("query", False, "form", False))
        self.assertEqual(limit["schema"], {"type": "integer", "minimum": 1, "maximum": 10000, "default": 10})
        box = doc["components"]["parameters"]["bbox"]["schema"]
        self.assertEqual((box["type"], box["minItems"], box["maxItems"], box["items"]["type"]), ("array", 4, 6, "number"))
        ids = [op["operationId"] for path in doc["paths"].values() for op in path.values()]
        self.assertEqual(len(set(ids)), len(ids))
        for end in (".dataset.vector.getTileSetsList", ".dataset.vector.getTileSet", ".dataset.vector.getTile", "parts.collection.vector.getTile"):
            self.assertEqual(len([i for i in ids if i.endswith(end)]), 1, end)
        for path, ops in doc["paths"].items():  # what stands in braces is declared
            refs = [p["$ref"].rsplit("/", 1)[1] for p in ops["get"]["parameters"] if "$ref" in p]
            self.assertTrue(set(re.findall(r"{(\w+)}", path)) <= set(refs), path)
        main = self.server.client().get("/api").json  # and the server's own document lists every route of the plugin
        for path in ("/ogc/{area}", "/ogc/{area}/{rest}", "/ogc/{area}/collections/{collection}/items", "/v1/{area}/geocode"):
            self.assertIn("get", main["paths"][path])
        named = [p.get("name") for p in doc["paths"]["/collections/parts/items"]["get"]["parameters"]]
        self.assertIn("owner_unit", named)  # so that GDAL asks for it

    def test_collections_say_the_same_in_the_list_and_alone(self):
        doc = self.ask("/collections")
        self.assertEqual(doc["crs"][0], CRS84)
        ids = [c["id"] for c in doc["collections"]]
        self.assertTrue({"streets", "communities", "grids", "duties", "parts"} <= set(ids), ids)
        for c in doc["collections"]:
            one = self.ask(f"/collections/{c['id']}")
            for key in ("id", "title", "description", "extent", "itemType", "crs", "storageCrs"):
                self.assertEqual(c[key], one[key])
            self.assertEqual(c["crs"][0], CRS84)
            self.assertIn(c["storageCrs"], c["crs"])
            self.assertTrue(all(re.fullmatch(r"http://www\.opengis\.net/def/crs/(OGC/1\.3/CRS84|EPSG/0/\d+)", u) for u in c["crs"]))
            self.assertIn(("items", "application/geo+json"), [(x["rel"], x["type"]) for x in c["links"]])
        self.ask("/collections/nothing", status=404)

    def test_a_page_is_what_it_says(self):
        page = self.items("grids")
        self.assertEqual((page["type"], page["numberReturned"], len(page["features"])), ("FeatureCollection", 10, 10))
        self.assertIn(("self", "application/geo+json"), [(x["rel"], x["type"]) for x in page["links"]])
        every = self.all("grids")
        self.assertEqual(len(every), page["numberMatched"])
        self.assertEqual(len({f["id"] for f in every}), len(every))
        self.assertEqual(self.items("grids", "limit=7")["features"], every[:7])
        keys = {tuple(f["properties"]) for f in every}
        self.assertEqual(len(keys), 1)  # every property in every feature

    def test_a_next_link_stays_good_under_another_limit(self):
        first = self.items("grids", "limit=3")
        href = self.link(first, "next").replace("limit=3", "limit=10000")
        rest = self.follow(href)
        self.assertEqual(len(first["features"]) + len(rest["features"]), first["numberMatched"])
        self.assertEqual(rest["numberMatched"], first["numberMatched"])
        self.assertIsNone(self.link(rest, "next"))
        self.items("grids", "after=0000000000000000-3-9", status=404)

    def test_one_feature_has_its_links_and_its_id(self):
        some = self.items("grids", "limit=1")["features"][0]
        one = self.ask(f"/collections/grids/items/{some['id']}")
        self.assertEqual({k: one[k] for k in some}, some)
        for rel in ("self", "alternate", "collection"):
            self.assertTrue(self.link(one, rel))
        self.ask("/collections/grids/items/nothing", status=404)

    def test_boxes_of_the_suite_are_answered(self):
        for box in ("-1.5,50,1.5,53", "-80,-5,-70,5", "177,65,-177,70", "-180,85,180,90", "-180,-90,180,-85"):
            self.assertEqual(self.items("grids", f"bbox={box}")["numberMatched"], 0)
        self.assertEqual(self.items("grids", "bbox=118,29,-177,32")["numberMatched"], self.items("grids")["numberMatched"])
        extent = self.ask("/collections/grids")["extent"]["spatial"]["bbox"][0]
        self.assertEqual(self.items("grids", "bbox=" + ",".join(map(str, extent)))["numberMatched"], self.items("grids")["numberMatched"])

    def test_what_is_wrong_is_400_in_words(self):
        for query in ("limit=0", "limit=-1", "limit=unlimited", "limit=1.5", "nothing_of_ours=1", "bbox=1,2,3", "bbox=a,b,c,d",
                      "bbox=nan,1,2,3", "bbox=1,3,2,1", "bbox=160,30,161,160", "bbox=1,2,3,4,5", "bbox=,,,", "bbox=", "bbox=1e400,0,1,1",
                      "datetime=yesterday", "datetime=2026-01-02T00:00:00Z/2026-01-01T00:00:00Z", "datetime=", "datetime=a/b",
                      "crs=http://www.opengis.net/def/crs/0/unsupported", "bbox-crs=http://www.opengis.net/def/crs/0/unsupported&bbox=1,2,3,4",
                      "sortby=nothing", "sortby=", "properties=nothing", "after=x", "f=xml", "skipGeometry=maybe",
                      f"bbox=5,1,4,2&bbox-crs={EPSG}4549", f"bbox=1e30,1,2e30,2&bbox-crs={EPSG}4549"):
            a = self.who("z-001").get(f"/ogc/{JIXI}/collections/grids/items?{query}")
            self.assertEqual((a.status, a.headers["content-type"]), (400, "application/problem+json"), query)
            self.assertTrue(a.json["detail"], query)
        self.assertEqual(self.items("grids", "limit=999999999")["numberReturned"], self.items("grids")["numberMatched"])
        self.ask("/conformance?x=1", status=400)
        for good in ("datetime=2026-01-01T00:00:00Z", "datetime=../2026-01-01T00:00:00Z", "datetime=2026-01-01T00:00:00%2B08:00/.."):
            self.assertTrue(self.items("grids", good)["numberMatched"])


class Choice(Map):
    def test_points_in_a_box_equal_brute_force(self):
        rows = [(float(r["lon"]), float(r["lat"]), r["id"]) for r in self.parts()]
        rng = random.Random(20261123)
        for _ in range(40):
            lon, lat, _id = rng.choice(rows)
            w, s = lon - rng.random() * 0.01, lat - rng.random() * 0.01
            e, n = (lon, lat) if rng.random() < 0.5 else (lon + rng.random() * 0.01, lat + rng.random() * 0.01)
            want = {i for x, y, i in rows if w <= x <= e and s <= y <= n}  # the border is in
            page = self.items("parts", f"bbox={w!r},{s!r},{e!r},{n!r}&limit=10000")
            self.assertEqual({f["id"] for f in page["features"]}, want)
            self.assertEqual(page["numberMatched"], len(want))

    def test_areas_that_meet_a_box_equal_brute_force(self):
        grids = json.loads((demo() / JIXI / "grids.geojson").read_text("utf-8"))["features"]
        rng = random.Random(7)
        for _ in range(40):
            ring = rng.choice(grids)["geometry"]["coordinates"]
            ring = ring[0][0] if isinstance(ring[0][0][0], list) else ring[0]
            x, y = rng.choice(ring)
            d = 10 ** rng.uniform(-7, -2)
            box = (x - d * rng.random(), y - d * rng.random(), x + d * rng.random(), y + d * rng.random())
            want = {f["id"] for f in grids if meets(f["geometry"], box)}
            got = self.items("grids", "limit=10000&bbox=" + ",".join(map(repr, box)))
            self.assertEqual({f["id"] for f in got["features"]}, want)
            self.assertEqual(got["numberMatched"], len(want))

    def test_each_system_has_its_axes_and_selects_the_same(self):
        here = self.all("parts", "bbox=118.59,30.06,118.595,30.065")
        self.assertGreater(len(here), 5)
        uris = self.ask("/collections/parts")["crs"]
        self.assertEqual({u.rsplit("/", 1)[1] for u in uris},
                         {"CRS84", "4490", "4326", "3857", "4527", "4528", "4548", "4549", "4498", "4509", "32650"})
        for uri in uris + SHIFTED:
            quoted = urllib.parse.quote(uri, safe="")
            a = self.who("z-001").get(f"/ogc/{JIXI}/collections/parts/items?limit=10000&bbox=118.59,30.06,118.595,30.065&crs={quoted}")
            self.assertEqual(a.headers["content-crs"], f"<{uri}>")
            there = a.json["features"]
            self.assertEqual([f["id"] for f in there], [f["id"] for f in here])
            xy = [f["geometry"]["coordinates"] for f in there]
            if uri.endswith(("/4490", "/4326")):
                self.assertEqual([p[::-1] for p in xy], [f["geometry"]["coordinates"] for f in here])
            if uri in SHIFTED:
                self.assertEqual(a.json["coordRefSys"], uri)
                self.assertTrue(all(300 < metres(p, f["geometry"]["coordinates"]) < 1500 for p, f in zip(xy, here)))
            if uri.endswith("/32650"):
                self.assertTrue(all(6e5 < p[0] < 7e5 and 3.3e6 < p[1] < 3.4e6 for p in xy))  # UTM is east first
            if uri.endswith(("/4549", "/4548", "/4527")):
                self.assertTrue(all(3.2e6 < p[0] < 3.5e6 for p in xy))  # X is north
            box = [min(p[0] for p in xy), min(p[1] for p in xy), max(p[0] for p in xy), max(p[1] for p in xy)]
            d = (box[2] - box[0]) / 5, (box[3] - box[1]) / 5
            inner = [box[0] + d[0], box[1] + d[1], box[2] - d[0], box[3] - d[1] / 2]
            want = {f["id"] for f, (x, y) in zip(there, xy) if inner[0] <= x <= inner[2] and inner[1] <= y <= inner[3]}
            got = self.all("parts", f"bbox={','.join(map(repr, inner))}&bbox-crs={quoted}")
            self.assertEqual({f["id"] for f in got}, want, uri)  # a projected box leans, and does not reach out of the first
            self.assertTrue(want)
            one = self.who("z-001").get(f"/ogc/{JIXI}/collections/parts/items/{there[0]['id']}?crs={quoted}")
            self.assertEqual(one.json["geometry"], there[0]["geometry"])
            self.assertEqual(one.headers["content-crs"], f"<{uri}>")
        self.assertEqual(self.who("z-001").get(f"/ogc/{JIXI}/collections/parts/items").headers["content-crs"], f"<{CRS84}>")

    def test_the_systems_are_those_of_the_place_and_no_others_are_taken(self):
        lists = {area: {u.rsplit("/", 1)[1] for u in self.ask("/collections/grids", area)["crs"]} for area in (JIXI, LANGXI)}
        self.assertEqual(lists[JIXI] - lists[LANGXI], {"4527", "4548"})  # Langxi lies in one zone
        for code in ("4547", "4550", "4214", "4610", "2437", "32651", "999999", "-2", "0"):
            self.ask(f"/collections/grids/items?crs={EPSG}{code}", status=400)
            self.ask(f"/collections/grids/items?bbox=1,2,3,4&bbox-crs=EPSG:{code}", status=400)
        self.assertIn("4549", self.ask("/wfs?service=WFS&request=GetCapabilities").body.decode())

    def test_what_is_shifted_says_so_and_comes_back_by_its_own_box(self):
        for uri, word in zip(SHIFTED, ("gcj02", "bd09")):
            text = self.ask(f"/collections/parts/items?f=csv&limit=2&crs={uri}").body.decode()
            self.assertTrue(text.split("\r\n")[0].endswith(f",{word}_lon,{word}_lat"))
            self.assertIn(f"{word}_geometry", self.ask(f"/collections/grids/items?f=csv&limit=1&crs={uri}").body.decode())
            one = self.items("parts", f"limit=1&crs={uri}")["features"][0]
            x, y = one["geometry"]["coordinates"]
            got = self.items("parts", f"limit=1000&bbox={x-1e-7!r},{y-1e-7!r},{x+1e-7!r},{y+1e-7!r}&bbox-crs={uri}")
            self.assertIn(one["id"], [f["id"] for f in got["features"]])
            self.assertEqual(self.ask(f"/collections/parts/items/{one['id']}?crs={uri}")["coordRefSys"], uri)
        self.assertNotIn("coordRefSys", self.items("parts", "limit=1"))
        self.assertNotIn("x-wangge", json.dumps(self.ask("/collections")))  # clients look up what they find there

    def test_properties_are_asked_for_by_name(self):
        rows = self.parts()
        want = {r["id"] for r in rows if r["category"] == "0101"}
        self.assertEqual({f["id"] for f in self.all("parts", "category=0101")}, want)
        both = {r["id"] for r in rows if r["category"] == "0101" and r["state"] == "完好"}
        page = self.items("parts", "category=0101&state=" + urllib.parse.quote("完好"))
        self.assertEqual(page["numberMatched"], len(both))
        self.assertEqual(self.items("parts", "category=none")["numberMatched"], 0)

    def test_in_order_page_by_page(self):
        rows = sorted(self.parts(), key=lambda r: (r["category"], [-ord(c) for c in r["ordate"]], r["id"]))
        got = self.all("parts", "sortby=category,-ordate,%2Bid")
        self.assertEqual([f["id"] for f in got][:5000], [r["id"] for r in rows][:5000])
        self.assertEqual(len(got), len(rows))

    def test_columns_can_be_chosen(self):
        f = self.items("parts", "properties=category,state&limit=1")["features"][0]
        self.assertEqual(set(f["properties"]), {"category", "state"})
        f = self.items("parts", "exclude-properties=category&skipGeometry=true&limit=1")["features"][0]
        self.assertNotIn("category", f["properties"])
        self.assertIsNone(f["geometry"])
        shown = set(self.items("parts", "limit=1")["features"][0]["properties"])
        for which in ("queryables", "sortables", "schema"):
            doc = self.ask(f"/collections/parts/{which}")
            self.assertTrue(shown <= set(doc["properties"]))
            self.assertFalse(doc["additionalProperties"])
            self.assertEqual("geometry" in doc["properties"], which != "sortables")

    def test_csv_holds_the_same(self):
        a = self.who("z-001").get(f"/ogc/{JIXI}/collections/parts/items?limit=10000&bbox=118.59,30.06,118.6,30.07", Accept="text/csv")
        self.assertTrue(a.headers["content-type"].startswith("text/csv"))
        rows = list(csv.DictReader(io.StringIO(a.body.decode())))
        want = {r["id"]: r for r in self.parts()}
        self.assertGreater(len(rows), 100)
        for r in rows:
            source = want[r["id"]]
            self.assertEqual({k: r[k] for k in ("name", "category", "state", "ordate")}, {k: source[k] for k in ("name", "category", "state", "ordate")})
            self.assertEqual((float(r["lon"]), float(r["lat"])), (float(source["lon"]), float(source["lat"])))


class Rights(Map):
    def test_who_has_not_signed_in_sees_what_is_public(self):
        ids = {c["id"] for c in self.ask("/collections", user=None)["collections"]}
        self.assertIn("grids", ids)
        self.assertFalse(ids & {"parts", "duties"})
        self.items("parts", user=None, status=401)
        self.ask("/collections/parts", user=None, status=401)
        self.items("parts", user=None, status=401, Authorization="Bearer wrong")
        self.is_status(self.who("z-001", LANGXI).get(f"/ogc/{JIXI}/collections/parts/items"), 403)
        self.is_status(self.server.client().get("/ogc/999999/collections"), 404)

    def test_basic_does_as_well_as_a_token(self):
        basic = lambda user, word: "Basic " + base64.b64encode(f"{user}:{word}".encode()).decode()
        path, word = f"/ogc/{JIXI}/collections/parts/items?limit=1", support.password(JIXI, "z-001")
        with self.another_client() as c:
            sessions = lambda: int(re.search(r"(?m)^wangge_sessions (\d+)", c.get("/metrics").body.decode())[1])
            self.is_status(c.get(path, Authorization=basic("z-001", word)), 200)
            before = sessions()
            for user in ["z-001", f"{JIXI}/z-001"] * 5:
                self.is_status(c.get(path, Authorization=basic(user, word)), 200)
            self.assertEqual(sessions(), before)  # the password is hashed once, not for each request
            self.is_status(c.get(path, Authorization=basic(f"{support.CITY}/s-001", support.password(support.CITY, "s-001"))), 200)
            self.is_status(c.get(path, Authorization=basic(f"{LANGXI}/z-001", support.password(LANGXI, "z-001"))), 403)
            for bad in (basic("z-001", "wrong"), basic("nobody", "x"), "Basic !!!", "Basic ", basic("", ""), "Basic " + "A" * 3000):
                a = self.is_status(c.get(path, Authorization=bad), 401)
                self.assertIn("Basic", a.headers["www-authenticate"])
            self.is_status(c.get(f"/v1/{JIXI}/cases", Authorization=basic("z-001", word)), 401)  # only for the map

    def test_the_city_shows_its_counties_as_one(self):
        count = lambda area, user: self.items("parts", area=area, user=user)["numberMatched"]
        self.assertEqual(count(CITY, "s-001"), count(JIXI, "z-001") + count(LANGXI, "z-001"))
        every = self.all("grids", area=CITY, user="s-001")
        self.assertEqual({f["id"][:6] for f in every}, {JIXI, LANGXI})
        self.assertEqual(len({f["id"] for f in every}), self.items("grids", area=CITY, user="s-001")["numberMatched"])
        self.assertTrue(self.items("counties", area=CITY, user=None)["numberMatched"])


class Pages(Map):
    def test_each_answer_is_a_page_for_people(self):
        some = self.items("grids", "limit=1")["features"][0]["id"]
        for path in ("", "/conformance", "/collections", "/collections/parts", "/collections/parts/items", f"/collections/grids/items/{some}",
                     "/api", "/collections/parts/schema", "/collections/parts/queryables"):
            a = self.ask(path, Accept="text/html,application/xhtml+xml,*/*;q=0.8")
            self.assertEqual(a.headers["content-type"], "text/html; charset=utf-8", path)
            self.assertIn("<h1>", a.text if hasattr(a, "text") else a.body.decode())

    def test_what_accept_names_first_is_sent(self):
        kinds = {"application/geo+json, text/html;q=0.1": "geo+json", "text/html, */*": "text/html", "*/*": "geo+json", "text/csv, text/html": "text/csv",
                 "application/geo+json, application/json": "geo+json"}
        for accept, kind in kinds.items():
            a = self.who("z-001").get(f"/ogc/{JIXI}/collections/grids/items?limit=1", Accept=accept)
            self.assertIn(kind, a.headers["content-type"], accept)
        self.ask("/conformance?f=csv", status=400)

    def test_an_unchanged_page_is_not_sent_again(self):
        path = f"/ogc/{JIXI}/collections/grids/items?limit=3"
        a = self.who("z-001").get(path)
        self.is_status(self.who("z-001").get(path, If_None_Match=a.headers["etag"]), 304)
        self.assertNotEqual(self.who("z-001").get(path + "&f=csv").headers["etag"], a.headers["etag"])

    def test_links_follow_the_proxy_in_front(self):
        a = self.server.client().get(f"/ogc/{JIXI}", X_Forwarded_Proto="https", X_Forwarded_Host="gis.example.cn", X_Forwarded_Prefix="/city")
        self.assertEqual(self.link(a.json, "data"), f"https://gis.example.cn/city/ogc/{JIXI}/collections")
        a = self.server.client().get(f"/ogc/{JIXI}", X_Forwarded_Host="evil\"><script>")
        self.assertTrue(self.link(a.json, "data").startswith("http://127.0.0.1"))


# ---- brute force ----

def metres(a, b):
    """Good enough for what is moved by half a kilometre."""
    return math.hypot((a[0] - b[0]) * 96400, (a[1] - b[1]) * 110900)


def meets(geometry, box):
    """Does a polygon meet the box, borders counted? In fractions of nothing: doubles, as the answer is."""
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    return any(polygon_meets(p, box) for p in polygons)


def polygon_meets(rings, box):
    w, s, e, n = box
    for ring in rings:
        for (ax, ay), (bx, by) in zip(ring, ring[1:]):
            if segment_meets(ax, ay, bx, by, box):
                return True
    inside = False
    for ring in rings:
        for (ax, ay), (bx, by) in zip(ring, ring[1:]):
            if (ay > s) != (by > s) and w < (bx - ax) * (s - ay) / (by - ay) + ax:
                inside = not inside
    return inside


def segment_meets(ax, ay, bx, by, box):
    """Liang and Barsky: is any of the segment left when the four sides have cut it?"""
    w, s, e, n = box
    t0, t1 = 0.0, 1.0
    dx, dy = bx - ax, by - ay
    for p, q in ((-dx, ax - w), (dx, e - ax), (-dy, ay - s), (dy, n - ay)):
        if p == 0:
            if q < 0:
                return False
        elif p < 0:
            t0 = max(t0, q / p)
        else:
            t1 = min(t1, q / p)
    return t0 <= t1


if __name__ == "__main__":
    unittest.main()
