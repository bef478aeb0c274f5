"""Hostile and broken rules of one county: fenced in time, the city's decide, harmless to the others, mended without a
restart."""
import re
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from support import JIXI, LANGXI, CityTest, event, scripts_copy, wait_until

# reason of the step -> what on.reject does then, and what the refusal must say
HOSTILE = {
    "loop": ("while true do end", "time is over"),
    "asks": ("while true do ctx.near { within_m = 5000 } end", "time is over"),
    "counts": ("local n = 0 for i = 1, math.tointeger(2 ^ 60) do n = n + i end", "time is over"),
    "memory": ("local t = {} for i = 1, 100000000 do t[i] = { i } end", "memory"),
    "string": ('local s = "x" while true do s = s .. s end', "memory"),
    "repeats": ('local s = ("x"):rep(1000000000)', ""),
    "recursion": ("local function f() return 1 + f() end return f()", ""),
    "error": ('error("大坏")', "大坏"),
    "table": ("error({})", ""),
    "number": ("return 5", "must return"),
    "made_up": ('return { { k = "go", to = "closed" } }', "must return"),
    "gap": ('return { [2] = notify { to = "x", text = "x", because = "x" } }', "list"),
    "float": ('return set { due = 1.5, because = "x" }', "due"),
    "past": ('return set { due = -1, because = "x" }', "due"),
    "unknown": ('return propose { unit = "u-hw", because = "x", colour = "red" }', "colour"),
    "no_why": ('return propose { unit = "u-hw" }', "because"),
    "many": ('local t = {} for i = 1, 4000 do t[i] = notify { to = "x", text = "x", because = "x" } end return t', ""),
    "os": ('os.exit(1)', "os"),
    "global": ("LEAK = 1", "LEAK"),
    "write": ('case.state = "closed"', ""),
    "keep": ("kept = (kept or 0) + 1", "kept"),
}


class Rules(CityTest):
    @classmethod
    def setUpClass(cls):
        cls.scripts = None
        cls.config = {"dev": True}
        super().setUpClass()
        cls.server.stop()
        cls.scripts = scripts_copy(cls.server.folder / "scripts")
        cls.server.config["scripts"] = cls.scripts
        cls.rules = cls.scripts / "counties" / LANGXI / "rules.lua"
        cls.plain = cls.rules.read_text("utf-8")
        cls.server.start()

    def setUp(self):
        self.rules.write_text(self.plain, "utf-8")
        self.assertTrue(self.in_force(self.plain_rev()), self.server.said()[-1000:])

    def plain_rev(self):
        if not hasattr(type(self), "first_rev"):
            type(self).first_rev = self.rev()
        return self.first_rev

    def rev(self, area=LANGXI):
        return self.who("z-001", area).get(f"/v1/{area}/rules").json["rules"]

    def in_force(self, rev):
        return wait_until(lambda: self.rev() == rev)

    def takes(self, text, path=None):
        """Save it and wait until it is in force."""
        old = self.rev()
        (path or self.rules).write_text(text, "utf-8")
        self.assertTrue(wait_until(lambda: self.rev() != old), self.server.said()[-1500:])

    def said(self, *words):
        """A line of the log that holds all of them, soon."""
        found = lambda: [s for s in self.server.said().splitlines() if all(w in s for w in words)]
        self.assertTrue(wait_until(found), self.server.said()[-1500:])

    def on_reject(self, code, before=""):
        return self.plain.replace("return county {", before + "return county {").replace(
            "  on = {\n", "  on = {\n    reject = function(case, ctx)\n" + code + "\n    end,\n", 1)

    def hostile(self):
        code = "\n".join(f'if ctx.body.reason == "{name}" then {body} end' for name, (body, _) in HOSTILE.items())
        return self.on_reject(code, "local kept\n")

    # ---- hostile ----

    def test_each_hostile_rule_is_fenced_and_the_citys_rules_decide(self):
        city = self.who("admin", "341800").get("/v1/341800/rules").json["hash"]
        self.takes(self.hostile())
        mine = self.rev()
        one = self.who("a-001", LANGXI)
        for i, (name, (_, word)) in enumerate(HOSTILE.items()):
            took = []
            for k in range(3):
                case = self.reported(LANGXI, 100 + 3 * i + k)
                start = time.monotonic()
                a = self.is_status(one.act(case, "reject", {"reason": name}), 200)
                took.append(time.monotonic() - start)
                self.assertEqual((a.json["state"], a.json["fenced"], a.json["due"]), ("rejected", True, None), name)
            self.assertLess(min(took), 0.1, name)
            story = one.case(case, "/history").json
            self.assertEqual(len(story), 2)
            marks = [o for o in story[-1]["outcomes"] if o.get("what") == "rule_failed"]
            self.assertEqual([(m["event"], m["pack"]) for m in marks], [("reject", city)], name)
            self.assertEqual(story[-1]["rules"], mine)
            text, file, line = marks[0]["why"]
            self.assertEqual(file, "341821/rules.lua", name)
            self.assertGreater(line, 0, name)
            self.assertIn(word, text, name)
            self.assertNotIn(self.who("z-001", LANGXI).case(case).json["state"], ("closed",), name)
        case = self.reported(LANGXI, 1)
        a = self.is_status(one.act(case, "reject", {"reason": "fine"}), 200)
        self.assertEqual((a.json["state"], a.json["fenced"]), ("rejected", False))
        status = self.who("z-001", LANGXI).get(f"/v1/{LANGXI}/status").json
        incident, = status["rule_incidents"]
        self.assertEqual((incident["name"], incident["count"]), ("reject", 3 * len(HOSTILE)))
        self.assertEqual((incident["rules"], incident["pack"]), (mine, city))
        self.takes(self.plain)  # the next release: nothing is red any more
        self.assertEqual(self.who("z-001", LANGXI).get(f"/v1/{LANGXI}/status").json["rule_incidents"], [])

    def test_what_rules_cost_is_measured_rule_by_rule(self):
        self.takes(self.on_reject('if ctx.body.reason == "spin" then while true do end end'))
        for i, reason in enumerate(("spin", "fine")):
            case = self.reported(LANGXI, 400 + i)
            self.is_status(self.who("a-001", LANGXI).act(case, "reject", {"reason": reason}), 200)
        text = self.who("z-001", LANGXI).get("/metrics").body.decode()
        figure = lambda what: int(re.search(rf'wangge_rule_{what}{{area="341821",event="reject"}} (\d+)', text)[1])
        self.assertEqual((figure("calls"), figure("failed")), (2, 1))
        self.assertGreater(figure("max_us"), 15000)
        self.assertLess(figure("max_us"), 100000)

    def test_another_county_goes_on_unharmed_meanwhile(self):
        self.takes(self.hostile())
        mine = self.reported(JIXI, 2)
        bad, stop = self.server.another(LANGXI, "a-001"), threading.Event()
        reports = self.server.another(LANGXI, "c-001")
        refused = []

        def attack():
            while not stop.is_set():
                for name in ("loop", "memory", "string", "asks"):
                    refused.append(bad.act(reports.report(event(LANGXI)).json["id"], "reject", {"reason": name}).status)

        thread = threading.Thread(target=attack)
        thread.start()
        best = 1.0
        try:
            for attempt in range(3):  # the machine may have other work
                took = []
                for i in range(200):
                    start = time.monotonic()
                    a = self.who("z-001").case(mine) if i % 2 else self.who("c-001").report(event(i=i))
                    took.append(time.monotonic() - start)
                    self.is_status(a, 201 - i % 2)
                best = min(best, sorted(took)[197])
                if best < 0.05:
                    break
        finally:
            stop.set()
            thread.join()
        self.assertLess(best, 0.05)
        self.assertGreater(len(refused), 1)
        self.assertEqual(set(refused), {200})
        self.assertGreater(self.who("z-001", LANGXI).get(f"/v1/{LANGXI}/status").json["rule_failures"], 1)
        self.assertEqual(self.who("z-001").get(f"/v1/{JIXI}/status").json["rule_failures"], 0)

    def test_a_mended_rule_works_without_a_restart(self):
        self.takes(self.on_reject("error('bad')"))
        case = self.reported(LANGXI, 3)
        reason = {"reason": "x"}
        a = self.is_status(self.who("a-001", LANGXI).act(case, "reject", reason), 200)
        self.assertTrue(a.json["fenced"])
        self.takes(self.plain)
        case = self.reported(LANGXI, 33)
        a = self.is_status(self.who("a-001", LANGXI).act(case, "reject", reason), 200)
        self.assertFalse(a.json["fenced"])

    def test_a_rule_may_refuse_a_step_in_its_own_words(self):
        self.takes(self.on_reject('if ctx.body.reason == "no" then return refuse { because = "周日不受理" } end'))
        case = self.reported(LANGXI, 4)
        a = self.is_status(self.who("a-001", LANGXI).act(case, "reject", {"reason": "no"}), 403)
        self.assertIn("周日不受理", a.json["detail"])
        self.is_status(self.who("a-001", LANGXI).act(case, "reject", {"reason": "yes"}), 200)

    # ---- edits ----

    def broken(self, text, *words, path=None):
        """A saved fault keeps the old rules, and the log says what and where."""
        old = self.rev()
        (path or self.rules).write_text(text, "utf-8")
        self.said(*words)
        self.assertEqual(self.rev(), old)
        case = self.reported(LANGXI, 5)
        self.is_status(self.who("a-001", LANGXI).act(case, "accept"), 200)

    def test_a_syntax_error_keeps_the_old_rules_and_names_file_and_line(self):
        line = self.plain[:self.plain.index("  on = {")].count("\n") + 1
        self.broken(self.plain.replace("  on = {", "  on = = {"), '"level":"error"', f"{LANGXI}/rules.lua:{line}:")

    def test_a_misspelt_name_keeps_the_old_rules(self):
        self.broken(self.plain.replace("hours = {", "huors = {"), f"{LANGXI}/rules.lua", "huors")

    def test_a_loop_while_loading_keeps_the_old_rules(self):
        self.broken("while true do end\n" + self.plain, f"{LANGXI}/rules.lua:1:", "time is over")

    def test_a_failed_test_of_the_county_s_own_keeps_the_old_rules(self):
        path = self.rules.with_name("categories.lua")
        text = path.read_text("utf-8")
        try:
            self.broken(text.replace('limit = { 4, "work_hour" }', 'limit = { 6, "work_hour" }'),
                        "tea on the pavement", path=path)
        finally:
            path.write_text(text, "utf-8")

    def test_a_filed_case_keeps_its_revision_when_a_limit_changes(self):
        paths = [self.rules.with_name("categories.lua"), self.rules.with_name("tests.lua")]
        texts = [p.read_text("utf-8") for p in paths]
        file = {"condition": "2"}

        def accepted(i):
            case = self.reported(LANGXI, i, category="0199")
            self.is_status(self.who("a-001", LANGXI).act(case, "accept"), 200)
            return case

        old, waiting = accepted(6), accepted(7)
        before = self.is_status(self.who("z-001", LANGXI).act(old, "file", file), 200).json
        try:
            paths[1].write_text(texts[1].replace("{ noon, 4000,", "{ noon, 8000,"), "utf-8")
            self.takes(texts[0].replace('limit = { 4, "work_hour" }', 'limit = { 8, "work_hour" }'), paths[0])
            rev = self.rev()
            after = self.is_status(self.who("z-001", LANGXI).act(waiting, "file", file), 200).json
            self.assertEqual((before["rules"], after["rules"]), (self.plain_rev(), rev))
            limit = lambda c: self.who("z-001", LANGXI).case(c, "/clock").json["limit"]
            self.assertEqual((limit(old), limit(waiting)), (4, 8))
            self.assertGreater(after["due"], before["due"])
            self.assertEqual(self.server.stop(), 0)     # the old revision is found again in its blob
            self.server.start()
            a = self.is_status(self.who("p-001", LANGXI).act(old, "dispatch", {"unit": "u-hw"}), 200).json
            self.assertEqual((a["rules"], a["due"]), (before["rules"], before["due"]))
            told = self.who("z-001", LANGXI).case(old, "/history").json
            self.assertEqual({e["rules"] for e in told}, {before["rules"]})
        finally:
            for path, text in zip(paths, texts):
                path.write_text(text, "utf-8")

    def test_the_city_s_rule_reaches_all_its_counties(self):
        path = self.scripts / "std" / "city.lua"
        text = path.read_text("utf-8")
        other = self.rev(JIXI)
        try:
            self.takes(text.replace("责任单位", "负责单位"), path)
            self.assertTrue(wait_until(lambda: self.rev(JIXI) != other))
            case = self.reported(LANGXI, 8)
            self.assertIn("负责单位", self.who("z-001", LANGXI).case(case, "/explain").body.decode())
        finally:
            path.write_text(text, "utf-8")
            self.assertTrue(wait_until(lambda: self.rev(JIXI) == other))


if __name__ == "__main__":
    unittest.main()
