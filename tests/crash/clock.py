#!/usr/bin/env python3
"""Time passes while the server is off, killed, or told a wrong hour: what was due comes once, in order, and says how
late it is."""
import json
import re
import shutil
import subprocess
import sys
import time
import unittest
from datetime import datetime, timedelta
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from support import BUILD, JIXI, WANGGE, CityTest, city, event, scripts_copy, temp, wait_until

DAY = 86400


def moment(text):
    return datetime.fromisoformat(text)


class Skewed(CityTest):
    """A server whose clock these tests set."""

    @classmethod
    def setUpClass(cls):
        pass  # each test has its own Monday

    @classmethod
    def tearDownClass(cls):
        pass

    def rules(self):
        """What to serve by, where it is not what the county has."""
        return {}

    def setUp(self):
        self.server = city("clock", **self.rules())
        self.skew = self.server.folder / "skew"
        # a Monday morning after the holidays, whenever this runs: 9:00 in the county
        now = datetime.now(moment("2026-01-01T00:00:00+08:00").tzinfo)
        start = (now + timedelta(days=7 - now.weekday())).replace(hour=9, minute=0, second=0)
        self.offset = int((start - now).total_seconds())
        self.write(self.offset)
        self.server.env = {"LD_PRELOAD": str(BUILD / "tests/skew.so"), "SKEW": str(self.skew)}
        self.server.start()
        self.addCleanup(shutil.rmtree, self.server.folder, True)
        self.addCleanup(self.server.stop)

    def write(self, seconds):
        new = self.skew.with_suffix(".new")
        new.write_text(f"{seconds}\n")
        new.rename(self.skew)  # never half a number

    def passes(self, seconds, kill=False):
        """That much time, with the machine off."""
        self.assertEqual(self.server.kill() if kill else self.server.stop(), -9 if kill else 0)
        self.offset += seconds
        self.write(self.offset)
        self.server.start()

    def act(self, case, who, action, body=None):
        return self.is_status(self.who(who).act(case, action, body or {}), 200).json

    def got(self, case):
        return self.who("l-001").case(case).json

    def story(self, case):
        return self.who("l-001").case(case, "/history").json

    def time_said(self, case, what):
        """What time had to say about it, once `what` is there."""
        said = lambda: [e["body"] for e in self.story(case) if e["action"] == "time"]
        self.assertTrue(wait_until(lambda: any(b["what"] == what for b in said())), (said(), self.server.said()[-800:]))
        return said()

    def at_work(self, i=0, **changes):
        return self.brought_to("acknowledge", i=i, **changes)

    def audited(self):
        self.assertEqual(self.server.stop(), 0)
        for what in ("--audit", "--rebuild"):
            done = subprocess.run([WANGGE, "replay", what, "-c", self.server.file], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.server.start()


class Passing(Skewed):
    def test_S4n_S5p_an_overdue_case_climbs_the_ladder_once_each_and_keeps_its_version(self):
        case = self.at_work()
        before = self.got(case)
        self.assertEqual((before["lamp"], before["overdue"], before["level"]), ("green", False, 0))
        self.passes(90 * 60)
        self.assertEqual(self.got(case)["lamp"], "yellow")
        self.passes(45 * 60, kill=True)
        said = self.time_said(case, "overdue")
        self.assertEqual([b["what"] for b in said], ["overdue"])
        now = self.got(case)
        self.assertEqual((now["lamp"], now["overdue"], now["version"]), ("red", True, before["version"]))
        told = [o["to"] for e in self.story(case) if e["action"] == "time" for o in e["outcomes"] if o["k"] == "notify"]
        self.assertEqual(told, ["dispatcher"])
        for days, level, to in ((1, 1, "chief"), (3, 2, "centre"), (7, 3, "leader")):
            self.passes(days * DAY, kill=level == 2)
            self.assertTrue(wait_until(lambda: self.got(case)["level"] == level), self.got(case))
            told = [o["to"] for e in self.story(case) if e["action"] == "time" for o in e["outcomes"] if o["k"] == "notify"]
            self.assertEqual(told[-1], to)
        self.assertEqual(told, ["dispatcher", "chief", "centre", "leader"])
        now = self.got(case)
        self.assertRegex(now["order"]["no"], "督办")
        self.assertEqual((now["order"]["by"], now["owes_reply"], now["version"]), ("time", True, before["version"]))
        late = [e["body"].get("late_s", 0) for e in self.story(case) if e["action"] == "time"]
        self.assertTrue(all(s > 0 for s in late), late)
        # who read the case before may still act on it
        self.is_status(self.who("u-hw-1").act(case, "dispose", {}, If_Match=f'"{before["version"]}"'), 200)
        self.audited()

    def test_a_week_off_fires_each_once_and_in_order(self):
        cases = [self.at_work(i) for i in range(4)] + [self.brought_to("file", i=9), self.reported(i=10)]
        self.passes(7 * DAY, kill=True)
        for case in cases[:4]:
            self.time_said(case, "overdue")
        self.time_said(cases[4], "stage")
        self.time_said(cases[5], "stage")
        self.passes(1)
        time.sleep(2)
        entries = []
        for case in cases:
            said = [(e["seq"], e["body"]) for e in self.story(case) if e["action"] == "time"]
            self.assertEqual(len(said), len({b["what"] for _, b in said}), said)
            self.assertTrue(all(b["late_s"] > 0 for _, b in said))
            entries += said
        planned = [b["planned"] for _, b in sorted(entries, key=lambda e: e[0])]
        self.assertEqual(len(planned), len(entries))
        for case in cases:  # of one case, in the order in which they were due
            mine = [b["planned"] for _, b in sorted((e["seq"], e["body"]) for e in self.story(case) if e["action"] == "time")]
            self.assertEqual(mine, sorted(mine))
        self.audited()

    def test_a_suspension_ends_by_itself_with_what_was_left(self):
        case = self.at_work(11)
        left = self.who("l-001").case(case, "/clock").json["left_seconds"]
        until = (moment(self.got(case)["opened"]) + timedelta(days=3)).isoformat()
        self.act(case, "p-001", "suspend", {"until": until})
        version = self.act(case, "l-001", "grant")["version"]
        self.passes(2 * DAY)
        time.sleep(1)
        self.assertEqual((self.got(case)["state"], self.got(case)["lamp"]), ("suspended", "grey"))
        self.passes(2 * DAY, kill=True)
        self.time_said(case, "resume")
        now = self.got(case)
        self.assertEqual((now["state"], now["suspended_until"], now["version"]), ("disposing", None, version))
        self.assertAlmostEqual(self.who("l-001").case(case, "/clock").json["left_seconds"], left, delta=5)
        self.act(case, "u-hw-1", "dispose")
        self.audited()

    def test_what_was_late_at_the_feedback_stays_as_late_as_it_was(self):
        case = self.at_work(26)
        self.passes(3 * 3600)  # an hour late, at noon
        self.act(case, "u-hw-1", "dispose")
        before = self.who("l-001").case(case, "/clock").json
        self.passes(22 * 3600)
        self.act(case, "a-001", "ask_check")
        self.act(case, "c-001", "check", {"result": "fail"})
        after = self.who("l-001").case(case, "/clock").json
        self.assertAlmostEqual(after["used_seconds"], before["used_seconds"], delta=2)
        self.assertIn("已反馈，待核查", [s["why"] for s in after["statement"] if not s["counted"]])

    def test_after_a_long_stop_the_lamp_is_as_green_as_before(self):
        case = self.at_work(27)
        until = (moment(self.got(case)["opened"]) + timedelta(days=2)).isoformat()
        self.act(case, "p-001", "suspend", {"until": until})
        self.act(case, "l-001", "grant")
        self.passes(2 * DAY + 60)
        self.time_said(case, "resume")
        self.assertEqual(self.got(case)["lamp"], "green")
        other = self.at_work(28)
        self.act(other, "u-hw-1", "send_back", {"reason": "不归我管"})
        self.passes(DAY)
        self.act(other, "p-001", "dispatch", {"unit": "u-hw"})
        self.assertEqual(self.got(other)["lamp"], "green")

    def test_S4k_an_appeal_needs_two_reviewers_and_the_fact_stays(self):
        case = self.at_work(12)
        self.passes(2 * DAY)
        for who, action, body in (("u-hw-1", "dispose", {}), ("a-001", "ask_check", {}), ("c-001", "check", {"result": "pass"}),
                                  ("z-001", "close", {})):
            self.act(case, who, action, body)
        self.assertEqual(self.got(case)["lamp"], "red")
        self.is_status(self.who("u-cg-1").act(case, "appeal", {}), 403)
        self.act(case, "u-hw-1", "appeal", {"note": "连日暴雨"})
        a = self.act(case, "r-001", "uphold")
        self.assertEqual((a["exempt"], a["asked"]["votes"][0]["by"]), (False, "r-001"))
        self.is_status(self.who("r-001").act(case, "uphold"), 403)
        a = self.act(case, "r-002", "uphold")
        self.assertEqual((a["exempt"], a["asked"], a["lamp"], a["appealed"]), (True, None, "red", True))
        self.is_status(self.who("u-hw-1").act(case, "appeal", {}), 409)

    def test_a_deferral_is_asked_for_before_it_is_due(self):
        case = self.at_work(13)
        self.passes(2 * DAY)
        a = self.is_status(self.who("u-hw-1").act(case, "defer", {"days": 1}), 409)
        self.assertIn("overdue", a.json["detail"])

    def test_S0a_a_gas_leak_at_night_has_a_running_clock_at_once_and_litter_has_not(self):
        self.passes(13 * 3600)  # into the night
        leak, litter = (self.brought_to("file", i=14, category=c) for c in ("0401", "0110"))
        filed, due = (moment(self.got(leak)[k]) for k in ("filed", "due"))
        self.assertEqual(due - filed, timedelta(hours=1))
        span = self.who("l-001").case(leak, "/clock").json["statement"][0]
        self.assertTrue(span["counted"])
        self.assertGreater(moment(self.got(litter)["due"]) - moment(self.got(litter)["filed"]), timedelta(hours=8))

    def test_a_replay_under_load_of_time_gives_the_same(self):
        for i in range(15, 25):
            self.at_work(i)
        self.passes(30 * DAY, kill=True)
        time.sleep(1)
        self.audited()


class Campaign(Skewed):
    """A campaign 专项整治 whose last day is the Monday on which these tests begin."""

    def rules(self):
        now = datetime.now(moment("2026-01-01T00:00:00+08:00").tzinfo)
        day = (now + timedelta(days=7 - now.weekday())).date()
        scripts = scripts_copy(temp("scripts"))
        county = scripts / f"counties/{JIXI}/rules.lua"
        county.write_text(county.read_text("utf-8").replace("  on = {\n", f"""  campaigns = {{
    {{ id = "zx", name = "岁末整治", from = "{day - timedelta(days=3)}", to = "{day}",
      event = {{ ["0110"] = {{ limit = {{ 1, "work_hour" }} }} }} }},
  }},
  on = {{
""", 1), "utf-8")
        return {"scripts": scripts, "dev": True}

    def file(self, case):
        self.act(case, "z-001", "file", {"condition": "1"})
        words = [self.who("l-001").case(case, part).body.decode() for part in ("", "/history", "/explain", "/clock")]
        return self.got(case), words

    def limit(self, words):
        return [e["value"] for e in json.loads(words[2]) if e["decision"] == "limit"][-1]

    def test_it_holds_to_midnight_and_leaves_nothing_behind(self):
        self.assertTrue(wait_until(lambda: '"taken over","area":341824' in self.server.said(), 30))
        self.passes(15 * 3600 - 180)  # three minutes to midnight
        first, second = self.brought_to("accept"), self.brought_to("accept", i=1)
        now = datetime.now(moment("2026-01-01T00:00:00+08:00").tzinfo) + timedelta(seconds=self.offset)
        midnight = (now + timedelta(hours=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        left = (midnight - now).total_seconds()
        self.write(self.offset + int(left) - 1)  # the last second or two; no jump that would hold the timers
        got, words = self.file(first)
        self.assertLess(moment(got["filed"]), midnight)
        self.assertEqual(self.limit(words), [1000, "work_hour"])
        self.assertIn("岁末整治", words[2])
        self.assertIn('"campaign"', words[2])
        self.write(self.offset + int(left) + 1)
        got, words = self.file(second)
        self.assertGreaterEqual(moment(got["filed"]), midnight)
        self.assertEqual(self.limit(words), [2000, "work_hour"])
        for text in words:
            self.assertNotIn("整治", text)
            self.assertNotIn("campaign", text)
        # it was filed within, whenever it is corrected
        before = self.got(first)
        self.act(first, "z-001", "correct", {"condition": "1"})
        self.assertEqual(self.got(first)["due"], before["due"])
        self.assertEqual(self.limit([0, 0, self.who("l-001").case(first, "/explain").body]), [1000, "work_hour"])
        self.audited()


class Held(Skewed):
    def test_a_clock_that_jumps_holds_the_timers_and_tells_of_it(self):
        case = self.at_work()
        incidents = lambda: int(re.search(r"wangge_incidents_total\{[^}]*341824[^}]*\} (\d+)",
                                          self.server.client().get("/metrics").body.decode())[1])
        before = incidents()
        self.write(self.offset + 5 * DAY)
        self.is_status(self.who("p-001").act(case, "urge"), 200)
        self.assertTrue(wait_until(lambda: incidents() > before))
        time.sleep(2)
        self.assertFalse([e for e in self.story(case) if e["action"] == "time"])
        self.write(self.offset)  # put right again
        self.is_status(self.who("p-001").act(case, "urge"), 200)
        story = self.story(case)
        self.assertEqual([e["ended"] for e in story], sorted(e["ended"] for e in story))
        self.audited()


class Released(Skewed):
    def rules(self):
        scripts = scripts_copy(temp("scripts"))
        std = scripts / "std/city.lua"
        std.write_text(std.read_text("utf-8").replace("clock_hold_minutes = 10", "clock_hold_minutes = 0"), "utf-8")
        return {"scripts": scripts, "dev": True}

    def test_once_the_hold_is_over_time_goes_on(self):
        self.assertTrue(wait_until(lambda: '"taken over","area":341824' in self.server.said(), 30))
        case = self.at_work()
        self.write(self.offset + 5 * DAY)
        self.is_status(self.who("p-001").act(case, "urge"), 200)
        self.time_said(case, "overdue")
        self.write(self.offset - 5 * DAY)
        self.is_status(self.who("p-001").act(case, "urge"), 200)
        self.audited()


if __name__ == "__main__":
    unittest.main()
