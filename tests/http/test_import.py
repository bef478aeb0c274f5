"""Base data comes in whole or not at all, each fault named; what is in force survives a restart."""
import gzip
import json
import re
import select
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
import support
from support import CITY, ROOT, JIXI, LANGXI, CityTest, demo, event

GEO = {"Content_Type": "application/geo+json"}


class Imports(CityTest):
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


class Import(Imports):
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



JIXI_TOWN = (118.60, 30.07)
IN_4549 = (365007.3725, 3328699.5813)     # east, north: PROJ and GeographicLib agree
IN_GCJ02 = (118.604837193, 30.067330467)  # gcoord and eviltransform agree
IN_BD09 = (118.611393170, 30.073079181)


class Systems(Imports):
    """Places in other systems are turned as they are read; what they came in is remembered."""

    @classmethod
    def setUpClass(cls):
        cls.server = support.city("systems", plugins=["spatial"]).start()

    def points(self, *xy, **more):
        return {"type": "FeatureCollection", **more, "features": [
            {"type": "Feature", "id": f"d-{i}", "properties": {"name": f"地{i}"}, "geometry": {"type": "Point", "coordinates": p}}
            for i, p in enumerate(xy)]}

    def send_in(self, crs, body, collection="places", **headers):
        return self.send(f"{collection}?crs={crs}", body, **headers)

    def check_place(self, where=JIXI_TOWN):
        got = self.who("z-001").get(f"/ogc/{JIXI}/collections/places/items/d-0").json["geometry"]["coordinates"]
        self.assertLess(max(abs(got[0] - where[0]), abs(got[1] - where[1])), 1.01e-7)

    def newest(self):
        return self.who("admin").get(f"/v1/{JIXI}/editions/places").json["editions"][0]

    def test_metres_and_shifted_degrees_come_out_where_they_are(self):
        for crs, at, said in (("4549", IN_4549, "EPSG:4549"), ("EPSG:4528", (IN_4549[0] + 4e7, IN_4549[1]), "EPSG:4528"),
                              ("gcj02", IN_GCJ02, "gcj02"), ("bd09", IN_BD09, "bd09"), ("4326", JIXI_TOWN, "EPSG:4326")):
            for body in (self.points(at), self.points(at)["features"][0]):
                seq = body["type"] == "Feature"
                headers = {"Content_Type": "application/geo+json-seq"} if seq else GEO
                a = self.is_status(self.send_in(crs, body, **headers), 201).json
                self.assertEqual((a["edition"]["crs"], self.newest()["crs"]), (said, said))
                self.check_place()
        head = {"4549": "id,east,north", "gcj02": "id,lon,lat"}
        for crs, at in (("4549", IN_4549), ("gcj02", IN_GCJ02)):
            text = f"{head[crs]}\nd-0,{at[0]},{at[1]}\n".encode()
            self.is_status(self.send_in(crs, text, Content_Type="text/csv"), 201)
            self.check_place()
        self.assertNotIn("crs", self.is_status(self.send("places", self.points(JIXI_TOWN)), 201).json["edition"])

    def test_a_lost_edition_file_is_turned_again_and_an_undone_one_knows_its_system(self):
        self.is_status(self.send_in("gcj02", self.points(IN_GCJ02)), 201)
        self.is_status(self.send("places", self.points((118.61, 30.07))), 201)
        self.is_status(self.who("admin").post(f"/v1/{JIXI}/editions/places/undo", {}), 201)
        self.assertEqual(self.newest()["crs"], "gcj02")
        self.assertEqual(self.server.stop(), 0)
        for path in (self.server.data / JIXI / "base").glob("places-*.layer"):
            path.unlink()
        self.server.start()
        self.check_place()

    def test_a_system_that_does_not_fit_is_refused(self):
        self.unchanged(self.send("places", self.points(IN_4549)), "feature 1 (d-0)", "lon comes first")
        self.unchanged(self.send_in("4549", self.points(JIXI_TOWN)), "far from where its system is used")
        self.unchanged(self.send_in("4549", self.points(IN_4549[::-1])), "feature 1 (d-0)")
        self.unchanged(self.send_in("4549", self.points((IN_4549[0] + 4e7, IN_4549[1]))), "feature 1 (d-0)")
        self.unchanged(self.send_in("gcj02", self.points((181, 30))), "its system does not have")
        self.unchanged(self.send_in("4549", b"id,lon,lat\n1,118.6,30.07\n", Content_Type="text/csv"), 'column \\"east\\" is missing')
        for crs, words in (("4214", "Beijing 1954"), ("2385", "Xian 1980"), ("999999", "EPSG:999999"), ("wgs84", "EPSG code"), ("", "EPSG code")):
            a = self.send_in(crs, self.points(JIXI_TOWN))
            self.unchanged(a, words)
            self.assertEqual(a.pointers, ["/crs"])
        self.unchanged(self.send("units?crs=4549", b"[]", Content_Type="application/json"), "layers")

    def test_a_system_that_the_file_names_must_be_the_same(self):
        def named(name, at):
            return self.points(at, crs={"type": "name", "properties": {"name": name}})
        self.unchanged(self.send("places", named("urn:ogc:def:crs:EPSG::4549", IN_4549)), "crs=4549")
        self.unchanged(self.send_in("4548", named("EPSG:4549", IN_4549)), "crs=4549")
        self.unchanged(self.send("places", named("urn:ogc:def:crs:EPSG::4214", JIXI_TOWN)), "4214")
        self.unchanged(self.send("places", named("Grid of 1987", JIXI_TOWN)), "turn it into EPSG:4490")
        self.is_status(self.send_in("4549", named("urn:ogc:def:crs:EPSG::4549", IN_4549)), 201)
        for name in ("urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", "http://www.opengis.net/def/crs/EPSG/0/4490"):
            self.is_status(self.send("places", named(name, JIXI_TOWN)), 201)
            self.is_status(self.send_in("gcj02", named(name, IN_GCJ02)), 201)
        self.check_place()



class Topology(Imports):
    """The demo's grids tile the county; each fault is made on purpose."""

    def report(self, collection="grids", status=200, user="z-001"):
        a = self.is_status(self.who(user).get(f"/v1/{JIXI}/topology/{collection}"), status)
        return a.json

    def clean(self, doc):
        self.assertEqual((doc["type"], doc["faults"], doc["features"]), ("FeatureCollection", 0, []))

    def test_a_tiling_has_no_fault(self):
        for collection in ("streets", "communities", "grids", "parts"):
            self.clean(self.report(collection))
            self.assertTrue(self.report(collection)["topology"]["outline"])
        self.assertEqual(self.report()["count"], self.before["base"]["grids"])
        self.report("duties", 404)
        self.report("dreams", 404)
        self.report(user="c-001", status=403)

    def test_a_gap_an_overlap_and_what_lies_outside_are_told_with_measure_ids_and_place(self):
        doc = self.features("grids.geojson")
        whole = json.dumps(doc)
        inner = self.inner(doc)
        gone = doc["features"].pop(inner)
        twin = json.loads(json.dumps(doc["features"][0]))
        twin["id"] = "twin"
        far = {"type": "Feature", "id": "far", "properties": {}, "geometry":
               {"type": "Polygon", "coordinates": [[[110, 20], [110.01, 20], [110.01, 20.01], [110, 20.01], [110, 20]]]}}
        doc["features"] += [twin, far]
        preview = self.is_status(self.send("grids?preview=1", doc), 200).json
        counts = preview["topology"]
        self.assertEqual([counts[k]["count"] for k in ("gap", "outside", "overlap")], [1, 1, 1])
        strict = self.send("grids?strict=1", doc)
        self.unchanged(strict, "a gap in 341824 at", "far lies outside of 341824", "lie on each other")
        self.assertEqual((strict.json["faults"], len(strict.json["rows"])), (3, 3))
        edition = self.is_status(self.send("grids", doc), 201).json["edition"]
        self.assertEqual(edition["topology"], counts)
        got = self.report()
        self.assertEqual((got["faults"], got["topology"]), (3, counts))
        spots = {f["properties"]["kind"]: f for f in got["features"]}
        self.assertAlmostEqual(spots["gap"]["properties"]["m2"], gone["properties"]["area_m2"], delta=0.01 * gone["properties"]["area_m2"])
        self.assertFalse(spots["gap"]["properties"]["rim"])
        self.assertEqual({spots["overlap"]["properties"][k] for k in ("id", "other")}, {"twin", doc["features"][0]["id"]})
        self.assertEqual([spots["outside"]["properties"][k] for k in ("id", "other")], ["far", JIXI])
        self.assertAlmostEqual(spots["outside"]["properties"]["m2"], 1.1132e3 ** 2 * 0.94, delta=2e4)
        ring = spots["gap"]["geometry"]["coordinates"][0]
        self.assertEqual({tuple(p) for p in ring} <= {tuple(p) for p in self.ring(gone)}, True)
        self.assertEqual(self.report(), got)  # kept
        self.is_status(self.send("grids?strict=1", whole.encode()), 201)
        self.clean(self.report())

    def ring(self, feature):
        c = feature["geometry"]["coordinates"]
        return c[0][0] if isinstance(c[0][0][0], list) else c[0]

    def inner(self, doc):
        """A grid that reaches no outline: each of its corners has more than one owner, all around."""
        edges = {}
        for k, f in enumerate(doc["features"]):
            r = self.ring(f)
            for a, b in zip(r, r[1:]):
                edges.setdefault(frozenset((tuple(a), tuple(b))), []).append(k)
        lonely = {k for owners in edges.values() if len(owners) == 1 for k in owners}
        corners = {p for e, owners in edges.items() if len(owners) == 1 for p in e}
        return next(k for k, f in enumerate(doc["features"]) if k not in lonely and not corners & {tuple(p) for p in self.ring(f)})

    def test_parts_out_of_the_county_are_told(self):
        text = self.file("parts.csv").decode().rstrip("\n").split("\n")[:20] + ["3418240101999999,井盖,0101,110.0000,30.0658,完好,u-cg,20240101"]
        a = self.is_status(self.send("parts?preview=1", "\n".join(text).encode(), Content_Type="text/csv"), 200).json
        self.assertEqual(a["topology"]["outside"]["count"], 1)
        self.unchanged(self.send("parts?strict=1", "\n".join(text).encode(), Content_Type="text/csv"), "3418240101999999 lies outside")

    def test_open_data_that_tile_have_no_fault_and_those_that_do_not_are_told(self):
        folder = ROOT.parent / "shared/data/grids"
        if not folder.exists():
            self.skipTest(f"SKIP: no open data at {folder}")
        def sent(name, key):
            doc = json.loads(gzip.decompress((folder / f"{name}.geojson.gz").read_bytes()))
            for k, f in enumerate(doc["features"]):
                f["id"] = str(f["properties"][key]) if key else f"d-{k}"
            return self.send("grids?preview=1", doc, area=CITY)
        found = self.is_status(sent("cambridge_census_blocks_2020", "GEOID20"), 200).json["topology"]
        self.assertEqual([found[k]["count"] for k in ("gap", "outside", "overlap")], [0, 0, 0])
        self.assertFalse(found["outline"])
        self.unchanged(sent("cambridge_street_sweeping_districts", None), "itself at")

    def test_a_job_tells_how_far_it_is(self):
        a = self.is_status(self.who("z-001").get(f"/v1/{LANGXI}/topology/grids", Prefer="respond-async"), 403)
        a = self.is_status(self.who("z-001", LANGXI).get(f"/v1/{LANGXI}/topology/grids", Prefer="respond-async"), 202).json
        while (job := self.who("z-001", LANGXI).get(a["url"]).json)["state"] not in ("done", "failed"):
            time.sleep(0.02)
        self.assertEqual((job["state"], job["share"]), ("done", 1))
        self.clean(job["result"])


class Hostile(Imports):
    def test_numbers_that_are_none_are_refused(self):
        for number in ("NaN", "Infinity", "1e400", "-1e9999", '"118"', "null"):
            body = '{"type":"FeatureCollection","features":[{"type":"Feature","id":"1","properties":{},"geometry":' \
                   '{"type":"Point","coordinates":[%s,30]}}]}' % number
            self.unchanged(self.send("places", body.encode()))
        for number in ("nan", "inf", "0x10", "1e999", "", "118°"):
            self.unchanged(self.send("places", f"id,lon,lat\n1,{number},30\n".encode(), Content_Type="text/csv"), "line 2")

    def test_rings_that_cross_touch_or_collapse_are_told_with_their_place(self):
        rings = {"bow": ([[118, 30], [119, 31], [119, 30], [118, 31], [118, 30]], "crosses itself at 118.5"),
                 "eight": ([[118, 30], [118.2, 30], [118.1, 30.1], [118.2, 30.2], [118, 30.2], [118.1, 30.1], [118, 30]], "touches itself"),
                 "line": ([[118, 30], [118.1, 30], [118.2, 30], [118, 30]], "feature 3 (line)"),
                 "same": ([[118, 30]] * 4, "feature 4 (same)")}
        a = self.send("grids", {"type": "FeatureCollection", "features": [
            {"type": "Feature", "id": k, "properties": {}, "geometry": {"type": "Polygon", "coordinates": [r]}}
            for k, (r, _) in rings.items()]})
        self.unchanged(a, *(words for _, words in rings.values()))
        self.assertEqual(a.json["faults"], len(rings))

    def peak_kb(self):
        return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{self.server.proc.pid}/status").read_text())[1])

    def test_four_gigabytes_are_refused_before_they_are_sent_and_memory_stays_flat(self):
        token = self.who("admin").token
        head = f"POST /v1/{JIXI}/import/grids HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/geo+json\r\n"
        peak = self.peak_kb()
        raw = support.Raw(self.server.port)
        raw.send(head, f"Content-Length: {4 << 30}\r\n\r\n")
        self.assertEqual(raw.head()[0], 413)
        raw.close()
        raw, sent = support.Raw(self.server.port, 60), 0
        raw.send(head, "Transfer-Encoding: chunked\r\n\r\n")
        piece = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
        try:
            while sent < 4 << 30 and not select.select([raw.sock], [], [], 0)[0]:
                raw.send(piece)
                sent += 0x100000
        except (BrokenPipeError, ConnectionResetError):
            pass
        self.assertLess(sent, 300 << 20)
        self.assertEqual(raw.head()[0], 413)
        raw.close()
        self.assertLess(self.peak_kb() - peak, 64 << 10)
        self.assertEqual(self.status(), self.before)


if __name__ == "__main__":
    unittest.main()
