"""The policy's sentences, one by one: a script for each row that the core and the rules answer for. Rows that need the
machine's clock moved are in tests/crash/clock.py, hostile packs in test_rules.py, plugins in test_plugin.py."""
import sys
import unittest
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

sys.path.append(str(Path(__file__).resolve().parents[1]))
from support import CITY, JIXI, LANGXI, STEPS, CityTest, event, scripts_copy, wait_until


class Policy(CityTest):
    def act(self, case, who, action, body=None, area=JIXI):
        return self.is_status(self.who(who, area).act(case, action, body or {}), 200).json

    def got(self, case):
        return self.who("l-001").case(case).json

    def story(self, case):
        return self.who("l-001").case(case, "/history").json

    def due(self, **q):
        return datetime.fromisoformat(self.who("z-001").get(f"/v1/{JIXI}/clock?{urlencode(q)}").json["due"])

    def test_S0a_an_emergency_has_a_running_clock_on_a_holiday_night_and_litter_has_not(self):
        night = "2026-10-01T02:10:00+08:00"
        self.assertEqual(self.due(**{"from": night, "limit": 1, "unit": "emergency_hour"}),
                         datetime.fromisoformat("2026-10-01T03:10:00+08:00"))
        self.assertGreater(self.due(**{"from": night, "limit": 1, "unit": "work_hour"}),
                           datetime.fromisoformat("2026-10-07T00:00:00+08:00"))

    def test_S0c_each_reason_names_its_text_file_and_line(self):
        why = self.who("l-001").case(self.brought_to("file"), "/explain").json
        self.assertTrue(all(w["because"] and w["because"][0]["text"] and w["because"][0]["file"] for w in why))

    def test_S1e_three_latencies_add_up_to_the_timeline(self):
        case = self.brought_to("close")
        clock = self.who("l-001").case(case, "/clock").json["latency"]
        story = self.story(case)
        span = lambda a, b: (datetime.fromisoformat(b) - datetime.fromisoformat(a)).total_seconds()
        self.assertAlmostEqual(clock["total_seconds"], span(story[0]["ended"], story[-1]["ended"]), delta=2)
        self.assertAlmostEqual(sum(v for k, v in clock.items() if k != "total_seconds"), clock["total_seconds"], delta=3)

    def test_S2e_a_case_moves_to_the_next_county_with_number_evidence_and_clocks(self):
        case = self.brought_to("file")
        was = self.got(case)
        self.act(case, "z-001", "handover", {"to": LANGXI})
        now = self.act(case, "z-001", "receive", area=LANGXI)
        for key in ("number", "due", "filed", "opened", "photos", "description"):
            self.assertEqual(now[key], was[key], key)

    def test_S3b_the_same_case_is_seen_in_county_and_city_without_typing_it_again(self):
        case = self.brought_to("file")
        there = self.who("l-001", CITY).get(f"/v1/{CITY}/cases/{case}").json
        self.assertEqual(there, self.got(case))

    def test_S3d_each_part_has_a_page_that_says_how_it_does(self):
        anybody = self.server.client()
        self.is_status(anybody.get("/healthz"), 200)
        self.is_status(anybody.get("/readyz"), 200)
        metrics = anybody.get("/metrics").body.decode()
        for area in (CITY, JIXI, LANGXI):
            self.assertIn(f'area="{area}"', metrics)

    def test_S3e_S5k_S5l_S5m_each_role_takes_its_part_from_report_to_close(self):
        case = self.brought_to("close")
        self.assertEqual([e["action"] for e in self.story(case)], ["report"] + [s[0] for s in STEPS])
        roles = {e["role"] for e in self.story(case)}
        self.assertEqual(roles, {"collector", "acceptor", "chief", "dispatcher", "unit"})
        self.assertTrue(all({"by", "role", "from", "to", "begun", "ended", "seconds", "late"} <= set(e) for e in self.story(case)))

    def test_S3v_the_same_caller_on_two_lines_becomes_one_case_with_two_sources(self):
        one = self.reported(by="a-001", i=3, source="hotline", caller={"name": "李某", "phone": "13900000001"})
        two = self.reported(by="a-001", i=3, source="other", caller={"name": "李某", "phone": "13900000001"})
        offered = [o["merge_into"] for o in self.story(two)[0]["outcomes"] if o["k"] == "propose"]
        self.assertEqual(offered[0], one)
        self.act(two, "a-001", "merge", {"into": offered[0]})
        self.assertEqual((self.got(two)["state"], self.got(two)["into"]), ("merged", one))
        self.assertEqual({self.got(one)["source"], self.got(two)["source"]}, {"hotline", "other"})

    def test_S4a_every_post_of_the_centre_has_an_account(self):
        users = self.who("admin").get(f"/v1/{JIXI}/users").json["users"]
        have = {r for u in users for r in u["roles"]}
        self.assertLessEqual({"acceptor", "chief", "dispatcher", "coordinator", "reviewer", "leader", "admin"}, have)

    def test_S4b_who_supervises_a_case_does_not_command_it(self):
        case = self.brought_to("dispatch")
        self.is_status(self.who("admin").post(f"/v1/{JIXI}/users", {
            "user": "t-100", "name": "t", "roles": ["chief", "dispatcher"], "password": "pw-341824-t-100"}), 422)
        self.is_status(self.who("p-001").act(case, "close"), 403)

    def test_S4d_the_clocks_of_the_two_axes_add_up_to_the_case(self):
        case = self.brought_to("close")
        clock = self.who("l-001").case(case, "/clock").json
        axes = clock["axes"]
        self.assertAlmostEqual(sum(axes.values()), clock["latency"]["total_seconds"], delta=3)

    def test_S4f_a_county_s_own_class_is_live_beside_the_national_ones(self):
        names = lambda area: {c["name"] for c in self.who("z-001", area).get(f"/v1/{area}/categories").json["categories"]}
        self.assertIn("古民居外墙涂改", names(JIXI))
        self.assertNotIn("古民居外墙涂改", names(LANGXI))
        self.assertEqual(self.got(self.reported(category="0199"))["category_name"], "古民居外墙涂改")

    def test_S4g_no_page_sets_a_due_moment(self):
        flow = self.who("z-001").get(f"/v1/{JIXI}/flow").json["steps"]
        case = self.brought_to("acknowledge")
        for step in flow:
            if step["action"] == "report":
                continue
            self.assertFalse({"due", "stage_due", "limit"} & (set(step["need"]) | set(step["may"])))
            for user in ("a-001", "z-001", "p-001", "u-hw-1", "l-001", "c-001", "x-001", "r-001", "admin"):
                a = self.who(user).act(case, step["action"], {"due": "2030-01-01T00:00:00+08:00"})
                self.assertIn(a.status, (403, 409, 422), (step["action"], user))

    def test_S4m_a_second_case_at_the_spot_goes_by_the_first_one_s_ruling(self):
        case = self.brought_to("acknowledge", i=5)
        self.act(case, "u-hw-1", "dispute", {"reason": "界线不清"})
        self.act(case, "x-001", "decide", {"unit": "u-cg"})
        again = self.reported(i=5)
        self.assertEqual(self.got(again)["proposed_unit"], "u-cg")
        why = [w for w in self.who("l-001").case(again, "/explain").json if w["decision"] == "proposed"]
        self.assertIn("先例", why[0]["because"][0]["text"])

    def test_S4n_every_open_case_has_one_accountable_post(self):
        self.brought_to("dispatch"), self.brought_to("ask_check")
        for case in self.who("l-001").get(f"/v1/{JIXI}/cases?limit=1000").json["cases"]:
            self.assertEqual(case["post"] is None, case["closed"] is not None, case["id"])

    def test_S5f_codes_that_no_table_has_are_refused_by_name(self):
        for key, value in (("category", "9901"), ("kind", "matter"), ("source", "fax"), ("standard", "GB/T 1"),
                           ("part", "3418240101999999")):
            body = event(**{key: value}, **({"kind": "part", "category": "0101"} if key == "part" else {}))
            self.is_fault(self.who("c-001").report(body), "/" + key)
        self.is_fault(self.who("p-001").act(self.brought_to("file"), "dispatch", {"unit": "u-zz"}), "/unit")

    def test_S5n_S5o_an_order_has_number_leader_and_reply_as_recorded(self):
        case = self.brought_to("acknowledge")
        order = self.act(case, "l-001", "supervise", {"note": "限期办结"})["order"]
        entry = next(o["order"] for o in self.story(case)[-1]["outcomes"] if "order" in o)
        self.assertEqual(entry["no"], order["no"])
        self.assertEqual((order["by"], order["reply"]), ("l-001", None))

    def test_S5q_a_proxy_fixes_it_and_the_unit_at_fault_keeps_the_blame(self):
        case = self.brought_to("acknowledge")
        self.act(case, "p-001", "proxy", {"unit": "u-cg", "cost": 5000})
        now = self.act(case, "l-001", "grant")
        self.assertEqual((now["unit"], now["blamed_unit"], now["proxied"]), ("u-cg", "u-hw", True))

    def test_S5v_an_auditor_reads_all_and_changes_nothing(self):
        case = self.brought_to("acknowledge")
        auditor = self.who("s-001")
        self.is_status(auditor.case(case, "/history"), 200)
        self.is_status(auditor.get(f"/v1/{JIXI}/events?after=0"), 200)
        for step in self.who("z-001").get(f"/v1/{JIXI}/flow").json["steps"]:
            if step["action"] != "report":
                self.is_status(auditor.act(case, step["action"], {}), 403)
        self.is_status(auditor.report(event()), 403)


class Packs(CityTest):
    """Rows that a county's pack answers for: it is changed while the server runs."""

    config = {"dev": True}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.stop()
        cls.scripts = scripts_copy(cls.server.folder / "scripts")
        cls.server.config["scripts"] = cls.scripts
        cls.server.start()

    def takes(self, path, *changes):
        """Edit a file and wait until it is in force."""
        rev = lambda: self.who("z-001").get(f"/v1/{JIXI}/rules").json["rules"]
        old, file = rev(), self.scripts / path
        text = file.read_text("utf-8")
        for was, now in changes:
            self.assertIn(was, text)
            text = text.replace(was, now, 1)
        file.write_text(text, "utf-8")
        self.assertTrue(wait_until(lambda: rev() != old), self.server.said()[-1500:])

    def test_S1d_S5e_a_stage_is_added_without_a_compiler_and_old_cases_keep_their_flow(self):
        old = self.brought_to("file")
        self.takes("std/flow.lua", ('  step { action = "dispatch",', '  step { action = "street_first", name = "街道初处", '
                                    'from = "filed", to = "checked", role = "dispatcher" },\n  step { action = "dispatch",'))
        new = self.brought_to("file")
        a = self.is_status(self.who("p-001").act(new, "street_first", {"note": "街道已清"}), 200).json
        self.assertEqual(a["state"], "checked")
        self.assertEqual(self.who("p-001").act(old, "street_first").status, 404)
        self.is_status(self.who("p-001").act(old, "dispatch", {"unit": "u-hw"}), 200)

    def test_S2g_a_township_with_two_users_runs_the_whole_flow_and_each_crossing_is_marked(self):
        self.takes("counties/341824/rules.lua", ("return county {", "return county {\n  small_centre = true,"))
        admin = self.who("admin")
        for user, roles, unit in (("v-1", ["acceptor", "chief", "dispatcher", "collector"], None), ("v-2", ["unit"], "u-hw")):
            self.is_status(admin.post(f"/v1/{JIXI}/users", {"user": user, "name": user, "roles": roles, "unit": unit,
                                                           "password": f"pw-{JIXI}-{user}"}), 201)
        case = self.is_status(self.who("v-1").report(event()), 201).json["id"]
        for action, _, body in STEPS:
            user = "v-2" if action in ("acknowledge", "dispose") else "v-1"
            a = self.is_status(self.who(user).act(case, action, body), 200).json
        self.assertEqual((a["state"], a["both_axes"]), ("closed", True))
        marks = [o for e in self.who("l-001").case(case, "/history").json for o in e["outcomes"] if o["k"] == "mark"]
        self.assertTrue(all(m["what"] == "both_axes" for m in marks) and marks)

    def test_S6c_staged_limits_each_have_their_clock_and_their_unit(self):
        self.takes("counties/341824/categories.lua", (
            '    ["0110"] = {',  # a class of the county's own: the city's may not get longer
            '    ["0197"] = { name = "塌陷", conditions = { { id = "1", text = "路面塌陷", close = "恢复", '
            'limit = { 3, "emergency_day" }, stages = {\n'
            '      { name = "围护", limit = { 1, "emergency_hour" } },\n'
            '      { name = "修复", limit = { 1, "emergency_day" }, unit = "u-cg" },\n'
            '      { name = "恢复", limit = { 12, "emergency_hour" } } } } } },\n    ["0110"] = {'))
        case = self.brought_to("acknowledge", category="0197")
        moment = lambda c, key: datetime.fromisoformat(c[key])
        c = self.who("l-001").case(case).json
        self.assertEqual(round((moment(c, "stage_due") - moment(c, "dispatched")).total_seconds()), 3600)
        due = c["due"]
        c = self.is_status(self.who("u-hw-1").act(case, "dispose", {"note": "已围护"}), 200).json
        self.assertEqual((c["state"], c["unit"], c["segment"], c["due"]), ("dispatched", "u-cg", 1, due))
        c = self.is_status(self.who("u-cg-1").act(case, "acknowledge"), 200).json
        c = self.is_status(self.who("u-cg-1").act(case, "dispose", {"note": "已修复"}), 200).json
        self.assertEqual((c["state"], c["unit"], c["segment"]), ("disposing", "u-cg", 2))
        c = self.is_status(self.who("u-cg-1").act(case, "dispose", {"note": "已恢复"}), 200).json
        self.assertEqual(c["state"], "disposed")


if __name__ == "__main__":
    unittest.main()
