"""Names to places and back: Chinese in any form, pinyin, fragments, door plates; and what lies at a point."""
import json
import math
import random
import sys
import unittest
import urllib.parse
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
import support
from support import CITY, JIXI, CityTest

NAMED = [("扬之路", 118.590, 30.070), ("扬之路12号", 118.591, 30.071), ("扬之路128号", 118.592, 30.072), ("徽山大道", 118.593, 30.073),
         ("绩溪县人民医院", 118.594, 30.074), ("绩溪县人民政府", 118.595, 30.075), ("龙川大桥", 118.596, 30.076), ("ＫＴＶ广场", 118.597, 30.077),
         ("胡适故居", 118.598, 30.078), ("绩溪火车站", 118.599, 30.079)]
STREETS = "扬徽龙川华阳北门南街东山西河文昌镇学新安太平明清水竹松梅兰"


class Geocode(CityTest):
    @classmethod
    def setUpClass(cls):
        cls.server = support.city("geocode", plugins=["spatial"]).start()
        rng = random.Random(3)
        cls.places = list(NAMED)
        for k in range(2000):
            name = "".join(rng.choice(STREETS) for _ in range(rng.randint(2, 3))) + rng.choice(["路", "街", "巷", "小区"])
            cls.places.append((f"{name}{rng.randint(1, 400)}号", 118.55 + rng.random() * 0.1, 30.03 + rng.random() * 0.1))
        rows = [{"type": "Feature", "id": f"d{k}", "properties": {"name": n, "kind": "门楼牌"}, "geometry": {"type": "Point", "coordinates": [round(x, 7), round(y, 7)]}}
                for k, (n, x, y) in enumerate(cls.places)]
        body = json.dumps({"type": "FeatureCollection", "features": rows}, ensure_ascii=False).encode()
        a = cls.server.person(JIXI, "admin").post(f"/v1/{JIXI}/import/places", body, Content_Type="application/geo+json")
        assert a.status == 201, a

    def ask(self, status=200, area=JIXI, user="z-001", **query):
        a = self.who(user, area).get(f"/v1/{area}/geocode?" + urllib.parse.urlencode(query))
        return self.is_status(a, status).json

    def best(self, q):
        found = self.ask(q=q)["candidates"]
        return found[0]["name"] if found else None

    def test_the_very_name_comes_first(self):
        for name, x, y in self.places[:300]:
            one = self.ask(q=name)["candidates"][0]
            self.assertEqual((one["name"], one["score"]), (name, 1))
        one = self.ask(q="扬之路12号")["candidates"][0]
        self.assertEqual(one["location"], {"type": "Point", "coordinates": [118.591, 30.071]})
        self.assertTrue(one["place"]["grid"].startswith(JIXI))

    def test_all_the_ways_people_write(self):
        for q, name in (("揚之路", "扬之路"), ("KTV广场", "ＫＴＶ广场"), ("ktv", "ＫＴＶ广场"), ("yangzhilu", "扬之路"), ("Yang Zhi Lu", "扬之路"), ("yzl", "扬之路"),
                        ("县医院", "绩溪县人民医院"), ("人民政府", "绩溪县人民政府"), ("huishandadao", "徽山大道"), ("huishan", "徽山大道"), ("hssj", None), ("hsgj", "胡适故居"),
                        ("绩溪县扬之路128号", "扬之路128号"), ("龙川桥", "龙川大桥"), ("绩溪火車站", "绩溪火车站"), ("扬之路128號", "扬之路128号")):
            if name:
                got = [c["name"] for c in self.ask(q=q)["candidates"]]
                self.assertIn(name, got[:1], f"{q}: {got}")

    def test_scores_fall_and_nothing_comes_twice(self):
        for q in ("路", "扬", "华阳", "1号", "xin", "a", "人民", "没有这个地方吗"):
            found = self.ask(q=q, limit=50)["candidates"]
            scores = [c["score"] for c in found]
            self.assertEqual(scores, sorted(scores, reverse=True))
            self.assertEqual(len({c["id"] for c in found}), len(found))
            self.assertTrue(all(0 <= s <= 1 for s in scores))

    def test_a_point_tells_what_is_there(self):
        for name, x, y in self.places[:20]:
            a = self.ask(lon=x, lat=y, limit=5)
            self.assertEqual((a["candidates"][0]["name"], a["candidates"][0]["distance"]), (name, 0))
            d = [c["distance"] for c in a["candidates"]]
            self.assertEqual(d, sorted(d))
            self.assertEqual(a["place"]["county"]["id"], JIXI)
            for key in ("street", "community", "grid"):
                self.assertTrue(a["place"][key]["id"].startswith(JIXI))
        x, y = 118.5951, 30.0752
        near = min(self.places, key=lambda p: math.hypot((p[1] - x) * 96418, (p[2] - y) * 110854))
        self.assertEqual(self.ask(lon=x, lat=y)["candidates"][0]["name"], near[0])
        self.assertEqual(self.ask(lon=0, lat=0)["candidates"], [])

    def test_the_city_asks_all_its_counties(self):
        self.assertEqual(self.ask(area=CITY, user="s-001", q="胡适故居")["candidates"][0]["name"], "胡适故居")

    def test_what_is_wrong_is_told(self):
        for query in ({}, {"q": ""}, {"lon": 118}, {"lon": 200, "lat": 30}, {"q": "x", "limit": 0}, {"q": "x", "limit": 1000}, {"q": "x", "nothing": 1}):
            self.ask(status=400, **query)
        self.assertEqual(self.ask(q="\u200b")["candidates"], [])
        self.ask(q="字" * 500)
        self.is_status(self.server.client().get(f"/v1/{JIXI}/geocode?q=x"), 401)


if __name__ == "__main__":
    unittest.main()
