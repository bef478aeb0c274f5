"""GDAL as a client of the map: OGC API – Features, WFS 2.0, vector tiles. What comes out is what the files held."""
import base64
import csv
import io
import os
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent))
import support
from support import JIXI, demo


class Gdal(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = support.city("gdal", plugins=["spatial"]).start()
        cls.base = f"http://127.0.0.1:{cls.server.port}/ogc/{JIXI}"
        word = base64.b64encode(f"z-001:{support.password(JIXI, 'z-001')}".encode()).decode()
        headers = support.temp("gdal-headers")
        headers.write_text(f"Authorization: Basic {word}\n")
        cls.env = {**os.environ, "GDAL_HTTP_HEADER_FILE": str(headers)}
        with open(demo() / JIXI / "parts.csv", encoding="utf-8", newline="") as f:
            cls.parts = {r["id"]: r for r in csv.DictReader(f)}

    @classmethod
    def tearDownClass(cls):
        assert cls.server.stop() == 0, cls.server.said()[-2000:]

    def run_gdal(self, *args):
        done = subprocess.run(args, env=self.env, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("ERROR", done.stderr)
        return done.stdout

    def rows(self, source, layer, *more):
        out = self.run_gdal("ogr2ogr", "-f", "CSV", "/vsistdout/", source, layer, "-lco", "GEOMETRY=AS_XY", *more)
        return list(csv.DictReader(io.StringIO(out)))

    def check_parts(self, source, layer):
        got = self.rows(source, layer)
        self.assertEqual({r["id"] for r in got}, set(self.parts))
        for r in got:
            want = self.parts[r["id"]]
            self.assertEqual((r["category"], r["state"], r["name"]), (want["category"], want["state"], want["name"]))
            self.assertAlmostEqual(float(r["X"]), float(want["lon"]), 6)
            self.assertAlmostEqual(float(r["Y"]), float(want["lat"]), 6)
        box = {i for i, r in self.parts.items() if 118.59 <= float(r["lon"]) <= 118.595 and 30.06 <= float(r["lat"]) <= 30.065}
        got = self.rows(source, layer, "-spat", "118.59", "30.06", "118.595", "30.065")
        self.assertEqual({r["id"] for r in got}, box)
        covers = {i for i, r in self.parts.items() if r["category"] == "0103"}
        got = self.rows(source, layer, "-where", "category = '0103'")
        self.assertEqual({r["id"] for r in got}, covers)

    def test_ogc_api_features_is_read_paged_and_filtered(self):
        self.assertIn("parts", self.run_gdal("ogrinfo", "-q", f"OAPIF:{self.base}"))
        self.assertIn("Feature Count: 20000", self.run_gdal("ogrinfo", "-so", f"OAPIF:{self.base}", "parts"))
        self.check_parts(f"OAPIF:{self.base}", "parts")
        self.assertIn("Feature Count: 475", self.run_gdal("ogrinfo", "-so", f"OAPIF:{self.base}", "grids"))

    def test_wfs_is_read_paged_and_filtered(self):
        self.assertIn("wg:parts", self.run_gdal("ogrinfo", "-q", f"WFS:{self.base}/wfs"))
        self.check_parts(f"WFS:{self.base}/wfs", "wg:parts")
        self.assertIn("Feature Count: 475", self.run_gdal("ogrinfo", "-so", f"WFS:{self.base}/wfs", "wg:grids"))

    def test_a_tile_is_decoded(self):
        out = self.run_gdal("ogrinfo", "-al", "-so", f"MVT:{self.base}/xyz/14/13588/6755.pbf")
        for layer, kind in (("grids", "Polygon"), ("parts", "Point")):
            self.assertIn(f"Layer name: {layer}\n", out)
        self.assertIn("Geometry: Point", out)


if __name__ == "__main__":
    unittest.main()
