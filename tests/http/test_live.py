"""Cases on the map: as they are at the moment of the asking, whoever changed them and however."""
import sys
import threading
import unittest
import urllib.parse
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
import mvt
import support
from support import JIXI, LANGXI, spots
from test_ogc import Map
from test_tiles import tile_of

DESKS = ("a-001", "p-001", "z-001")


class Live(Map):
    @classmethod
    def setUpClass(cls):
        cls.server = support.city("live", plugins=["spatial"]).start()

    def cases(self, query="", **more):
        return {f["id"]: f for f in self.all("cases", query, **more)}

    def listed(self):
        """What the list of cases says, page by page."""
        out, cursor = {}, ""
        while cursor is not None:
            a = self.is_status(self.who("z-001").get(f"/v1/{JIXI}/cases?limit=100{cursor}"), 200).json
            out |= {c["id"]: c for c in a["cases"]}
            cursor = f"&cursor={urllib.parse.quote(a['next'])}" if a.get("next") else None
        return out

    def test_a_report_is_on_the_map_when_it_is_answered_and_each_step_after_it(self):
        case = self.reported(i=3)
        f = self.cases()[case]
        s = spots(JIXI)[3]
        self.assertEqual([round(x, 6) for x in f["geometry"]["coordinates"]], [round(s["lon"], 6), round(s["lat"], 6)])
        self.assertEqual((f["properties"]["state"], f["properties"]["open"], f["properties"]["category"]), ("reported", True, "0110"))
        for act, user, body in support.STEPS:
            now = self.is_status(self.who(user).act(case, act, body), 200).json
            p = self.ask(f"/collections/cases/items/{case}")["properties"]
            self.assertEqual((p["state"], p["unit"], p["lamp"]), (now["state"], now["unit"], now["lamp"]), act)
        self.assertEqual((p["state"], p["open"]), ("closed", False))

    def test_it_agrees_with_the_list_of_cases_and_names_nobody(self):
        for i in range(30):
            self.brought_to(support.STEPS[i % len(support.STEPS)][0], i=i)
        mapped, listed = self.cases(), self.listed()
        self.assertEqual(mapped.keys(), listed.keys())
        for id, f in mapped.items():
            p, c = f["properties"], listed[id]
            for key in ("state", "lamp", "kind", "category", "source", "unit", "grid", "opened", "due", "number"):
                self.assertEqual(p[key], c[key], (id, key))
            self.assertEqual(set(p), {"name", "number", "state", "lamp", "kind", "category", "source", "unit", "grid", "part",
                                      "address", "open", "opened", "due", "closed"})

    def test_what_is_merged_or_refused_is_no_more_open(self):
        stays, goes = self.reported(i=9), self.reported(i=9)
        self.is_status(self.who("a-001").act(goes, "merge", {"into": stays}), 200)
        now = self.cases()
        self.assertTrue(now[stays]["properties"]["open"])
        self.assertFalse(goes in now and now[goes]["properties"]["open"])
        one, two = self.reported(i=5), self.reported(i=5)
        before = self.cases()
        self.assertTrue({one, two} <= before.keys())
        acceptor = self.who("a-001")
        self.is_status(acceptor.act(two, "reject", {"reason": "重复上报"}), 200)
        now = self.cases()
        self.assertIn(one, now)
        self.assertNotIn(two, {k for k, f in now.items() if f["properties"]["open"]})

    def test_the_desks_see_it_and_others_do_not(self):
        self.reported()
        for user in DESKS:
            self.assertTrue(self.items("cases", user=user)["numberMatched"])
        self.items("cases", user=None, status=401)
        self.items("cases", user="c-001", status=403)
        for user, seen in (("z-001", True), ("c-001", False), (None, False)):
            ids = [c["id"] for c in self.ask("/collections", user=user)["collections"]]
            self.assertEqual("cases" in ids, seen, user)

    def test_filters_and_times_select(self):
        case = self.brought_to("file", i=7)
        f = self.cases()[case]["properties"]
        self.assertIn(case, self.cases("filter=" + urllib.parse.quote("open = true AND state = 'filed'")))
        self.assertNotIn(case, self.cases("filter=" + urllib.parse.quote("lamp = 'red'")))
        at = urllib.parse.quote(f["opened"])
        self.assertIn(case, self.cases(f"datetime={at}/.."))
        self.assertIn(case, self.cases(f"datetime={at}"))
        self.assertNotIn(case, self.cases("datetime=../2020-01-01T00:00:00Z"))
        done = self.brought_to("close", i=8)
        closed = self.cases()[done]["properties"]["closed"]
        self.assertIn(done, self.cases(f"datetime={urllib.parse.quote(closed)}/.."))
        self.assertNotIn(done, self.cases("datetime=2099-01-01T00:00:00Z/.."))
        self.assertIn(case, self.cases("datetime=2099-01-01T00:00:00Z/.."))
        for q in ("datetime=2099-01-01T00:00:00Z/..", f"datetime={at}/.."):
            self.assertEqual(self.items("cases", q + "&limit=1")["numberMatched"], len(self.cases(q)))

    def test_pages_are_of_one_moment_while_cases_come_in(self):
        for i in range(25):
            self.reported(i=i)
        page = self.items("cases", "limit=10")
        want, seen, n = page["numberMatched"], [f["id"] for f in page["features"]], 0
        while next := self.link(page, "next"):
            new = self.reported(i=n)
            n += 1
            page = self.follow(next)
            self.assertEqual(page["numberMatched"], want)
            seen += [f["id"] for f in page["features"]]
            self.assertNotIn(new, seen)
        self.assertGreater(n, 1)
        self.assertEqual((len(seen), len(set(seen))), (want, want))

    def test_a_tile_that_nothing_touched_is_not_made_again(self):
        s, far = spots(JIXI)[3], max(spots(JIXI), key=lambda x: abs(x["lon"] - spots(JIXI)[3]["lon"]))
        z = 15
        here, there = tile_of(s["lon"], s["lat"], z), tile_of(far["lon"], far["lat"], z)
        self.assertNotEqual(here, there)
        self.reported(i=3)

        def tag(x, y, path="/collections/cases"):
            a = self.who("z-001").get(f"/ogc/{JIXI}{path}/xyz/{z}/{x}/{y}.pbf")
            self.assertIn(a.status, (200, 204))
            return a.headers["etag"], a.body
        first, other, both = tag(*here), tag(*there), tag(*there, "")
        case = self.reported(i=3)
        self.assertEqual((tag(*there), tag(*there, "")), (other, both))
        again = tag(*here)
        self.assertNotEqual(again[0], first[0])
        self.assertIn(case, [f["properties"]["id"] for f in mvt.decode(again[1])["cases"]["features"]])
        self.assertNotIn(case, [f["properties"]["id"] for f in mvt.decode(first[1])["cases"]["features"]])

    def test_the_city_sees_all_its_counties(self):
        here, there = self.reported(i=1), self.reported(LANGXI, i=1)
        seen = {f["id"] for f in self.all("cases", area="341800", user="admin")}
        self.assertTrue({here, there} <= seen)

    def test_many_who_ask_while_many_report_see_their_own(self):
        """Each sees what it was told of before it asked."""
        bad, ids = [], []

        def one(k):
            client, reader = self.server.another(JIXI, "c-001"), self.server.another(JIXI, "z-001")
            for i in range(12):
                a = client.report(support.event(JIXI, 12 * k + i))
                ids.append(a.json["id"])
                seen = reader.get(f"/ogc/{JIXI}/collections/cases/items/{a.json['id']}?f=json")
                if seen.status != 200 or seen.json["properties"]["state"] != "reported":
                    bad.append((a, seen))
            client.close()
            reader.close()
        threads = [threading.Thread(target=one, args=(k,)) for k in range(6)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual((bad, len(ids)), ([], 72))
        self.assertTrue(set(ids) <= self.cases().keys())

    def test_a_restart_shows_the_same(self):
        self.reported(i=2)
        before = {k: f["properties"] for k, f in self.cases().items()}
        self.server.stop()
        self.server.start()
        after = {k: f["properties"] for k, f in self.cases().items()}
        self.assertEqual(before, after)


if __name__ == "__main__":
    unittest.main()
