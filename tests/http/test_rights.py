"""Who sees what on the map: the county's own table `map`, held by item, filter, tile, count and name alike."""
import functools
import json
import subprocess
import sys
import threading
import unittest
import urllib.parse
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
import mvt
import support
from support import JIXI, scripts_copy, wait_until
from test_ogc import Map
from test_tiles import tile_of

RULES = """map = {
    parts = { public = { "category", "state" }, hidden = { "contract" }, roles = { "chief", "admin" }, edit = { "chief" } },
    grids = { public = false },
    cases = { public = { "state", "lamp" } },
    cameras = { title = "摄像机", roles = { "chief", "admin" }, hidden = { "stream" } },
    toilets = { title = "公厕", public = true },
    roads = { title = "道路" },
  },
  base = city,"""
ASKS = """on = {
    accept = function(case, ctx)
      local street, near, part = ctx.within(case, "streets"), ctx.areas_near(case, "grids", 500), ctx.part_at(case, 400)
      if not street or not near[1] or not part or ctx.within(case, "nowhere") or ctx.part_at(case, 5000, "9999") then return end
      local again = ctx.part_at(case, 400, part.category)
      return { notify { to = "leader", text = "街道" .. street.id .. "网格" .. near[1].id .. (near[1].inside and "内" or "外"),
        because = "近处部件" .. part.id .. "即" .. again.id } }
    end,"""
SECRET = {"contract": "合同-7", "phone": "13900000000", "联系人": "张三"}


class Rights(Map):
    @classmethod
    def setUpClass(cls):
        cls.server = support.city("rights", plugins=["spatial"], dev=True).start()
        cls.server.stop()
        scripts = scripts_copy(cls.server.folder / "scripts")
        cls.server.config["scripts"] = scripts
        rules = scripts / "counties" / JIXI / "rules.lua"
        rules.write_text(rules.read_text("utf-8").replace("base = city,", RULES).replace("on = {", ASKS), "utf-8")
        cls.server.start()
        wait_until(lambda: cls.server.client().get(f"/ogc/{JIXI}/collections/parts").status == 200)
        cls.id = cls.make()

    @classmethod
    def make(cls):
        body = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [118.6, 30.07]},
                "properties": {"name": "灯", "category": "0201", "state": "完好", **SECRET}}
        a = cls.server.person(JIXI, "z-001").ask("POST", f"/ogc/{JIXI}/collections/parts/items", json.dumps(body).encode(),
                                               Content_Type="application/geo+json")
        assert a.status == 201, a
        return a.headers["location"].rsplit("/", 1)[1]

    def fields(self, collection, user):
        return set(self.ask(f"/collections/{collection}/queryables", user=user)["properties"]) - {"geometry", "id"}

    def test_strangers_see_the_fields_that_the_county_opens_and_no_others(self):
        self.assertEqual(self.fields("parts", None), {"category", "state"})
        p = self.ask(f"/collections/parts/items/{self.id}", user=None)["properties"]
        self.assertEqual(p, {"category": "0201", "state": "完好"})
        for f in self.items("parts", "limit=50", user=None)["features"]:
            self.assertEqual(set(f["properties"]), {"category", "state"})
        text = self.ask("/collections/parts/items?f=csv&limit=5", user=None).body.decode()
        self.assertEqual(text.split("\r\n")[0], "id,category,state,lon,lat")

    def test_what_is_hidden_or_personal_leaves_for_nobody_by_no_way(self):
        lon, lat = 118.6, 30.07
        box = f"bbox={lon},{lat},{lon},{lat}"
        x, y = tile_of(lon, lat, 16)
        for user in ("z-001", "admin", None):
            client = self.who(user) if user else self.server.client()
            for path in (f"/collections/parts/items/{self.id}", f"/collections/parts/items?{box}", f"/collections/parts/items?{box}&f=csv",
                         f"/collections/parts/items/{self.id}?f=html", f"/collections/parts/xyz/16/{x}/{y}.pbf", f"/xyz/16/{x}/{y}.pbf",
                         f"/wfs?service=WFS&version=2.0.0&request=GetFeature&typeNames=wg:parts&resourceId={self.id}",
                         "/collections/parts/schema", "/collections/parts/queryables", "/tilejson", "/api"):
                a = client.get(f"/ogc/{JIXI}{path}")
                self.assertIn(a.status, (200, 204), (path, a))
                for key, value in SECRET.items():
                    self.assertNotIn(value.encode(), a.body, (user, path))
                    self.assertNotIn(f'"{key}"'.encode(), a.body, (user, path))
        for q in ("filter=" + urllib.parse.quote("contract = '合同-7'"), "contract=1", "sortby=phone", "properties=phone", "phone=13900000000"):
            self.items("parts", q, status=400)

    def test_a_tile_shows_what_an_item_shows(self):
        x, y = tile_of(118.6, 30.07, 16)
        for user, want in ((None, {"id", "category", "state"}), ("z-001", None)):
            client = self.who(user) if user else self.server.client()
            for path in ("/collections/parts/xyz", "/xyz"):
                tile = mvt.decode(client.get(f"/ogc/{JIXI}{path}/16/{x}/{y}.pbf").body)["parts"]
                [f] = [f for f in tile["features"] if f["properties"].get("id") == self.id]
                self.assertEqual(set(f["properties"]), want or {"id"} | {k for k, v in self.ask(
                    f"/collections/parts/items/{self.id}", user=user)["properties"].items() if v is not None})

    def test_only_the_roles_named_see_and_edit(self):
        for user, sees in (("z-001", True), ("admin", True), ("c-001", False), ("p-001", False)):
            self.assertEqual("owner_unit" in self.fields("parts", user), sees, user)
        # who is signed in without such a role sees what everybody does
        self.assertEqual(self.fields("parts", "c-001"), {"category", "state"})
        self.assertEqual(set(self.items("parts", "limit=1", user="c-001")["features"][0]["properties"]), {"category", "state"})
        body = json.dumps({"properties": {"state": "破损"}}).encode()
        for user, status in (("admin", 403), ("c-001", 403), ("z-001", 204)):
            self.is_status(self.who(user).ask("PATCH", f"/ogc/{JIXI}/collections/parts/items/{self.id}", body,
                                              Content_Type="application/merge-patch+json"), status)
        self.is_status(self.who("z-001").ask("PATCH", f"/ogc/{JIXI}/collections/parts/items/{self.id}",
                                             json.dumps({"properties": {"state": "完好"}}).encode(),
                                             Content_Type="application/merge-patch+json"), 204)

    def test_a_geocoder_names_no_grid_that_is_closed(self):
        self.is_status(self.who("admin").post(f"/v1/{JIXI}/users", {"user": "j-001", "name": "n", "password": "a long one 7", "roles": ["chief"],
                                                                    "streets": ["341824100"]}), 201)
        a = self.server.client().post("/v1/session", {"area": JIXI, "user": "j-001", "password": "a long one 7"})
        bound = self.server.client(a.json["token"], JIXI)
        for at, grids in (("lon=118.7&lat=30.2", 0), ("lon=118.592&lat=30.0665", 1)):
            everything = self.is_status(self.who("z-001").get(f"/v1/{JIXI}/geocode?{at}"), 200).json
            got = self.is_status(bound.get(f"/v1/{JIXI}/geocode?{at}"), 200).json
            self.assertEqual(("grid" in everything["place"], "grid" in got["place"]), (True, bool(grids)))
            self.assertIn("community", got["place"])  # which everybody sees
        place = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [118.592, 30.0665]}, "properties": {"name": "来苏桥头"}}
        self.is_status(self.who("admin").post(f"/ogc/{JIXI}/collections/places/items", json.dumps(place).encode(),
                                              Content_Type="application/geo+json"), 201)
        for client, grids in ((self.who("z-001"), True), (bound, False)):
            [found] = self.is_status(client.get(f"/v1/{JIXI}/geocode?q=" + urllib.parse.quote("来苏桥头")), 200).json["candidates"]
            self.assertEqual(("grid" in found["place"], found["place"]["county"]), (grids, JIXI))

    def test_a_layer_is_closed_to_strangers(self):
        self.items("grids", user=None, status=401)
        self.assertNotIn("grids", [c["id"] for c in self.ask("/collections", user=None)["collections"]])
        self.assertTrue(self.items("grids", user="c-001")["numberMatched"])

    def test_cases_are_open_as_far_as_the_county_says(self):
        case = self.reported(i=4)
        f = self.ask(f"/collections/cases/items/{case}", user=None)
        self.assertEqual(f["properties"], {"state": "reported", "lamp": "green"})
        self.items("cases", "filter=" + urllib.parse.quote("unit = 'u-hw'"), user=None, status=400)

    def test_a_page_of_an_official_is_no_way_in_for_a_stranger(self):
        page = self.items("parts", "limit=5", user="z-001")
        after = self.link(page, "next").split("after=")[1]
        f = self.items("parts", f"limit=5&after={after}", user=None)["features"][0]
        self.assertEqual(set(f["properties"]), {"category", "state"})

    def test_the_city_s_map_keeps_each_county_s_rights(self):
        seen = self.items("parts", f"limit=1&filter=" + urllib.parse.quote(f"id = '{self.id}'"), area="341800", user=None)
        self.assertEqual(seen["features"][0]["properties"], {"category": "0201", "state": "完好"})

    def test_a_layer_of_the_county_s_own_is_one_like_any_other(self):
        admin = self.who("admin")

        def load(name, *features, status=201):
            text = "".join(json.dumps(f, ensure_ascii=False) + "\n" for f in features).encode()
            return self.is_status(admin.post(f"/v1/{JIXI}/import/{name}", text, Content_Type="application/geo+json-seq"), status)

        def point(id, lon, **properties):
            return {"type": "Feature", "id": id, "geometry": {"type": "Point", "coordinates": [lon, 30.07]}, "properties": properties}
        load("cameras", point("cam-1", 118.6, name="南门", stream="rtsp://10.0.0.7/1", dir=90), point("cam-2", 118.61, name="北门", dir=0))
        load("toilets", point("wc-1", 118.6, name="南门公厕"))
        load("roads", {"type": "Feature", "id": "r-1", "properties": {"name": "阳志路"},
                       "geometry": {"type": "LineString", "coordinates": [[118.59, 30.06], [118.61, 30.08]]}})
        load("nonsense", point("a", 118.6), status=404)
        self.is_status(self.server.person("341821", "admin").post("/v1/341821/import/cameras", b"{}", Content_Type="application/json"), 404)
        self.assertEqual({f["id"]: f["properties"] for f in self.items("cameras", user="z-001")["features"]},
                         {"cam-1": {"name": "南门", "dir": 90}, "cam-2": {"name": "北门", "dir": 0}})
        self.items("cameras", user="c-001", status=403)
        self.items("cameras", user=None, status=401)
        self.assertEqual(self.items("toilets", user=None)["features"][0]["properties"]["name"], "南门公厕")
        titles = {c["id"]: c["title"] for c in self.ask("/collections", user=None)["collections"]}
        self.assertEqual(titles["toilets"], "公厕")
        self.assertFalse({"cameras", "roads"} & titles.keys())
        self.assertEqual(self.items("roads", "bbox=118.6,30.0701,118.602,30.0715")["numberMatched"], 1)
        x, y = tile_of(118.6, 30.07, 16)
        tile = mvt.decode(self.who("z-001").get(f"/ogc/{JIXI}/xyz/16/{x}/{y}.pbf").body)
        self.assertEqual([f["properties"]["id"] for f in tile["cameras"]["features"]], ["cam-1"])
        self.assertEqual(len(tile["roads"]["features"]), 1)
        sources = {x.get("source-layer") for x in self.ask("/styles/map", user="z-001")["layers"]}
        self.assertTrue({"cameras", "toilets", "roads"} <= sources)
        # edited, edited again, and read back
        body = json.dumps({"properties": {"dir": 45}}).encode()
        self.is_status(admin.ask("PATCH", f"/ogc/{JIXI}/collections/cameras/items/cam-2", body, Content_Type="application/merge-patch+json"), 204)
        self.server.stop()
        self.server.start()
        self.assertEqual(self.ask("/collections/cameras/items/cam-2")["properties"]["dir"], 45)
        self.assertEqual(self.is_status(self.who("admin").get(f"/v1/{JIXI}/status"), 200).json["base"]["cameras"], 2)

    def test_rules_ask_what_lies_around_a_case_and_the_audit_agrees(self):
        case = self.reported(i=6)
        c = self.is_status(self.who("a-001").act(case, "accept", {}), 200).json
        why = json.dumps(self.is_status(self.who("z-001").get(f"/v1/{JIXI}/cases/{case}/explain"), 200).json, ensure_ascii=False)
        self.assertIn(f"街道{c['street']}网格{c['grid']}内", why)
        self.assertRegex(why, r"近处部件(\d{16})即\1")
        self.server.stop()
        a = subprocess.run([str(support.WANGGE), "replay", "-c", self.server.file, "--audit", JIXI], capture_output=True, text=True)
        self.assertEqual(a.returncode, 0, a.stdout + a.stderr)
        self.server.start()


class Streets(Map):
    """Whose account is bound to streets: of what is not everybody's only what lies in them, by whatever way."""

    @classmethod
    def setUpClass(cls):
        cls.server = support.city("streets", plugins=["spatial"]).start()
        with open(support.demo() / JIXI / "streets.geojson", encoding="utf-8") as f:
            cls.street = {f["id"]: f["geometry"] for f in json.load(f)["features"]}
        cls.mine = cls.account("j-001", "chief", sorted(cls.street)[:1])
        cls.two = cls.account("j-002", "chief", ["341824100", "341824107"])
        cls.editor = cls.account("j-003", "admin", cls.mine)
        cls.nowhere = cls.account("j-004", "chief", ["341824999"])

    @classmethod
    def account(cls, user, role, streets):
        admin = cls.server.person(JIXI, "admin")
        a = admin.post(f"/v1/{JIXI}/users", {"user": user, "name": user, "password": "a long one 7", "roles": [role], "streets": streets})
        assert a.status == 201, a
        a = cls.server.client().post("/v1/session", {"area": JIXI, "user": user, "password": "a long one 7"})
        assert a.json["user"]["streets"] == streets, a
        cls.server.people[JIXI, user] = cls.server.client(a.json["token"], JIXI)
        return streets

    @functools.lru_cache(None)
    def holds(self, street, x, y):
        """By a count of edges crossed, from the streets' file."""
        geometry = self.street[street]
        parts = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
        return sum((y0 > y) != (y1 > y) and x < (x1 - x0) * (y - y0) / (y1 - y0) + x0
                   for part in parts for ring in part for (x0, y0), (x1, y1) in zip(ring, ring[1:])) % 2 == 1

    def inside(self, features, streets):
        return {f["id"] for f in features if any(self.holds(s, *f["geometry"]["coordinates"]) for s in streets)}

    def test_points_are_those_of_the_streets_by_item_count_filter_table_and_tile(self):
        everything = self.all("parts")
        for user, streets in (("j-002", self.two), ("j-001", self.mine)):
            want = self.inside(everything, streets)
            self.assertTrue(0 < len(want) < len(everything))
            got = self.all("parts", user=user)
            self.assertEqual({f["id"] for f in got}, want)
            self.assertEqual(self.items("parts", "limit=1", user=user)["numberMatched"], len(want))
            rows = self.ask("/collections/parts/items?f=csv&limit=10000", user=user).body.decode().split("\r\n")
            ids = {r.split(",")[0] for r in rows[1:] if r}
            self.assertTrue(ids <= want and len(ids) == min(10000, len(want)))
            filtered = self.items("parts", "limit=1&filter=" + urllib.parse.quote("id like '3418%'"), user=user)
            self.assertEqual(filtered["numberMatched"], len(want))
            xml = self.ask("/wfs?service=WFS&version=2.0.0&request=GetFeature&typeNames=wg:parts&resultType=hits", user=user).body.decode()
            self.assertIn(f'numberMatched="{len(want)}"', xml)
            counted = 0
            box = self.ask("/collections/parts", user="z-001")["extent"]["spatial"]["bbox"][0]
            (x0, y1), (x1, y0) = tile_of(box[0], box[1], 12), tile_of(box[2], box[3], 12)
            for x in range(x0, x1 + 1):
                for y in range(y0, y1 + 1):
                    a = self.who(user).get(f"/ogc/{JIXI}/collections/parts/xyz/12/{x}/{y}.pbf")
                    for f in mvt.decode(a.body)["parts"]["features"] if a.status == 200 else []:
                        counted += f["properties"].get("point_count", 1)
            self.assertEqual(counted, len(want))
        other = next(f["id"] for f in everything if f["id"] not in want)
        self.ask(f"/collections/parts/items/{other}", user="j-001", status=404)
        self.ask(f"/collections/parts/items/{other}", user="z-001")

    def test_areas_are_those_that_reach_in(self):
        duties = {f["id"] for f in self.all("duties")}
        got = {f["id"] for f in self.all("duties", user="j-001")}
        self.assertTrue(0 < len(got) < len(duties))
        for f in self.all("parts", user="j-001")[::10]:  # one that holds a place of the street reaches into it
            x, y = f["geometry"]["coordinates"]
            at = "filter=" + urllib.parse.quote(f"s_intersects(geometry, POINT({x} {y}))")
            self.assertEqual({f["id"] for f in self.all("duties", at, user="j-001")}, {f["id"] for f in self.all("duties", at)})

    def test_what_is_everybodys_stays_whole(self):
        for layer in ("streets", "grids"):
            self.assertEqual(self.items(layer, user="j-001")["numberMatched"], self.items(layer, user=None)["numberMatched"])

    def test_a_street_that_is_not_there_shows_nothing(self):
        for query in ("", "filter=" + urllib.parse.quote("category = '0103' AND state IS NOT NULL"), "category=0103", "sortby=state", "f=csv"):
            got = self.items("parts", query, user="j-004")
            self.assertEqual(got.body.count(b"\n") if query == "f=csv" else got["numberMatched"], 1 if query == "f=csv" else 0, query)
        self.assertEqual(self.items("cases", user="j-004")["numberMatched"], 0)
        west = self.ask("", user="j-004")["extent"]["spatial"]["bbox"][0][0]
        self.assertGreater(west, 118)
        self.assertGreater(self.ask("/collections/parts/tilejson", user="j-004")["bounds"][0], 118)

    def test_cases_come_and_go_with_their_street(self):
        before = {f["id"] for f in self.all("cases", user="j-001")}
        made = [self.reported(i=i) for i in range(12)]
        everything = {f["id"]: f for f in self.all("cases")}
        want = self.inside(everything.values(), self.mine)
        self.assertEqual({f["id"] for f in self.all("cases", user="j-001")}, want)
        self.assertTrue(before <= want and set(made) <= everything.keys() and want != everything.keys())

    def test_the_token_of_another_s_page_is_none(self):
        after = self.link(self.items("parts", "limit=5"), "next").split("after=")[1]
        got = self.who("j-001").get(f"/ogc/{JIXI}/collections/parts/items?limit=5&after={after}")
        self.assertEqual(got.status, 404)

    def test_edits_stay_in_the_streets(self):
        everything = self.all("parts")
        mine = self.inside(everything, self.mine)
        here = next(f for f in everything if f["id"] in mine)
        there = next(f for f in everything if f["id"] not in mine)
        path = f"/ogc/{JIXI}/collections/parts/items"
        merge = {"Content_Type": "application/merge-patch+json"}
        geo = {"Content_Type": "application/geo+json"}
        c = self.who("j-003")
        body = json.dumps({"properties": {"state": "破损"}}).encode()
        self.is_status(c.ask("PATCH", f"{path}/{here['id']}", body, **merge), 204)
        self.assertEqual(self.ask(f"/collections/parts/items/{here['id']}", user="j-001")["properties"]["state"], "破损")
        for method, body in (("PATCH", body), ("PUT", json.dumps(there).encode()), ("DELETE", None)):
            self.is_status(c.ask(method, f"{path}/{there['id']}", body, **(merge if method == "PATCH" else geo)), 404)
        moved = {**here, "geometry": there["geometry"]}
        self.is_status(c.ask("PUT", f"{path}/{here['id']}", json.dumps(moved).encode(), **geo), 403)
        self.is_status(c.ask("PUT", f"{path}/{there['id']}", json.dumps({**there, "geometry": here["geometry"]}).encode(), **geo), 404)
        new = {"type": "Feature", "properties": {"category": "0201"}, "geometry": there["geometry"]}
        self.is_status(c.ask("POST", path, json.dumps(new).encode(), **geo), 403)
        made = self.is_status(c.ask("POST", path, json.dumps({**new, "geometry": here["geometry"]}).encode(), **geo), 201)
        self.is_status(c.ask("DELETE", f"{path}/{made.headers['location'].rsplit('/', 1)[1]}"), 204)

    def test_an_editor_s_tag_is_that_of_what_was_made(self):
        c, path = self.who("j-003"), f"/ogc/{JIXI}/collections/parts/items"
        here = self.all("parts", user="j-003")[0]["geometry"]
        body = json.dumps({"type": "Feature", "properties": {"category": "0201"}, "geometry": here}).encode()
        made = self.is_status(c.ask("POST", path, body, Content_Type="application/geo+json"), 201)
        item, tag = made.headers["location"].split("127.0.0.1", 1)[1].split("/", 1)[1], made.headers["etag"]
        for state in ("破损", "完好"):
            self.assertEqual(c.get("/" + item).headers["etag"], tag)
            tag = self.is_status(c.ask("PATCH", "/" + item, json.dumps({"properties": {"state": state}}).encode(), If_Match=tag,
                                       Content_Type="application/merge-patch+json"), 204).headers["etag"]
        self.is_status(c.ask("DELETE", "/" + item, If_Match=tag), 204)

    def test_many_who_edit_one_part_lose_nothing(self):
        path = f"/ogc/{JIXI}/collections/parts/items/{self.all('parts', user='j-003')[5]['id']}"
        said = []

        def edit(n):
            c = self.server.another(JIXI, "j-003")
            for k in range(5):
                said.append(c.ask("PATCH", path, json.dumps({"properties": {f"by_{n}_{k}": k}}).encode(), Content_Type="application/merge-patch+json").status)
        threads = [threading.Thread(target=edit, args=(n,)) for n in range(3)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        now = self.who("z-001").get(path).json["properties"]
        self.assertEqual(said.count(204), sum(k.startswith("by_") for k in now), said)
        self.assertTrue(set(said) <= {204, 412} and said.count(204) > 8, said)

    def test_who_is_bound_redraws_no_street_and_edits_only_what_lies_whole_in_theirs(self):
        c, geo = self.who("j-003"), {"Content_Type": "application/geo+json"}
        mine = self.ask(f"/collections/streets/items/{self.mine[0]}")
        self.is_status(c.ask("PUT", f"/ogc/{JIXI}/collections/streets/items/{self.mine[0]}", json.dumps(mine).encode(), **geo), 403)
        other = next(s for s in self.street if s not in self.mine)
        self.is_status(c.ask("DELETE", f"/ogc/{JIXI}/collections/streets/items/{other}"), 403)
        x, y = self.all("parts", user="j-001")[0]["geometry"]["coordinates"]
        for side, status in ((1e-5, 201), (2, 403)):
            ring = [[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]
            body = {"type": "Feature", "properties": {"unit": "u-cg"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
            made = self.is_status(c.post(f"/ogc/{JIXI}/collections/duties/items", json.dumps(body).encode(), **geo), status)
            if status == 201:
                self.is_status(c.ask("DELETE", f"/ogc/{JIXI}/collections/duties/items/{made.headers['location'].rsplit('/', 1)[1]}"), 204)

    def test_a_new_password_frees_nobody(self):
        admin, path = self.who("admin"), f"/v1/{JIXI}/users"
        user = {"user": "j-006", "name": "n", "password": "a long one 7", "roles": ["chief"], "streets": self.mine}
        self.is_status(admin.post(path, user), 201)
        for streets, want in ({}, self.mine), ({"streets": self.two}, self.two), ({"streets": []}, None), ({}, None):
            self.is_status(admin.ask("PUT", f"{path}/j-006", {"user": "j-006", "name": "n", "password": "a long one 8", "roles": ["chief"], **streets}), 200)
            [now] = [u for u in admin.get(path).json["users"] if u["id"] == "j-006"]
            self.assertEqual(now.get("streets"), want)

    def test_the_city_s_map_narrows_each_county(self):
        a = self.server.person("341800", "admin").post("/v1/341800/users", {
            "user": "j-100", "name": "市级", "password": "a long one 7", "roles": ["chief"], "streets": self.mine})
        self.is_status(a, 201)
        a = self.server.client().post("/v1/session", {"area": "341800", "user": "j-100", "password": "a long one 7"})
        self.server.people["341800", "j-100"] = self.server.client(a.json["token"], "341800")
        self.assertEqual({f["id"] for f in self.all("parts", area="341800", user="j-100")}, {f["id"] for f in self.all("parts", user="j-001")})

    def test_streets_that_can_be_none_are_refused(self):
        for streets in ("341824001", [341824001], ["34182400"], ["341821001"], ["34182400x"], ["341824001"] * 17):
            a = self.who("admin").post(f"/v1/{JIXI}/users", {"user": "j-9", "name": "n", "password": "a long one 7", "roles": ["chief"], "streets": streets})
            self.is_status(a, 422)
            self.assertEqual(a.json["errors"][0]["pointer"], "/streets")


if __name__ == "__main__":
    unittest.main()
