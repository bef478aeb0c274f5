"""WFS 2.0, as the offices' older clients ask for it."""
import sys
import unittest
import urllib.parse
import xml.etree.ElementTree as ET
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from support import JIXI
from test_ogc import Map

NS = {"wfs": "http://www.opengis.net/wfs/2.0", "gml": "http://www.opengis.net/gml/3.2", "ows": "http://www.opengis.net/ows/1.1",
      "wg": "urn:wangge:map", "xsd": "http://www.w3.org/2001/XMLSchema", "fes": "http://www.opengis.net/fes/2.0"}


class Wfs(Map):
    def wfs(self, request, status=200, user="z-001", **more):
        query = urllib.parse.urlencode({"SERVICE": "WFS", "VERSION": "2.0.0", "REQUEST": request, **more})
        client = self.who(user) if user else self.server.client()
        a = client.get(f"/ogc/{JIXI}/wfs?{query}")
        self.assertEqual(a.status, status, a)
        return a.json if "json" in a.headers["content-type"] else ET.fromstring(a.body)

    def features(self, **more):
        doc = self.wfs("GetFeature", **{"TYPENAMES": "wg:parts", **more})
        members = doc.findall("wfs:member/*", NS)
        self.assertEqual(int(doc.get("numberReturned")), len(members))
        return int(doc.get("numberMatched")), members

    def ids(self, **more):
        return {m.find("wg:id", NS).text for m in self.features(COUNT="10000", **more)[1]}

    def test_capabilities_name_types_and_what_can_be_done(self):
        doc = self.wfs("GetCapabilities")
        names = [e.text for e in doc.findall("wfs:FeatureTypeList/wfs:FeatureType/wfs:Name", NS)]
        self.assertTrue({"wg:parts", "wg:grids"} <= set(names))
        done = {e.get("name"): e.find("ows:DefaultValue", NS).text for e in doc.findall("ows:OperationsMetadata/ows:Constraint", NS)}
        self.assertEqual((done["ImplementsResultPaging"], done["ImplementsTransactionalWFS"]), ("TRUE", "FALSE"))
        self.assertNotIn("wg:parts", [e.text for e in self.wfs("GetCapabilities", user=None).iter(f"{{{NS['wfs']}}}Name")])
        crs = doc.find("wfs:FeatureTypeList/wfs:FeatureType/wfs:DefaultCRS", NS).text
        self.assertEqual(crs, "urn:ogc:def:crs:EPSG::4490")

    def test_the_schema_names_what_features_hold(self):
        names = {e.get("name") for e in self.wfs("DescribeFeatureType", TYPENAMES="wg:parts").iter(f"{{{NS['xsd']}}}element")}
        held = {e.tag.split("}")[1] for m in self.features(COUNT="50")[1] for e in m}
        self.assertTrue(held <= names, held - names)
        every = self.wfs("DescribeFeatureType")
        self.assertGreater(len(every.findall("xsd:complexType", NS)), 3)

    def test_pages_hold_each_feature_once(self):
        matched, _ = self.features(RESULTTYPE="hits")
        self.assertEqual(matched, len(self.parts()))
        seen = []
        while members := self.features(COUNT="3000", STARTINDEX=str(len(seen)))[1]:
            seen += [m.get(f"{{{NS['gml']}}}id") for m in members]
        self.assertEqual((len(seen), len(set(seen))), (matched, matched))

    def test_boxes_filters_and_names_select(self):
        rows = self.parts()
        want = {r["id"] for r in rows if 30.06 <= float(r["lat"]) <= 30.065 and 118.59 <= float(r["lon"]) <= 118.595}
        self.assertTrue(want)
        self.assertEqual(self.ids(BBOX="30.06,118.59,30.065,118.595,urn:ogc:def:crs:EPSG::4490"), want)
        self.assertEqual(self.ids(BBOX="30.06,118.59,30.065,118.595"), want)
        box = ("<fes:BBOX><fes:ValueReference>geometry</fes:ValueReference><gml:Envelope srsName='urn:ogc:def:crs:EPSG::4490'>"
               "<gml:lowerCorner>30.06 118.59</gml:lowerCorner><gml:upperCorner>30.065 118.595</gml:upperCorner></gml:Envelope></fes:BBOX>")
        equal = "<fes:PropertyIsEqualTo><fes:ValueReference>wg:category</fes:ValueReference><fes:Literal>0103</fes:Literal></fes:PropertyIsEqualTo>"
        like = ("<fes:PropertyIsLike wildCard='*' singleChar='?' escapeChar='!'><fes:ValueReference>name</fes:ValueReference>"
                "<fes:Literal>*井?</fes:Literal></fes:PropertyIsLike>")
        self.assertEqual(self.ids(FILTER=self.filter(box)), want)
        self.assertEqual(self.ids(FILTER=self.filter(f"<fes:And>{box}{equal}</fes:And>")), {r["id"] for r in rows if r["id"] in want and r["category"] == "0103"})
        covers = {r["id"] for r in rows if r["name"][-2:-1] == "井"}
        self.assertTrue(0 < len(covers) < 10000)
        self.assertEqual(self.ids(FILTER=self.filter(f"<fes:Not><fes:Not>{like}</fes:Not></fes:Not>")), covers)
        between = ("<fes:PropertyIsBetween><fes:ValueReference>ordate</fes:ValueReference><fes:LowerBoundary><fes:Literal>20241101</fes:Literal>"
                   "</fes:LowerBoundary><fes:UpperBoundary><fes:Literal>20241130</fes:Literal></fes:UpperBoundary></fes:PropertyIsBetween>")
        self.assertEqual(self.ids(FILTER=self.filter(between)), {r["id"] for r in rows if "20241101" <= r["ordate"] <= "20241130"})
        one = rows[7]["id"]
        self.assertEqual(self.ids(RESOURCEID=f"parts.{one}"), {one})
        self.assertEqual(self.ids(FILTER=self.filter(f"<fes:Or><fes:ResourceId rid='parts.{one}'/><fes:ResourceId rid='parts.{rows[8]['id']}'/></fes:Or>")),
                         {one, rows[8]["id"]})

    def test_places_stand_in_the_order_of_their_system(self):
        for srs, first in (("urn:ogc:def:crs:EPSG::4490", lambda r: float(r["lat"])), ("urn:ogc:def:crs:OGC:1.3:CRS84", lambda r: float(r["lon"]))):
            [m] = self.features(COUNT="1", SRSNAME=srs)[1]
            point = m.find("wg:geometry/gml:Point", NS)
            row = next(r for r in self.parts() if r["id"] == m.find("wg:id", NS).text)
            self.assertEqual((point.get("srsName"), float(point.find("gml:pos", NS).text.split()[0])), (srs, first(row)))
        doc = self.wfs("GetFeature", TYPENAMES="wg:parts", COUNT="1", OUTPUTFORMAT="application/json")
        self.assertEqual((doc["type"], len(doc["features"])), ("FeatureCollection", 1))
        areas = self.wfs("GetFeature", TYPENAMES="grids", COUNT="3").findall("wfs:member/wg:grids/wg:geometry/gml:MultiSurface", NS)
        self.assertEqual(len(areas), 3)

    def test_what_is_wrong_is_an_exception_report(self):
        for request, more in (("GetNothing", {}), ("GetFeature", {"TYPENAMES": "wg:nothing"}), ("GetFeature", {"COUNT": "x", "TYPENAMES": "parts"}), ("GetFeature", {}),
                              ("GetFeature", {"TYPENAMES": "parts", "BBOX": "1,2,3"}), ("GetFeature", {"TYPENAMES": "parts", "SRSNAME": "EPSG:1"}),
                              ("GetFeature", {"TYPENAMES": "parts", "FILTER": "<Filter><Nothing/></Filter>"}), ("GetFeature", {"TYPENAMES": "parts", "FILTER": "<Filter>"}),
                              ("GetFeature", {"TYPENAMES": "parts", "FILTER": "<a>" * 200 + "</a>" * 200}), ("GetFeature", {"TYPENAMES": "parts", "FILTER": "<Filter/>"}),
                              ("GetFeature", {"TYPENAMES": "parts", "FILTER": "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><Filter>&x;</Filter>"}),
                              ("DescribeFeatureType", {"TYPENAMES": "wg:nothing"})):
            doc = self.wfs(request, status=400, **more)
            self.assertTrue(doc.find("ows:Exception/ows:ExceptionText", NS).text)

    def filter(self, body):
        return f"<fes:Filter xmlns:fes='{NS['fes']}' xmlns:gml='{NS['gml']}'>{body}</fes:Filter>"


if __name__ == "__main__":
    unittest.main()
