"""OGC API – Features, part 4: features made, replaced, changed, taken out, and what becomes of it everywhere else."""
import base64
import json
import sys
import threading
import time
import unittest
import urllib.parse
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
import mvt
import support
from support import JIXI
from test_ogc import CRS84, EPSG, Map
from test_tiles import tile_of

GEO = "application/geo+json"
PATCH = "application/merge-patch+json"
HERE = (118.5987, 30.0678)


def lamp(lon=HERE[0], lat=HERE[1], **properties):
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [lon, lat]},
            "properties": {"name": "路灯", "category": "0201", "owner_unit": "u-hw", **properties}}


def square(lon, lat, side, **properties):
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [
        [[lon, lat], [lon + side, lat], [lon + side, lat + side], [lon, lat + side], [lon, lat]]]}}


class Edit(Map):
    @classmethod
    def setUpClass(cls):
        cls.server = support.city("edit", plugins=["spatial"]).start()

    def send(self, method, path, body=None, status=None, user="admin", kind=GEO, area=JIXI, **headers):
        client = self.who(user, area) if user else self.server.client()
        text = body if isinstance(body, (bytes, type(None))) else json.dumps(body, ensure_ascii=False).encode()
        if text is not None:
            headers["Content_Type"] = kind
        a = client.ask(method, f"/ogc/{area}{path}", text, **headers)
        if status:
            self.is_status(a, status)
        return a

    def make(self, feature=None, collection="parts", **more):
        """The id of a new feature."""
        a = self.send("POST", f"/collections/{collection}/items", feature or lamp(), 201, **more)
        base = f"http://127.0.0.1:{self.server.port}/ogc/{JIXI}/collections/{collection}/items/"
        self.assertTrue(a.headers["location"].startswith(base), a.headers)
        return a.headers["location"][len(base):]

    def item(self, id, collection="parts", status=200, **more):
        return self.ask(f"/collections/{collection}/items/{id}", status=status, **more)

    def tag(self, id, collection="parts"):
        return self.who("admin").get(f"/ogc/{JIXI}/collections/{collection}/items/{id}?f=json").headers["etag"]

    def matched(self, collection="parts", query=""):
        return self.items(collection, f"limit=1&{query}".rstrip("&"))["numberMatched"]

    def test_options_say_what_this_person_may(self):
        for user, items, item in (("admin", {"POST"}, {"PUT", "PATCH", "DELETE"}), ("c-001", set(), set()), (None, set(), set())):
            for path, want in (("/collections/parts/items", items), ("/collections/parts/items/nobody", item)):
                a = self.send("OPTIONS", path, status=200, user=user)
                self.assertEqual(set(a.headers["allow"].split(", ")), {"GET", "HEAD", "OPTIONS"} | want, (user, path))
        self.assertNotIn("POST", self.send("OPTIONS", "/collections/cases/items", status=200).headers["allow"])
        self.assertIn("If-Match", self.send("OPTIONS", "/collections/parts/items", status=200).headers["access-control-allow-headers"])

    def test_a_new_feature_is_everywhere_at_once(self):
        before = self.matched()
        id = self.make(lamp(state="完好"))
        self.assertRegex(id, r"^3418240201\d{6}$")
        f = self.item(id)
        self.assertEqual((f["properties"]["name"], f["properties"]["category"], f["properties"]["state"]), ("路灯", "0201", "完好"))
        self.assertEqual(f["geometry"]["coordinates"], list(HERE))
        self.assertEqual(self.matched(), before + 1)
        box = f"bbox={HERE[0]},{HERE[1]},{HERE[0]},{HERE[1]}"
        self.assertIn(id, [x["id"] for x in self.items("parts", box)["features"]])
        self.assertIn(id, [x["id"] for x in self.items("parts", "category=0201&limit=1000&state=" + urllib.parse.quote("完好"))["features"]])
        tile = self.who("z-001").get(f"/ogc/{JIXI}/collections/parts/xyz/16/{'/'.join(map(str, tile_of(*HERE, 16)))}.pbf")
        self.assertIn(id, [x["properties"].get("id") for x in mvt.decode(tile.body)["parts"]["features"]])
        near = self.is_status(self.who("z-001").get(f"/v1/{JIXI}/locate?lon={HERE[0]}&lat={HERE[1]}"), 200).json
        self.assertIn(id, [p["id"] for p in near["parts"]])

    def test_serial_numbers_go_on_and_are_not_given_twice(self):
        one, two = self.make(), self.make()
        self.assertEqual(int(two) - int(one), 1)
        self.send("DELETE", f"/collections/parts/items/{two}", status=204)
        self.assertEqual(int(self.make()), int(two) + 1)

    def test_a_whole_feature_takes_the_place_of_another(self):
        id = self.make()
        old = self.tag(id)
        a = self.send("PUT", f"/collections/parts/items/{id}", lamp(118.61, 30.07, category="0202"), 204)
        self.assertEqual(a.headers["etag"], self.tag(id))
        self.assertNotEqual(a.headers["etag"], old)
        f = self.item(id)
        self.assertEqual((f["geometry"]["coordinates"], f["properties"]["category"]), ([118.61, 30.07], "0202"))
        self.assertEqual(len([x for x in self.items("parts", "bbox=118.61,30.07,118.61,30.07")["features"] if x["id"] == id]), 1)
        self.assertNotIn(id, [x["id"] for x in self.items("parts", f"bbox={HERE[0]},{HERE[1]},{HERE[0]},{HERE[1]}&limit=1000")["features"]])
        self.send("PUT", "/collections/parts/items/nobody", lamp(), 404)

    def test_a_patch_changes_what_it_names_and_null_takes_out(self):
        id = self.make(lamp(state="完好", pole="12"))
        self.send("PATCH", f"/collections/parts/items/{id}", {"properties": {"state": "破损", "pole": None, "height": 8}}, 204, kind=PATCH)
        p = self.item(id)["properties"]
        self.assertEqual((p["state"], p.get("pole"), p["height"], p["category"]), ("破损", None, 8, "0201"))
        self.send("PATCH", f"/collections/parts/items/{id}", {"geometry": {"type": "Point", "coordinates": [118.62, 30.08]}}, 204, kind=PATCH)
        f = self.item(id)
        self.assertEqual((f["geometry"]["coordinates"], f["properties"]["state"]), ([118.62, 30.08], "破损"))
        self.send("PATCH", f"/collections/parts/items/{id}", {"id": "another"}, 422, kind=PATCH)
        self.send("PATCH", "/collections/parts/items/nobody", {"properties": {}}, 404, kind=PATCH)

    def test_what_is_taken_out_is_gone_everywhere(self):
        first = self.items("parts", "limit=1")["features"][0]["id"]
        n = self.matched()
        self.send("DELETE", f"/collections/parts/items/{first}", status=204)
        self.item(first, status=404)
        self.assertEqual(self.matched(), n - 1)
        self.assertEqual(len(self.all("parts")), n - 1)
        self.send("DELETE", f"/collections/parts/items/{first}", status=404)

    def test_if_match_keeps_two_editors_apart(self):
        id = self.make()
        old = self.tag(id)
        self.send("PATCH", f"/collections/parts/items/{id}", {"properties": {"state": "a"}}, 204, kind=PATCH, If_Match=old)
        for method, body, kind in (("PATCH", {"properties": {"state": "b"}}, PATCH), ("PUT", lamp(), GEO), ("DELETE", None, GEO)):
            self.send(method, f"/collections/parts/items/{id}", body, 412, kind=kind, If_Match=old)
        self.assertEqual(self.item(id)["properties"]["state"], "a")
        other = self.tag(self.make())
        self.send("DELETE", f"/collections/parts/items/{id}", status=204, If_Match=f"{other}, {self.tag(id)}")
        for match in ("*", old, '"x"'):
            self.send("DELETE", f"/collections/parts/items/{id}", status=412, If_Match=match)
        self.send("PUT", f"/collections/parts/items/{id}", lamp(), 412, If_Match="*")
        a = self.who("admin").get(f"/ogc/{JIXI}/collections/parts/items/{self.make()}?f=json")
        self.assertEqual(self.who("admin").get(a.json["links"][0]["href"][len(f"http://127.0.0.1:{self.server.port}"):],
                                               If_None_Match=a.headers["etag"]).status, 304)

    def test_of_many_who_change_one_feature_none_is_lost(self):
        id, bad = self.make(), []

        def one(k):
            client = self.server.another(JIXI, "admin")
            for i in range(10):
                a = client.ask("PATCH", f"/ogc/{JIXI}/collections/parts/items/{id}",
                               json.dumps({"properties": {f"k{k}": i}}).encode(), Content_Type=PATCH)
                bad.extend([a] if a.status not in (204, 412) else [])
                if a.status == 204:
                    last[k] = i
            client.close()
        last = {}
        threads = [threading.Thread(target=one, args=(k,)) for k in range(5)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(bad, [])
        p = self.item(id)["properties"]
        self.assertEqual({k: p[f"k{k}"] for k in last}, last)

    def test_bodies_in_other_systems_are_turned(self):
        want = [118.6, 30.07]
        id = self.make(lamp(*want))
        for uri in (EPSG + "4490", EPSG + "4549", EPSG + "3857"):
            f = self.ask(f"/collections/parts/items/{id}?crs={urllib.parse.quote(uri)}")
            again = self.make(lamp(*f["geometry"]["coordinates"]), Content_Crs=f"<{uri}>")
            got = self.item(again)["geometry"]["coordinates"]
            self.assertTrue(all(abs(a - b) < 1.1e-7 for a, b in zip(got, want)), (uri, got))
        self.send("POST", "/collections/parts/items", lamp(), 400, Content_Crs="<http://www.opengis.net/def/crs/0/unsupported>")
        self.send("POST", "/collections/parts/items", lamp(3e7, 3e7), 422, Content_Crs=f"<{EPSG}4549>")

    def test_bad_bodies_are_refused_and_change_nothing(self):
        n, id = self.matched(), self.make()
        mark = self.tag(id)
        bow = square(118.5, 30, 0.01)
        bow["geometry"]["coordinates"][0][1:3] = reversed(bow["geometry"]["coordinates"][0][1:3])
        for body, status in ((b"", 400), (b"{", 400), (b"[]", 422), (b'{"type":"Feature"}', 422), (lamp("x", 30), 422), (lamp(200, 30), 422),
                             ({**lamp(), "geometry": None}, 422), ({**lamp(), "properties": []}, 422), ({**lamp(), "type": "Point"}, 422),
                             (square(118.5, 30, 0.01), 422), (bow, 422), (b'{"type":"Feature","geometry":{"type":"Point","coordinates":' +
                             b"[" * 5000 + b"]" * 5000 + b"}}", 400)):
            for method, path in (("POST", ""), ("PUT", f"/{id}")):
                a = self.send(method, f"/collections/parts/items{path}", body, status)
                self.assertTrue(a.json["detail"], body)
        self.send("POST", "/collections/parts/items", lamp(), 415, kind="text/plain")
        self.send("PATCH", f"/collections/parts/items/{id}", {"properties": 1}, 422, kind=PATCH)
        self.send("PATCH", f"/collections/parts/items/{id}", {"geometry": None}, 422, kind=PATCH)
        self.send("POST", "/collections/nothing/items", lamp(), 404)
        self.send("POST", "/collections/cases/items", lamp(), 403, user="z-001")
        self.assertEqual((self.matched(), self.tag(id)), (n + 1, mark))

    def test_only_editors_edit(self):
        id = self.make()
        for user, status in ((None, 401), ("c-001", 403), ("z-001", 403)):
            self.send("POST", "/collections/parts/items", lamp(), status, user=user)
            self.send("DELETE", f"/collections/parts/items/{id}", status=status, user=user)
        self.send("POST", "/collections/counties/items", square(118, 30, 0.01), 403)
        self.send("POST", "/collections/parts/items", lamp(), 403, area="341800")

    def test_a_password_with_the_request_is_enough_to_edit(self):
        """As QGIS sends it: the first request of a client may be one that writes."""
        def basic(user, word):
            return "Basic " + base64.b64encode(f"{user}:{word}".encode()).decode()
        good, bad = basic("admin", support.password(JIXI, "admin")), basic("admin", "wrong")
        n = self.matched()
        self.send("POST", "/collections/parts/items", lamp(), 401, user=None, Authorization=bad)
        a = self.send("POST", "/collections/parts/items", lamp(), 201, user=None, Authorization=good)
        item = a.headers["location"].split(f"/ogc/{JIXI}")[1]
        self.send("PUT", item, lamp(), 204, user=None, Authorization=good)
        self.send("DELETE", item, status=204, user=None, Authorization=good)
        self.send("POST", "/collections/parts/items", lamp(), 403, user=None, Authorization=basic("c-001", support.password(JIXI, "c-001")))
        self.send("DELETE", item, status=401, user=None, Authorization="Basic !!")
        self.assertEqual(self.matched(), n)

    def test_the_same_key_is_one_edit(self):
        n = self.matched()
        one = self.make(Idempotency_Key="k-1")
        self.assertEqual(self.make(Idempotency_Key="k-1"), one)
        self.assertEqual(self.matched(), n + 1)
        self.send("POST", "/collections/parts/items", lamp(118.7, 30.1), 422, Idempotency_Key="k-1")

    def test_areas_answer_for_points_after_an_edit(self):
        lon, lat = 118.9, 30.3
        before = self.who("z-001").get(f"/v1/{JIXI}/locate?lon={lon + .001}&lat={lat + .001}").json
        id = self.make(square(lon, lat, 0.002, name="新网格"), "grids")
        self.assertRegex(id, r"^341824-e\d+$")
        now = self.who("z-001").get(f"/v1/{JIXI}/locate?lon={lon + .001}&lat={lat + .001}").json
        self.assertIn(id, json.dumps(now["grid"]), (before, now))
        self.send("DELETE", f"/collections/grids/items/{id}", status=204)
        self.assertEqual(self.who("z-001").get(f"/v1/{JIXI}/locate?lon={lon + .001}&lat={lat + .001}").json["grid"], before["grid"])

    def test_a_place_is_found_by_its_new_name(self):
        id = self.make({"type": "Feature", "geometry": {"type": "Point", "coordinates": list(HERE)},
                        "properties": {"name": "翡翠琉璃阁"}}, "places")

        def found(q):
            a = self.is_status(self.who("z-001").get(f"/v1/{JIXI}/geocode?q={urllib.parse.quote(q)}"), 200)
            return [c["id"] for c in a.json["candidates"]]
        for q in ("翡翠琉璃阁", "feicui liuli ge", "fclLg"):
            self.assertIn(id, found(q), q)
        self.send("PATCH", f"/collections/places/items/{id}", {"properties": {"name": "听雨轩"}}, 204, kind=PATCH)
        self.assertIn(id, found("听雨轩"))
        self.assertNotIn(id, found("翡翠琉璃阁"))

    def test_edits_outlive_a_restart_and_the_audit_passes(self):
        made, moved = self.make(lamp(note="重启")), self.make()
        self.send("PATCH", f"/collections/parts/items/{moved}", {"properties": {"note": "一"}}, 204, kind=PATCH)
        self.send("PATCH", f"/collections/parts/items/{moved}", {"properties": {"note": "二"}}, 204, kind=PATCH)
        gone = self.items("parts", "limit=1")["features"][0]["id"]
        self.send("DELETE", f"/collections/parts/items/{gone}", status=204)
        before = {f["id"]: (f["properties"], f["geometry"]) for f in self.all("parts")}
        self.server.stop()
        self.server.start()
        self.assertEqual({f["id"]: (f["properties"], f["geometry"]) for f in self.all("parts")}, before)
        self.assertTrue(made in before and gone not in before and before[moved][0]["note"] == "二")

    def test_an_edition_begins_without_edits_and_undoing_brings_them_back(self):
        made = self.make(lamp(note="编辑"), "parts")
        with_edits = {f["id"] for f in self.all("parts")}
        csv = "id,name,lon,lat,category\n3418240201600000,灯,118.6,30.07,0201\n"
        load = lambda query="": self.who("admin").post(f"/v1/{JIXI}/import/parts{query}", csv.encode(), Content_Type="text/csv")
        seen = self.is_status(load("?preview=1"), 200).json["edits"]
        self.assertGreater(seen, 0)  # the preview says what goes with the edition
        a = self.is_status(load(), 201)
        self.assertEqual(a.json["edition"]["edits"], seen)
        self.assertEqual(a.json["edition"]["changes"]["removed"], len(with_edits))
        self.assertEqual({f["id"] for f in self.all("parts")}, {"3418240201600000"})
        self.assertNotIn("edits", self.is_status(load("?preview=1"), 200).json)
        during = self.make(lamp(note="其间"))
        self.assertEqual(self.is_status(load("?preview=1"), 200).json["edits"], 1)
        self.assertEqual(during, "3418240201600001")
        self.is_status(self.who("admin").post(f"/v1/{JIXI}/editions/parts/undo"), 201)
        self.assertEqual({f["id"] for f in self.all("parts")}, with_edits)
        self.assertIn(made, with_edits)
        more = self.make(lamp(note="之后"))
        self.server.stop()
        self.server.start()
        self.assertEqual({f["id"] for f in self.all("parts")}, with_edits | {more})

    def test_the_ground_of_another_day_is_as_it_was_edited_then(self):
        lon, lat = 118.95, 30.35
        at = f"/v1/{JIXI}/locate?lon={lon + .001}&lat={lat + .001}"
        bare = self.who("z-001").get(at).json["grid"]
        time.sleep(1.1)
        t0 = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        time.sleep(1.1)
        id = self.make(square(lon, lat, 0.002, name="临时网格"), "grids")
        self.assertNotEqual(self.who("z-001").get(at).json["grid"], bare)
        self.assertEqual(self.is_status(self.who("z-001").get(f"{at}&at={t0}"), 200).json["grid"], bare)
        self.send("DELETE", f"/collections/grids/items/{id}", status=204)


if __name__ == "__main__":
    unittest.main()
