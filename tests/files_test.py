#!/usr/bin/env python3
"""Files of other programs, in and out by the client, with GDAL's own programs as the judge of what they hold."""
import csv
import io
import json
import random
import re
import subprocess
import sys
import unittest
import zipfile
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent))
import support
from client_test import MISUSED, REFUSED, WANGGE, Clients
from support import JIXI, demo


class Files(Clients):
    @classmethod
    def setUpClass(cls):
        cls.server = support.city("files", plugins=["spatial"]).start()
        cls.url = f"http://127.0.0.1:{cls.server.port}"

    @classmethod
    def tearDownClass(cls):
        assert cls.server.stop() == 0, cls.server.said()[-2000:]

    def setUp(self):
        super().setUp()
        for user in ("admin", "z-001"):
            self.run_as(user, "login", JIXI, user, "--url", self.url, stdin=support.password(JIXI, user) + "\n")
        self.env_temp = {"TMPDIR": str(self.folder / "tmp")}
        (self.folder / "tmp").mkdir()

    def tearDown(self):
        self.assertEqual(list((self.folder / "tmp").iterdir()), [])  # nothing is left behind
        self.assertEqual([p for p in self.folder.iterdir() if p.name.startswith(".wangge-")], [])

    def ogr(self, *args):
        done = subprocess.run(["ogr2ogr", *map(str, args)], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def grids(self):
        """The demo's, as offices have them: in metres of a zone, columns of their own."""
        doc = json.loads((demo() / JIXI / "grids.geojson").read_text("utf-8"))
        for f in doc["features"]:
            f["properties"] = {"BGCODE": f.pop("id"), "BGNAME": "网格" + str(len(f["properties"]))}
        path = self.folder / "source.geojson"
        path.write_text(json.dumps(doc), "utf-8")
        return path, doc

    def imported(self, *args, user="admin", **kw):
        return self.run_as(user, "import", *map(str, args), env=self.env_temp, **kw)

    def in_force(self, collection):
        return json.loads(self.run_as("admin", "editions", collection, "--json"))["editions"][0]

    def check_grids(self, doc):
        """What is in force is what the file held, to two centimetres, and lies as it lay."""
        client = self.server.person(JIXI, "z-001")
        got = client.get(f"/ogc/{JIXI}/collections/grids/items?limit=10000").json["features"]
        want = {f["properties"]["BGCODE"]: f for f in doc["features"]}
        self.assertEqual({f["id"] for f in got}, set(want))
        for f in got:
            mine = sorted(map(tuple, points(f["geometry"])))
            other = sorted(map(tuple, points(want[f["id"]]["geometry"])))
            self.assertEqual(f["properties"]["name"], want[f["id"]]["properties"]["BGNAME"])
            self.assertEqual(len(mine), len(other))
            self.assertTrue(all(near(a, b) for a, b in zip(mine, other)), f["id"])

    # ---- in ----

    def test_each_kind_of_file_comes_in_as_it_was(self):
        source, doc = self.grids()
        shp, fields = self.folder / "网格.shp", ("--id", "BGCODE", "--name", "BGNAME")
        self.ogr("-f", "ESRI Shapefile", shp, source, "-t_srs", "EPSG:4549", "-lco", "ENCODING=UTF-8")
        self.ogr("-f", "GPKG", self.folder / "a.gpkg", source, "-t_srs", "EPSG:4528", "-nln", "甲")
        self.ogr("-f", "GPKG", self.folder / "a.gpkg", source, "-update", "-nln", "乙", "-limit", "1")
        self.ogr("-f", "FlatGeobuf", self.folder / "a.fgb", source, "-a_srs", "EPSG:4490")
        with zipfile.ZipFile(self.folder / "a.zip", "w") as z:
            for p in self.folder.glob("网格.*"):
                z.write(p, "folder/" + p.name)
        for file, more in ((shp, ()), (self.folder / "a.gpkg", ("--layer", "甲")), (self.folder / "a.fgb", ()), (self.folder / "a.zip", ())):
            out = self.imported("grids", file, *fields, *more)
            self.assertIn("taken over", out)
            self.assertRegex(out, r"空隙 gaps +0 ")
            self.check_grids(doc)
        self.imported("grids", self.folder / "a.gpkg", *fields, code=MISUSED)
        self.assertIn("several layers: 甲, 乙", self.err)
        self.imported("grids", self.folder / "a.gpkg", *fields, "--layer", "丙", code=MISUSED)
        self.assertIn("no layer 丙", self.err)
        self.imported("grids", self.folder / "a.fgb", code=MISUSED)
        self.assertIn("BGCODE, BGNAME", self.err)
        self.imported("grids", self.folder / "a.fgb", "--id", "NONE", code=MISUSED)

    def test_texts_in_gbk_are_asked_about_and_then_read(self):
        source, doc = self.grids()
        shp = self.folder / "g.shp"
        self.ogr("-f", "ESRI Shapefile", shp, source, "-a_srs", "EPSG:4490", "-lco", "ENCODING=GBK")
        fields = ("--id", "BGCODE", "--name", "BGNAME")
        self.imported("grids", shp, *fields)  # the .cpg says it
        self.check_grids(doc)
        (self.folder / "g.cpg").unlink()
        before = self.in_force("grids")
        self.imported("grids", shp, *fields, code=MISUSED)
        self.assertIn("--encoding GBK", self.err)
        self.assertEqual(self.in_force("grids"), before)
        self.imported("grids", shp, *fields, "--encoding", "GBK")
        self.check_grids(doc)

    def test_what_says_no_system_is_asked_and_another_datum_refused(self):
        source, doc = self.grids()
        fields = ("--id", "BGCODE", "--name", "BGNAME")
        shp = self.folder / "g.shp"
        self.ogr("-f", "ESRI Shapefile", shp, source, "-t_srs", "EPSG:4549", "-lco", "ENCODING=UTF-8")
        (self.folder / "g.prj").unlink()
        self.imported("grids", shp, *fields, code=MISUSED)
        self.assertIn("--crs 4549", self.err)
        self.imported("grids", shp, *fields, "--crs", "4549")
        self.check_grids(doc)
        self.ogr("-f", "GPKG", self.folder / "b.gpkg", source, "-a_srs", "EPSG:4214")
        self.imported("grids", self.folder / "b.gpkg", *fields, code=REFUSED)
        self.assertIn("Beijing 1954", self.err)
        self.imported("grids", self.folder / "b.gpkg", *fields, "--crs", "wgs", code=MISUSED)

    def test_shifted_files_are_turned_by_the_server(self):
        text = "id,name,lon,lat\nd-0,甲,118.604837193,30.067330467\n"
        (self.folder / "amap.csv").write_text(text, "utf-8")
        self.imported("places", self.folder / "amap.csv", "--crs", "gcj02")
        self.ogr("-f", "GPKG", self.folder / "amap.gpkg", self.folder / "amap.csv", "-oo", "X_POSSIBLE_NAMES=lon",
                 "-oo", "Y_POSSIBLE_NAMES=lat", "-a_srs", "EPSG:4326")
        self.imported("places", self.folder / "amap.gpkg", "--crs", "gcj02")
        self.assertEqual(self.in_force("places")["crs"], "gcj02")
        at = self.server.person(JIXI, "z-001").get(f"/ogc/{JIXI}/collections/places/items/d-0").json["geometry"]["coordinates"]
        self.assertTrue(near(at, (118.60, 30.07)), at)

    def test_what_is_broken_or_meant_ill_is_refused_in_words_and_changes_nothing(self):
        source, _ = self.grids()
        before = self.in_force("grids")
        (self.folder / "x.shp").write_bytes(b"\x00\x00\x27\x0a" + noise(300))
        (self.folder / "x.gpkg").write_bytes(b"SQLite format 3\0" + noise(5000))
        (self.folder / "x.zip").write_bytes(b"PK\3\4" + noise(500))
        (self.folder / "text.fgb").write_text("no layer")
        self.ogr("-f", "FlatGeobuf", self.folder / "whole.fgb", source)
        whole = (self.folder / "whole.fgb").read_bytes()
        (self.folder / "cut.fgb").write_bytes(whole[:len(whole) // 2])
        for name in ("x.shp", "x.gpkg", "x.zip", "text.fgb", "cut.fgb"):
            self.imported("grids", self.folder / name, "--id", "BGCODE", "--crs", "4490", code=REFUSED)
            self.assertTrue(self.err.strip(), name)
        def zipped(*names):
            with zipfile.ZipFile(self.folder / "z.zip", "w", zipfile.ZIP_DEFLATED) as z:
                for n in names:
                    z.writestr(n, whole)
            return self.folder / "z.zip"
        for names, words in ((["../../etc/a.fgb"], "outside"), (["/tmp/a.fgb"], "outside"), (["a.txt"], "nothing in it")):
            self.imported("grids", zipped(*names), "--id", "BGCODE", code=REFUSED)
            self.assertIn(words, self.err)
        self.imported("grids", zipped("a.fgb", "b.fgb"), "--id", "BGCODE", code=MISUSED)
        self.assertIn("several: a, b", self.err)
        self.imported("grids", zipped("a.fgb", "b.fgb"), "--id", "BGCODE", "--layer", "b", "--preview")
        bomb = zipped("a.fgb", "b.fgb").read_bytes()  # says of itself that it unpacks to 8 GB
        for head in (rb"(PK\x03\x04.{18})....", rb"(PK\x01\x02.{20})...."):
            bomb = re.sub(head, lambda m: m[1] + b"\xf0\xff\xff\xff", bomb, flags=re.S)
        (self.folder / "bomb.zip").write_bytes(bomb)
        self.imported("grids", self.folder / "bomb.zip", code=REFUSED)
        self.assertIn("more than 4 GB", self.err)
        self.ogr("-f", "ESRI Shapefile", self.folder / "-overwrite.shp", source)
        self.imported("grids", self.folder / "-overwrite.shp", "--id", "BGCODE", "--encoding", "UTF-8", code=REFUSED)
        self.assertIn("begins with -", self.err)
        self.imported("grids", self.folder / "none.shp", code=MISUSED)
        self.imported("grids", self.folder / "x.dwg", code=MISUSED)
        self.assertEqual(self.in_force("grids"), before)

    def test_what_grows_too_large_is_stopped(self):
        source, _ = self.grids()
        self.ogr("-f", "FlatGeobuf", self.folder / "a.fgb", source)
        done = subprocess.run(["prlimit", "--fsize=65536", WANGGE, "import", "grids", self.folder / "a.fgb", "--id", "BGCODE", "--crs", "4490"],
                              env={**self.env("admin"), **self.env_temp}, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, REFUSED)
        self.assertIn("larger than is allowed", done.stderr)

    def test_without_gdal_the_package_is_named(self):
        (self.folder / "a.fgb").write_bytes(b"x")
        env = {**self.env_temp, "PATH": str(self.folder)}
        for args in (("import", "grids", str(self.folder / "a.fgb")), ("export", "grids", str(self.folder / "out.gpkg"))):
            self.run_as("admin", *args, env=env, code=REFUSED)
            self.assertIn("apt-get install gdal-bin", self.err)
        self.run_as("admin", "export", "grids", str(self.folder / "out.geojson"), env=env)  # needs none

    # ---- out ----

    def rows(self, *args):
        done = subprocess.run(["ogr2ogr", "-f", "CSV", "/vsistdout/", *map(str, args)], capture_output=True, text=True, check=True)
        return list(csv.DictReader(io.StringIO(done.stdout)))

    def test_a_collection_goes_out_whole_in_each_form_and_comes_back(self):
        with open(demo() / JIXI / "parts.csv", encoding="utf-8", newline="") as f:
            want = {r["id"]: r for r in csv.DictReader(f)}
        for name in ("p.gpkg", "p.shp", "p.fgb", "p.geojson", "p.geojsonl", "p.csv"):
            out = self.run_as("z-001", "export", "parts", str(self.folder / name))
            self.assertIn("20000 features", out)
            if name != "p.csv":
                got = self.rows(self.folder / name, "-lco", "GEOMETRY=AS_XY", "-t_srs", "EPSG:4326")
                at = [(float(r["X"]), float(r["Y"])) for r in got]
            else:
                got = list(csv.DictReader(io.StringIO((self.folder / name).read_text("utf-8"))))
                at = [(float(r["lon"]), float(r["lat"])) for r in got]
            self.assertEqual({r["id"] for r in got}, set(want), name)
            for r, p in zip(got, at):
                w = want[r["id"]]
                self.assertEqual((r["name"], r["state"]), (w["name"], w["state"]))
                self.assertTrue(near(p, (float(w["lon"]), float(w["lat"]))))
        for name in ("p.gpkg", "p.csv", "p.geojson"):
            out = self.imported("parts", self.folder / name, "--preview")
            self.assertRegex(out, r"added +0\n")
            self.assertRegex(out, r"removed +0\n")

    def test_areas_go_out_in_the_system_of_the_office(self):
        self.run_as("z-001", "export", "grids", str(self.folder / "网格.shp"), "--crs", "4549")
        said = subprocess.run(["ogrinfo", "-so", "-al", self.folder / "网格.shp"], capture_output=True, text=True, check=True).stdout
        count = self.server.person(JIXI, "admin").get(f"/v1/{JIXI}/status").json["base"]["grids"]
        self.assertIn(f"Feature Count: {count}", said)
        self.assertIn("CM 120E", said)
        self.run_as("z-001", "export", "grids", str(self.folder / "g.csv"))
        self.assertIn("POLYGON", (self.folder / "g.csv").read_text("utf-8"))

    def test_what_can_t_be_exported_leaves_what_was_there(self):
        old = self.folder / "old.gpkg"
        old.write_text("mine")
        self.run_as("z-001", "export", "dreams", str(old), code=REFUSED)
        self.assertEqual(old.read_text(), "mine")
        for args in (("grids",), ("grids", "a.dwg"), ("grids", "a.geojson", "--crs", "4549"), ("grids", "a.gpkg", "--crs", "gcj02")):
            self.run_as("z-001", "export", *args, code=MISUSED)
        self.run_as("z-001", "export", "grids", "/nowhere/at/all.gpkg", code=REFUSED)
        self.run_as("z-001", "export", "grids", str(old), "--crs", "999999", code=REFUSED)
        self.assertEqual(old.read_text(), "mine")

    def test_the_topology_report_is_a_map_of_its_own(self):
        out = self.run_as("z-001", "topology", "grids", "--out", str(self.folder / "spots.geojson"))
        self.assertRegex(out, r"重叠 overlaps +0 ")
        self.assertEqual(json.loads((self.folder / "spots.geojson").read_text())["faults"], 0)
        self.run_as("z-001", "topology", "dreams", code=REFUSED)


def points(geometry):
    def flat(c):
        return [c] if isinstance(c[0], (int, float)) else [p for x in c for p in flat(x)]
    return flat(geometry["coordinates"])


def noise(n):
    return random.Random(n).randbytes(n)


def near(a, b):
    return abs(a[0] - b[0]) < 2.5e-7 and abs(a[1] - b[1]) < 2.5e-7


if __name__ == "__main__":
    unittest.main()
