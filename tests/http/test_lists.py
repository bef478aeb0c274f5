"""Lists, tasks, and what is told about one case: lamp, history, explanation, clock."""
import sys
import threading
import time
import unittest
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

sys.path.append(str(Path(__file__).resolve().parents[1]))
from support import JIXI, LANGXI, STEPS, CityTest, event, spots


class Lists(CityTest):
    """One county's cases, reported once: two of each state on the way."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.began = datetime.now().astimezone() - timedelta(seconds=1)
        cls.made = {}
        for i in range(18):
            state = cls.bring(i)
            cls.made.setdefault(state[1], []).append(state[0])
        part = [s for s in spots(JIXI) if "part" in s][0]
        cls.part = part
        body = event(i=0, kind="part", category=part["category"], part=part["part"],
                     location={"type": "Point", "coordinates": [part["lon"], part["lat"]]})
        cls.made["reported"].append(cls.server.person(JIXI, "c-002").report(body).json["id"])
        cls.made["reported"].append(cls.server.person(JIXI, "a-001").report(
            event(i=40, source="video", category="0401")).json["id"])

    @classmethod
    def bring(cls, i):
        a = cls.server.person(JIXI, "c-001").report(event(i=i))
        for action, user, body in STEPS[:i % 9]:
            if action == "dispatch" and i > 8:
                body = {"unit": "u-cg"}
            user = user.replace("u-hw", "u-cg") if i > 8 else user
            a = cls.server.person(JIXI, user).act(a.json["id"], action, body)
            assert a.status == 200, a
        return a.json["id"], a.json["state"]

    def ids(self, user="z-001", path="cases", **filters):
        a = self.is_status(self.who(user).get(f"/v1/{JIXI}/{path}?{urlencode({'limit': 1000, **filters})}"), 200)
        return [c["id"] for c in a.json["cases" if path == "cases" else "tasks"]]

    def all(self):
        return sorted(c for cases in self.made.values() for c in cases)

    # ---- filters ----

    def test_all_cases_come_in_the_order_of_their_reports(self):
        self.assertEqual(self.ids(), self.all())
        self.assertEqual(self.ids(sort="-opened"), self.all()[::-1])

    def test_each_filter_takes_what_it_says(self):
        for state, cases in self.made.items():
            self.assertEqual(self.ids(state=state), sorted(cases))
        self.assertEqual(self.ids(state="reported,closed"), sorted(self.made["reported"] + self.made["closed"]))
        self.assertEqual(self.ids(kind="part"), [c for c in self.all() if self.got(c)["kind"] == "part"])
        self.assertEqual(len(self.ids(kind="part")), 1)
        self.assertEqual(len(self.ids(kind="part,event")), len(self.all()))
        self.assertEqual(len(self.ids(category="0401")), 1)
        self.assertEqual(len(self.ids(source="video")), 1)
        self.assertEqual(len(self.ids(reporter="c-002")), 1)
        self.assertEqual(len(self.ids(part=self.part["part"])), 1)
        held = [c for c in self.all() if self.got(c)["unit"] == "u-cg"]
        self.assertEqual(self.ids(unit="u-cg"), held)
        self.assertEqual(self.ids(unit="u-cg", state="closed"), [c for c in held if c in self.made["closed"]])
        grid = self.got(self.all()[0])["grid"]
        self.assertEqual(self.ids(grid=grid), [c for c in self.all() if self.got(c)["grid"] == grid])
        self.assertEqual(self.ids(unit="u-none"), [])

    def test_several_names_of_a_filter_are_any_of_them(self):
        self.assertEqual(len(self.ids(source="video,leader,collector")), len(self.all()))
        self.assertEqual(len(self.ids(source="video,hotline")), 1)

    def test_a_value_that_is_none_is_refused_by_name(self):
        wrong = {"state": "opened", "kind": "thing", "source": "radio", "lamp": "pink", "sort": "number",
                 "bbox": "1,2,3", "cursor": "abc", "q": "a", "nobody": "1"}
        for name, value in wrong.items():
            self.is_fault(self.who("z-001").get(f"/v1/{JIXI}/cases?{name}={value}"), f"/{name}")
        for name, value in {"bbox": "3,2,1,4", "q": "x" * 201}.items():
            self.is_fault(self.who("z-001").get(f"/v1/{JIXI}/cases?{name}={value}"), f"/{name}")
        self.is_fault(self.who("z-001").get(f"/v1/{JIXI}/cases?bbox=1,-91,2,0"), "/bbox")
        for name, value in {"limit": "0", "from": "yesterday", "to": "2026-13-01"}.items():
            for path in ("cases", "tasks") if name == "limit" else ("cases",):
                self.is_fault(self.who("z-001").get(f"/v1/{JIXI}/{path}?{name}={value}"), f"/{name}", status=400)
        self.is_fault(self.who("z-001").get(f"/v1/{JIXI}/cases?limit=1001"), "/limit", status=400)
        self.is_fault(self.who("z-001").get(f"/v1/{JIXI}/tasks?cursor=341824.x"), "/cursor")

    def got(self, case):
        return self.who("z-001").case(case).json

    def test_times_and_boxes_are_half_open_and_closed(self):
        one = self.got(self.all()[3])
        self.assertIn(one["id"], self.ids(**{"from": one["opened"]}))
        self.assertNotIn(one["id"], self.ids(to=one["opened"]))
        self.assertEqual(self.ids(**{"from": "2030-01-01"}), [])
        self.assertEqual(len(self.ids(to="2031-01-01", **{"from": self.began.isoformat()})), len(self.all()))
        lon, lat = one["location"]["coordinates"]
        self.assertIn(one["id"], self.ids(bbox=f"{lon},{lat},{lon},{lat}"))
        self.assertEqual(self.ids(bbox="0,0,1,1"), [])

    def test_a_fragment_finds_id_number_and_address(self):
        one = self.got(self.made["closed"][0])
        self.assertEqual(self.ids(q=one["id"][5:]), [one["id"]])
        self.assertEqual(self.ids(q=one["number"]), [one["id"]])
        self.assertIn(one["id"], self.ids(q=one["address"][:6]))
        self.assertEqual(self.ids(q="没有这样的地方"), [])
        self.is_status(self.who("z-001").get(f"/v1/{JIXI}/cases?q={quote('%_*')}"), 200)

    def test_a_fragment_is_found_in_any_script_width_and_case_and_with_others(self):
        case = self.reported(i=3, by="a-001", source="leader", description="龍川大道 ABC超市門口 垃圾", address="华阳镇北大街8号")
        for q in ("龙川", "龍川大道", "ａｂｃ超市门口", "abc 垃圾", "北大街8号 门口", "門"):
            self.assertIn(case, self.ids(q=q), q)
            self.assertIn(case, self.ids(q=q, sort="-opened", limit=1), q)
            self.assertIn(case, self.ids(q=q, sort="due", source="leader"), q)
        for q in ("龙川 占道", "街8号龙川"):
            self.assertNotIn(case, self.ids(q=q), q)
        self.assertNotIn(case, self.ids("u-hw-1", q="龙川"))
        self.made["reported"].append(case)

    def test_a_search_goes_on_by_its_cursor(self):
        seen, cursor = [], ""
        while cursor is not None:
            page = self.who("z-001").get(f"/v1/{JIXI}/cases?limit=3&sort=-opened&q={quote('垃圾 华阳镇')}" +
                                         (f"&cursor={cursor}" if cursor else "")).json
            seen, cursor = seen + [c["id"] for c in page["cases"]], page["next"]
        self.assertEqual(seen, self.ids(q="垃圾 华阳镇", sort="-opened"))
        self.assertEqual(seen, sorted(seen, reverse=True))

    def test_lamps_filter_and_are_told(self):
        lamps = {c: self.got(c)["lamp"] for c in self.all()}
        for lamp in ("green", "yellow", "red", "grey", "blue"):
            self.assertEqual(self.ids(lamp=lamp), [c for c in self.all() if lamps[c] == lamp])

    def test_a_unit_and_a_collector_see_their_own(self):
        held = [c for c in self.all() if self.got(c)["unit"] == "u-hw"]
        self.assertEqual(self.ids("u-hw-1"), held)
        self.assertEqual(self.ids("u-sw-1"), [])
        mine = [c for c in self.all() if self.got(c)["reporter"] == "c-002" or c in self.made["checking"]]
        self.assertEqual(self.ids("c-002"), mine)
        self.is_status(self.who("u-sw-1").case(held[0]), 403)
        self.is_status(self.who("u-sw-1").case(held[0], "/history"), 403)
        self.is_status(self.who("u-sw-1").case(held[0], "/explain"), 403)
        self.is_status(self.who("c-002").case(self.made["closed"][0], "/clock"), 403)

    # ---- tasks ----

    def test_tasks_are_what_waits_for_the_role(self):
        want = {"a-001": ["reported", "disposed"], "z-001": ["accepted", "checked"], "p-001": ["filed"],
                "c-001": ["checking"], "u-hw-1": ["dispatched", "disposing"]}
        for user, states in want.items():
            waits = [c for s in states for c in self.made.get(s, [])]
            if user == "u-hw-1":
                waits = [c for c in waits if self.got(c)["unit"] == "u-hw"]
            self.assertEqual(sorted(self.ids(user, "tasks")), sorted(waits), user)
        self.assertEqual(self.ids("s-001", "tasks"), [])

    def test_the_most_urgent_task_comes_first(self):
        tasks = self.who("z-001").get(f"/v1/{JIXI}/tasks").json["tasks"]
        now = datetime.now().astimezone().isoformat()
        moment = [t["stage_due"] or t["due"] for t in tasks]
        place = [(0, m) if m and m < now else (2, m) if m else (1, t["opened"]) for m, t in zip(moment, tasks)]
        self.assertEqual(place, sorted(place))
        self.assertEqual(self.who("z-001").get(f"/v1/{JIXI}/tasks").json["counts"],
                         {"accepted": len(self.made["accepted"]), "checked": len(self.made["checked"]), "asked": 0})

    def test_counts_are_of_what_waits_for_me_on_all_pages(self):
        for user in ("a-001", "z-001", "p-001", "c-001", "u-hw-1", "u-cg-1"):
            all_of_them = self.ids(user, "tasks")
            page = self.who(user).get(f"/v1/{JIXI}/tasks?limit=1").json
            self.assertEqual(sum(page["counts"].values()), len(all_of_them), user)
            self.assertEqual(len(page["tasks"]), min(1, len(all_of_them)))
            if page["next"]:
                second = self.who(user).get(f"/v1/{JIXI}/tasks?limit=1&cursor={page['next']}").json
                self.assertEqual(second["counts"], page["counts"])
                self.assertEqual([t["id"] for t in page["tasks"] + second["tasks"]], all_of_them[:2])

    # ---- one case ----

    def test_the_explanation_names_reason_file_line_and_revision(self):
        case = self.made["closed"][0]
        told = self.is_status(self.who("z-001").case(case, "/explain"), 200).json
        rev = self.who("z-001").get(f"/v1/{JIXI}/rules").json["rules"]
        due = next(d for d in told if d["decision"] == "due")
        self.assertEqual(due["value"], self.got(case)["due"])
        self.assertIn("立案条件1", due["because"][0]["text"])
        self.assertRegex(due["because"][0]["file"], r"\.lua$")
        self.assertGreater(due["because"][0]["line"], 0)
        self.assertEqual({d["rules"] for d in told}, {rev})
        self.assertEqual([d["value"] for d in told if d["decision"] == "state"],
                         ["accepted", "filed", "dispatched", "disposing", "disposed", "checking", "checked", "closed"])

    def test_the_history_tells_who_when_how_long_and_why(self):
        story = self.who("l-001").case(self.made["closed"][0], "/history").json
        self.assertEqual([e["seq"] for e in story], sorted(e["seq"] for e in story))
        self.assertEqual(story[0]["from"], None)
        for before, e in zip(story, story[1:]):
            self.assertEqual((e["from"], e["begun"]), (before["to"], before["ended"]))
            self.assertFalse(e["late"])
        self.assertEqual([e["role"] for e in story], ["collector", "acceptor", "chief", "dispatcher", "unit", "unit",
                                                      "acceptor", "collector", "chief"])
        self.assertEqual(story[4]["unit"], self.got(story[0]["outcomes"][0]["id"])["unit"])

    def test_the_clock_of_a_case_adds_up(self):
        case = self.made["filed"][0]
        clock = self.is_status(self.who("z-001").case(case, "/clock"), 200).json
        self.assertEqual(clock["due"], self.got(case)["due"])
        self.assertEqual((clock["limit"], clock["unit"]), (2, "work_hour"))
        spans = clock["statement"]
        self.assertEqual((spans[0]["from"], spans[-1]["to"]), (clock["from"], clock["due"]))
        counted = timedelta()
        for one, after in zip(spans, spans[1:] + [None]):
            self.assertTrue(one["why"])
            self.assertTrue(after is None or after["from"] == one["to"])
            if one["counted"]:
                counted += datetime.fromisoformat(one["to"]) - datetime.fromisoformat(one["from"])
        self.assertEqual(counted, timedelta(hours=2))
        self.assertEqual(self.who("z-001").case(self.made["reported"][0], "/clock").json["due"], None)

    def test_the_working_time_clock_skips_nights_and_weekends(self):
        get = lambda **q: self.who("z-001").get(f"/v1/{JIXI}/clock?{urlencode(q)}")
        a = get(**{"from": "2026-11-20T16:30:00+08:00", "limit": "2", "unit": "work_hour"}).json  # a Friday
        self.assertEqual(a["due"], "2026-11-23T09:00:00+08:00")
        self.assertEqual([s["counted"] for s in a["statement"]].count(True), 2)
        a = get(**{"from": "2026-11-20T16:30:00+08:00", "limit": "0.5", "unit": "calendar_hour"}).json
        self.assertEqual(a["due"], "2026-11-20T17:00:00+08:00")
        days = self.who("z-001").get(f"/v1/{JIXI}/calendar?from=2026-10-01&to=2026-10-10").json["days"]
        self.assertEqual(len(days), 10)
        self.assertFalse(days[0]["works"])

    def test_places_and_responsibility_are_told(self):
        one = self.got(self.all()[0])
        lon, lat = one["location"]["coordinates"]
        there = self.is_status(self.who("z-001").get(f"/v1/{JIXI}/locate?lon={lon}&lat={lat}"), 200).json
        self.assertIn(one["grid"], str(there))
        who = self.is_status(self.who("z-001").get(
            f"/v1/{JIXI}/responsibility?category=0110&lon={lon}&lat={lat}"), 200).json["responsible"]
        self.assertEqual(who["unit"], one["proposed_unit"])


class Paging(CityTest):
    def test_a_cursor_visits_each_case_once_while_others_are_added(self):
        old = {self.reported(LANGXI, i) for i in range(30)}
        stop, added = threading.Event(), []
        adder = self.server.another(LANGXI, "c-001")

        def add():
            for i in range(400):
                if stop.is_set():
                    return
                added.append(adder.report(event(LANGXI, i)).json["id"])

        thread = threading.Thread(target=add)
        thread.start()
        try:
            for sort in ("opened", "-opened", "due"):
                seen, cursor = [], ""
                while cursor is not None:
                    page = self.is_status(self.who("z-001", LANGXI).get(
                        f"/v1/{LANGXI}/cases?limit=7&sort={sort}" + (f"&cursor={cursor}" if cursor else "")), 200).json
                    seen, cursor = seen + [c["id"] for c in page["cases"]], page["next"]
                    time.sleep(0.003)
                self.assertEqual(len(seen), len(set(seen)), sort)
                self.assertLessEqual(old, set(seen), sort)
        finally:
            stop.set()
            thread.join()
        self.assertGreater(len(added), 10)
        self.assertEqual(len(set(added)), len(added))


if __name__ == "__main__":
    unittest.main()
