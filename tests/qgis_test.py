"""QGIS as a client of the map, without a screen: OGC API – Features, WFS 2.0, vector tiles. What comes out is what the files held.
Run it with the Python that QGIS was built for: /usr/bin/python3 tests/qgis_test.py"""
import csv
import json
import os
import sys
import unittest
import urllib.parse
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent))
import support
from support import JIXI, demo

HOME = support.temp("qgis")  # its settings, its store of passwords
HOME.mkdir(mode=0o700)
os.environ.update(QT_QPA_PLATFORM="offscreen", QGIS_CUSTOM_CONFIG_PATH=str(HOME), QGIS_AUTH_DB_DIR_PATH=str(HOME), XDG_RUNTIME_DIR=str(HOME),
                  LC_ALL="C.UTF-8")

from qgis.core import (Qgis, QgsApplication, QgsAuthMethodConfig, QgsCoordinateReferenceSystem, QgsCoordinateTransform, QgsFeatureRequest,
                       QgsMapRendererParallelJob, QgsMapSettings, QgsProject, QgsRectangle, QgsVectorLayer, QgsVectorTileLayer)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

EAST = (118.59, 30.06, 118.595, 30.065)  # a quarter of the town


class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = support.city("qgis", plugins=["spatial"]).start()
        cls.base = f"http://127.0.0.1:{cls.server.port}/ogc/{JIXI}"
        cls.app = QgsApplication([], False)
        cls.app.initQgis()
        cls.said = []
        QgsApplication.messageLog().messageReceived.connect(
            lambda text, tag, level: cls.said.append(f"{tag}: {text}") if level != Qgis.Info else None)
        cls.login = cls.sign_in()
        with open(demo() / JIXI / "parts.csv", encoding="utf-8", newline="") as f:
            cls.parts = {r["id"]: r for r in csv.DictReader(f)}

    @classmethod
    def tearDownClass(cls):
        QgsProject.instance().clear()
        cls.app.exitQgis()
        assert cls.server.stop() == 0, cls.server.said()[-2000:]

    @classmethod
    def sign_in(cls):
        """An entry in its store of passwords, as a person makes it once."""
        manager = QgsApplication.authManager()
        assert manager.setMasterPassword("a master", True)
        entry = QgsAuthMethodConfig("Basic")
        entry.setName("wangge")
        entry.setConfig("username", "z-001")
        entry.setConfig("password", support.password(JIXI, "z-001"))
        assert manager.storeAuthenticationConfig(entry)
        return entry.id()

    def layer(self, provider, collection):
        if provider == "OAPIF":
            uri = f"url='{self.base}' typename='{collection}' authcfg={self.login}"
        else:
            uri = f"url='{self.base}/wfs' typename='wg:{collection}' version='2.0.0' pagingEnabled='true' authcfg={self.login}"
        layer = QgsVectorLayer(uri, collection, provider)
        self.assertTrue(layer.isValid(), layer.error().message() + " ".join(self.said))
        return layer

    def features(self, layer, **how):
        """By id; the request's setters by their names without "set"."""
        request = QgsFeatureRequest()
        for setter, value in how.items():
            getattr(request, "set" + setter)(*(value if isinstance(value, tuple) else (value,)))
        got = list(layer.getFeatures(request))
        by_id = {f[self.key(layer)]: f for f in got}
        self.assertEqual(len(got), len(by_id))
        return by_id

    def key(self, layer):
        return "id" if "id" in layer.fields().names() else layer.fields().names()[0]

    def check_parts(self, provider):
        layer = self.layer(provider, "parts")
        self.assertIn(layer.crs().authid(), ("OGC:CRS84", "EPSG:4326", "EPSG:4490"))
        self.assertEqual(layer.featureCount(), len(self.parts))
        got = self.features(layer)
        self.assertEqual(set(got), set(self.parts))
        for key, f in got.items():
            want, at = self.parts[key], f.geometry().asPoint()
            self.assertEqual((f["name"], f["category"], f["state"]), (want["name"], want["category"], want["state"]))
            self.assertAlmostEqual(at.x(), float(want["lon"]), 6)
            self.assertAlmostEqual(at.y(), float(want["lat"]), 6)
        self.check_selections(provider)

    def check_selections(self, provider):
        """Each from a layer of its own: one that has been read whole answers from what it kept."""
        covers = {i for i, r in self.parts.items() if r["category"] == "0103"}
        self.assertEqual(set(self.features(self.layer(provider, "parts"), FilterExpression="\"category\" = '0103'")), covers)
        quarter = {i for i, r in self.parts.items() if EAST[0] <= float(r["lon"]) <= EAST[2] and EAST[1] <= float(r["lat"]) <= EAST[3]}
        self.assertEqual(set(self.features(self.layer(provider, "parts"), FilterRect=QgsRectangle(*EAST))), quarter)
        survey = QgsCoordinateReferenceSystem("EPSG:4549")
        got = self.features(self.layer(provider, "parts"), FilterExpression="\"category\" = '0401'",
                            DestinationCrs=(survey, QgsProject.instance().transformContext()))
        asked = self.server.person(JIXI, "z-001").get(
            f"/ogc/{JIXI}/collections/parts/items?limit=100&category=0401&crs=" + urllib.parse.quote("http://www.opengis.net/def/crs/EPSG/0/4549", ""))
        ours = {f["id"]: f["geometry"]["coordinates"] for f in json.loads(asked.body)["features"]}
        self.assertEqual(set(got), set(ours))
        for key, f in got.items():
            at = f.geometry().asPoint()
            self.assertAlmostEqual(at.x(), ours[key][1], 1)  # the authority puts north first
            self.assertAlmostEqual(at.y(), ours[key][0], 1)

    def test_ogc_api_features_opens_counts_pages_and_selects(self):
        self.check_parts("OAPIF")

    def test_wfs_opens_counts_pages_and_selects(self):
        self.check_parts("WFS")

    def test_areas_come_whole(self):
        want = {f["id"]: f["properties"]["area_m2"] for f in json.loads((demo() / JIXI / "grids.geojson").read_text("utf-8"))["features"]}
        to_metres = QgsCoordinateTransform(QgsCoordinateReferenceSystem("EPSG:4490"), QgsCoordinateReferenceSystem("EPSG:4549"), QgsProject.instance())
        for provider in ("OAPIF", "WFS"):
            got = self.features(self.layer(provider, "grids"))
            self.assertEqual(set(got), set(want), provider)
            for key, f in got.items():
                shape = f.geometry()
                self.assertTrue(shape.isGeosValid(), key)
                shape.transform(to_metres)
                self.assertAlmostEqual(shape.area() / want[key], 1, 2)

    def picture(self, layer, lon, lat, reach=1500):
        """Painted points of 512 x 512, of a place and so many metres around."""
        mercator = QgsCoordinateReferenceSystem("EPSG:3857")
        to = QgsCoordinateTransform(QgsCoordinateReferenceSystem("EPSG:4326"), mercator, QgsProject.instance())
        at = to.transform(lon, lat)
        settings = QgsMapSettings()
        settings.setLayers([layer])
        settings.setDestinationCrs(mercator)
        settings.setOutputSize(QSize(512, 512))
        settings.setBackgroundColor(QColor(255, 255, 255))
        settings.setExtent(QgsRectangle(at.x() - reach, at.y() - reach, at.x() + reach, at.y() + reach))
        job = QgsMapRendererParallelJob(settings)
        job.start()
        job.waitForFinished()
        self.assertFalse([e.message for e in job.errors()])
        image = job.renderedImage()
        return sum(image.pixel(x, y) != 0xffffffff for x in range(512) for y in range(512))

    def test_vector_tiles_make_a_picture(self):
        for collection, least in (("grids", 20000), ("parts", 5000)):
            where = urllib.parse.quote(f"{self.base}/collections/{collection}/xyz/{{z}}/{{x}}/{{y}}.pbf", "")
            layer = QgsVectorTileLayer(f"type=xyz&url={where}&zmin=0&zmax=16&authcfg={self.login}", collection)
            self.assertTrue(layer.isValid(), layer.error().message())
            self.assertGreater(self.picture(layer, 118.592, 30.0665), least, collection)
            self.assertEqual(self.picture(layer, 110, 20), 0, collection)


if __name__ == "__main__":
    unittest.main()
