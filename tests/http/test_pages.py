"""What a browser is given: pages with a place for a map, the files that draw it, its style. tests/browser opens them."""
import html.parser
import json
import struct
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
import support
from support import JIXI
from test_ogc import CITY, Map

BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"


class Page(html.parser.HTMLParser):
    """Its tags with their attributes."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def all(self, tag):
        return [a for t, a in self.tags if t == tag]

    @property
    def map(self):
        return next((a for a in self.all("section") if a.get("id") == "map"), None)


class Pages(Map):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls.server.person(JIXI, "c-001").report(support.event(JIXI))  # a layer without a feature has no fields
        assert case.status == 201, case

    def page(self, path, **more):
        return Page(self.ask(path, Accept=BROWSER, **more).body.decode())

    def file(self, name, status=200, **headers):
        return self.is_status(self.server.client().get(f"/ogc/{JIXI}/web/{name}", **headers), status)

    def grid(self):
        return self.items("grids", "limit=1")["features"][0]["id"]

    def test_a_page_about_a_place_has_a_map_and_others_have_none(self):
        for path in ("/", "/collections/parts", "/collections/grids", f"/collections/grids/items/{self.grid()}"):
            page = self.page(path)
            self.assertIn("hidden", page.map, path)  # until there is a script
            self.assertEqual(("data-feature" in page.map, "data-box" in page.map), ("items" in path, "items" not in path), path)
        for path in ("/conformance", "/collections", "/api", "/styles/map"):
            self.assertIsNone(self.page(path).map, path)

    def test_a_county_opens_on_itself_and_the_city_on_all_of_it(self):
        box = lambda **more: [float(x) for x in self.page("/", user=None, **more).map["data-box"].split(",")]
        own, whole = box(), box(area=CITY)
        streets = self.ask("/collections/streets", user=None)["extent"]["spatial"]["bbox"][0]
        for k in range(4):
            self.assertAlmostEqual(own[k], streets[k], 1)
        self.assertTrue(whole[0] < own[0] - 0.1 and whole[3] > own[3] + 0.1, (own, whole))

    def test_pages_take_nothing_from_elsewhere_and_run_nothing_inline(self):
        home = f"http://127.0.0.1:{self.server.port}/"
        for path in ("/", "/conformance", f"/collections/grids/items/{self.grid()}"):
            page = self.page(path)
            [policy] = [m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy"]
            self.assertTrue(policy.startswith("default-src 'none'; "), policy)
            for word in ("unsafe", "*", "http"):
                self.assertNotIn(word, policy)
            for tag, attribute in (("script", "src"), ("link", "href"), ("img", "src")):
                for a in page.all(tag):
                    self.assertTrue(a[attribute].startswith((home, "data:")), a)
            self.assertFalse(page.all("style"))
            for _, attrs in page.tags:
                self.assertFalse([k for k in attrs if k.startswith("on") or k == "style"], attrs)

    def test_all_that_a_page_names_is_there_with_its_type_and_may_be_kept(self):
        page = self.page("/")
        named = [a["src"] for a in page.all("script")] + [a["href"] for a in page.all("link") if a["rel"] == "stylesheet"]
        named.append(page.map["data-worker"])
        self.assertEqual(len(named), 5)
        for href in named:
            name = href.split("/web/")[1]
            a = self.file(name)
            self.assertEqual(a.headers["content-type"], {".js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}[name.split("?")[0][-3:]])
            self.assertIn("immutable", a.headers["cache-control"])
            self.assertEqual(a.headers["x-content-type-options"], "nosniff")
            self.file(name, status=304, If_None_Match=a.headers["etag"])
            bare = self.file(name.split("?")[0])
            self.assertEqual((bare.headers["cache-control"], bare.body), ("no-cache", a.body))

    def test_no_name_leads_out_of_the_folder(self):
        for name in ("", "..%2Fspatial.so", "%2e%2e%2fspatial.so", "%2Fetc%2Fpasswd", "map.js%00", "nothing.js", "."):
            self.assertIn(self.server.client().get(f"/ogc/{JIXI}/web/{name}").status, (400, 404), name)

    def style(self, **more):
        return self.ask("/styles/map", **more)

    def test_a_style_draws_what_its_reader_may_see_and_nothing_else(self):
        [listed] = self.ask("/styles")["styles"]
        self.assertEqual(listed["links"][0]["type"], "application/vnd.mapbox.style+json")
        for user in (None, "z-001"):
            seen = {v["id"]: set(v["fields"]) for v in self.ask("/tilejson", user=user)["vector_layers"]}
            layers = self.style(user=user)["layers"]
            self.assertEqual({x["source-layer"] for x in layers if "source-layer" in x}, set(seen))
            self.assertEqual(len({x["id"] for x in layers}), len(layers))
            for layer in layers:
                self.assertTrue(gets(layer) <= seen.get(layer.get("source-layer"), set()), layer)
        self.assertIn("parts", seen)
        self.ask("/styles/nothing", status=404)

    def test_every_symbol_of_the_style_is_in_the_picture_at_both_scales(self):
        style = self.style()
        front, query = style["sprite"].split("/web/")[1].split("?")
        wanted = {w for layer in style["layers"] for w in words(layer.get("layout", {}).get("icon-image")) if w.startswith("part-")}
        self.assertTrue(wanted)
        for scale, mark in ((1, ""), (2, "@2x")):
            index = self.file(f"{front}{mark}.json?{query}").json
            picture = self.file(f"{front}{mark}.png?{query}").body
            wide, high = struct.unpack(">II", picture[16:24])
            self.assertEqual(picture[:8], b"\x89PNG\r\n\x1a\n")
            self.assertTrue(wanted <= set(index), wanted - set(index))
            for s in index.values():
                self.assertEqual(s["pixelRatio"], scale)
                self.assertTrue(s["x"] + s["width"] <= wide and s["y"] + s["height"] <= high, s)

    def test_a_browser_signs_in_and_is_sent_to_the_map(self):
        a = self.ask("/login", user=None, status=401)
        self.assertIn("login", self.page("/").all("a")[2]["href"])
        self.assertEqual(a["status"], 401)
        self.assertIn("Basic", self.server.client().get(f"/ogc/{JIXI}/login").headers["www-authenticate"])
        self.assertTrue(self.is_status(self.who("z-001").get(f"/ogc/{JIXI}/login"), 303).headers["location"].endswith(f"/ogc/{JIXI}/"))

    def test_tiles_have_another_address_for_who_sees_more(self):
        self.assertNotEqual(self.ask("/tilejson", user=None)["tiles"], self.ask("/tilejson")["tiles"])


class Bare(unittest.TestCase):
    def test_without_its_files_a_page_has_no_map_and_the_log_says_so(self):
        empty = support.temp("web")
        empty.mkdir(parents=True)
        (empty / "page.css").write_text("body { color: black }")
        server = support.city("bare", plugins=[{"name": "spatial", "config": {"web": empty}}]).start()
        a = server.client().get(f"/ogc/{JIXI}/", Accept=BROWSER)
        self.assertEqual(a.status, 200)
        page = Page(a.body.decode())
        self.assertIsNone(page.map)
        self.assertFalse(page.all("script"))
        self.assertEqual(server.client().get(f"/ogc/{JIXI}/styles").json["styles"], [])
        self.assertEqual(server.client().get(f"/ogc/{JIXI}/styles/map").status, 404)
        self.assertEqual(server.stop(), 0)
        [line] = [json.loads(x) for x in server.said().splitlines() if "without a map" in x]  # once, not for each county
        self.assertEqual(line["level"], "warn")
        self.assertIn("map.js", line["msg"])
        self.assertNotIn("page.css", line["msg"])

    def test_a_folder_that_is_no_full_path_is_refused(self):
        server = support.city("relative", plugins=[{"name": "spatial", "config": {"web": "web"}}])
        with self.assertRaisesRegex(RuntimeError, "full path"):
            server.start()


def words(v):
    """All texts in an expression."""
    return {v} if isinstance(v, str) else {w for x in v for w in words(x)} if isinstance(v, (list, tuple)) else set()


def gets(v):
    """The properties that a layer reads."""
    if isinstance(v, dict):
        v = list(v.values())
    if not isinstance(v, list):
        return set()
    own = {v[1]} if len(v) == 2 and v[0] in ("get", "has") else set()
    return own.union(*(gets(x) for x in v)) if v else own


if __name__ == "__main__":
    unittest.main()
