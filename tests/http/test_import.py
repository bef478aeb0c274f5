"""Base data comes in whole or not at all, each fault named; what is in force survives a restart."""
import json
import sys
import threading
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from support import JIXI, LANGXI, CityTest, demo, event

GEO = {"Content_Type": "application/geo+json"}


class Import(CityTest):
    def send(self, collection, body, area=JIXI, **headers):
        """As the admin, on a connection of its own."""
        if not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode()
        return self.server.another(area, "admin").post(f"/v1/{area}/import/{collection}", body, **(headers or GEO))

    def status(self, area=JIXI):
        return self.who("admin", area).get(f"/v1/{area}/status").json

    def file(self, name, area=JIXI):
        return (demo() / area / name).read_bytes()

    def features(self, name, area=JIXI):
        return json.loads(self.file(name, area))

    def unchanged(self, answer, *words):
        """Refused with these words, and nothing came of it."""
        self.is_status(answer, 422)
        for word in words:
            self.assertIn(word, answer.body.decode())
        self.assertEqual(self.status(), self.before)

    def setUp(self):
        self.before = self.status()

    # ---- what is there ----

    def test_the_demo_is_all_there(self):
        base = self.before["base"]
        self.assertEqual(base["grids"], len(self.features("grids.geojson")["features"]))
        self.assertEqual(base["parts"], self.file("parts.csv").count(b"\n") - 1)
        self.assertEqual(base["streets"], len(self.features("streets.geojson")["features"]))

    # ---- faults ----

    def test_each_bad_feature_is_named(self):
        doc = self.features("grids.geojson")
        doc["features"][1]["geometry"]["coordinates"][0][1] = [1000, 5]
        doc["features"][4]["geometry"] = {"type": "Point", "coordinates": [118, 30]}
        doc["features"][6]["geometry"]["coordinates"][0].pop()
        doc["features"][7]["id"] = doc["features"][8]["id"] = "twice"
        a = self.send("grids", doc)
        self.unchanged(a, "feature 2 (", "feature 5 (", "feature 7 (", "twice")
        self.assertGreaterEqual(a.json["faults"], 4)
        self.assertEqual(len(a.json["rows"]), a.json["faults"])

    def test_a_crossing_outline_is_refused(self):
        bow = [[118.0, 30.0], [118.1, 30.1], [118.1, 30.0], [118.0, 30.1], [118.0, 30.0]]
        self.unchanged(self.send("grids", {"type": "FeatureCollection", "features": [
            {"type": "Feature", "id": "g1", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [bow]}}]}),
            "feature 1 (g1)")

    def test_what_is_no_collection_of_features_is_refused(self):
        self.unchanged(self.send("grids", b'{"type":"FeatureCollection","features":[}'), "line 1")
        self.unchanged(self.send("grids", {"type": "Feature"}), "FeatureCollection")
        self.unchanged(self.send("grids", b"\x89PNG\r\n"), "line 1")
        self.unchanged(self.send("grids", b"[" * 1000000), "line 1")
        self.unchanged(self.send("grids", self.features("grids.geojson")["features"][0]))

    def test_points_are_no_grids_and_areas_no_parts(self):
        self.unchanged(self.send("parts", self.features("grids.geojson")), "points")
        self.unchanged(self.send("grids", self.file("parts.csv"), Content_Type="text/csv"), "polygons")

    def test_each_bad_line_of_a_table_is_named(self):
        lines = self.file("parts.csv").decode().split("\n")[:20]
        lines[3] = lines[3].replace("118.", "x118.")
        lines[7] = lines[6]
        lines[9] = lines[9] + ",more"
        self.unchanged(self.send("parts", "\n".join(lines).encode(), Content_Type="text/csv"), "line 4", "line 8", "line 10")
        self.unchanged(self.send("parts", b"no,such,columns\n1,2,3\n", Content_Type="text/csv"))

    def test_bad_units_and_owners_are_refused(self):
        self.unchanged(self.send("units", b'[{"id":"u-1"}]', Content_Type="application/json"), "units[0].name")
        self.unchanged(self.send("units", b'[{"id":"u 1","name":"x"}]', Content_Type="application/json"), "units[0].id")
        twice = json.loads(self.file("units.json"))
        self.unchanged(self.send("units", twice + twice[:1], Content_Type="application/json"), "already")
        self.unchanged(self.send("owners", b'{"part":{}}', Content_Type="application/json"), "owners.event")

    def test_an_empty_body_and_an_unknown_collection_are_refused(self):
        self.unchanged(self.send("grids", b""), "empty")
        self.is_status(self.send("dreams", b"{}"), 404)

    def test_only_an_admin_imports(self):
        for user in ("z-001", "l-001", "s-001", "h-001"):
            self.is_status(self.who(user).post(f"/v1/{JIXI}/import/grids", b"{}"), 403)

    # ---- editions ----

    def test_a_new_edition_is_in_force_at_once_and_after_a_restart(self):
        units = json.loads(self.file("units.json")) + [{"id": "u-new", "name": "新单位", "kind": "professional"}]
        self.is_status(self.send("units", units, Content_Type="application/json"), 201)
        self.assertIn("u-new", self.who("z-001").get(f"/v1/{JIXI}/units").body.decode())
        case = self.brought_to("file")
        self.assertEqual(self.is_status(self.who("p-001").act(case, "dispatch", {"unit": "u-new"}), 200).json["unit"], "u-new")
        self.assertEqual(self.server.stop(), 0)
        self.server.start()
        self.assertIn("u-new", self.who("z-001").get(f"/v1/{JIXI}/units").body.decode())

    def test_a_lost_edition_file_is_made_again_from_its_blob(self):
        self.assertEqual(self.server.stop(), 0)
        for path in (self.server.data / JIXI / "base").glob("*.layer"):
            path.unlink()
        self.server.start()
        self.assertEqual(self.status()["base"], self.before["base"])
        self.reported(i=1)

    def test_imports_at_once_all_come_into_force(self):
        """Editions of one size more each time, so that one that is in force no more shows."""
        far = {"type": "Polygon", "coordinates": [[[10, 10], [11, 10], [11, 11], [10, 10]]]}
        units = json.loads(self.file("units.json", LANGXI))
        streets = self.features("streets.geojson", LANGXI)
        for i in range(12):
            units.append({"id": f"u-{i}", "name": "新单位"})
            streets["features"].append({"type": "Feature", "id": f"s-{i}", "properties": {}, "geometry": far})
            jobs = [("units", units, {"Content_Type": "application/json"}), ("streets", streets, GEO)]
            clients = [self.server.another(LANGXI, "admin") for _ in jobs]
            got = []
            threads = [threading.Thread(target=lambda c=c, n=n, d=d, h=h: got.append(c.post(
                f"/v1/{LANGXI}/import/{n}", json.dumps(d).encode(), **h).status)) for c, (n, d, h) in zip(clients, jobs)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            self.assertEqual(got, [201] * 2)
            base = self.status(LANGXI)["base"]
            self.assertEqual((base["units"], base["streets"]), (len(units), len(streets["features"])))

    def test_the_same_key_with_another_file_is_refused(self):
        key = {"Idempotency_Key": "import-1", "Content_Type": "application/json"}
        units = self.who("z-001").get(f"/v1/{JIXI}/units").json["units"]
        first = self.is_status(self.send("units", units, **key), 201)
        self.assertEqual(self.is_status(self.send("units", units, **key), 201).json, first.json)
        more = units + [{"id": "u-more", "name": "又一单位"}]
        self.is_status(self.send("units", more, **key), 422)
        self.assertNotIn("u-more", self.who("z-001").get(f"/v1/{JIXI}/units").body.decode())

    def test_reports_go_on_while_a_large_import_runs(self):
        thread = threading.Thread(target=self.send, args=("parts", self.file("parts.csv")), kwargs={"Content_Type": "text/csv"})
        self.who("admin")
        thread.start()
        for i in range(30):
            self.is_status(self.who("c-001").report(event(i=i)), 201)
        thread.join()


if __name__ == "__main__":
    unittest.main()
