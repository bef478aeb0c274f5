"""A case from report to close, and every way in which a step is refused."""
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from support import CITY, JIXI, LANGXI, STEPS, CityTest, event, password


class Flow(CityTest):
    def account(self, user, roles, area=JIXI, method="POST", **more):
        """Make or change an account."""
        body = {"user": user, "name": user, "roles": roles, "password": password(area, user), **more}
        path = f"/v1/{area}/users" + ("" if method == "POST" else "/" + user)
        self.server.people.pop((area, user), None)
        return self.who("admin", area).ask(method, path, body)

    def test_a_case_goes_from_report_to_close_through_the_hands_of_seven(self):
        first = self.is_status(self.who("c-001").report(event(i=3)), 201)
        case = first.json["id"]
        self.assertEqual(first.headers["location"], f"/v1/{JIXI}/cases/{case}")
        self.assertEqual(first.headers["etag"], '"1"')
        self.assertEqual((first.json["state"], first.json["number"], first.json["lamp"]), ("reported", None, "green"))
        after = ["accepted", "filed", "dispatched", "disposing", "disposed", "checking", "checked", "closed"]
        people = {"accept": "a-001", "file": "z-001", "dispatch": "p-001", "acknowledge": "u-hw-1", "dispose": "u-hw-1",
                  "ask_check": "a-001", "check": "c-002", "close": "z-001"}
        for version, ((action, _, body), state) in enumerate(zip(STEPS, after), 2):
            a = self.is_status(self.who(people[action]).act(case, action, {**body, "note": action}), 200)
            self.assertEqual((a.json["state"], a.json["version"]), (state, version))
            self.assertEqual(a.headers["etag"], f'"{version}"')
        done = self.who("l-001").case(case).json
        self.assertRegex(done["number"], r"^绩数管案〔\d{4}〕\d{6}号$")
        self.assertEqual((done["state"], done["unit"], done["condition"]), ("closed", "u-hw", "1"))
        self.assertTrue(done["closed"] and done["due"])
        story = self.who("z-001").case(case, "/history").json
        self.assertEqual([e["action"] for e in story], ["report"] + [s[0] for s in STEPS])
        self.assertEqual([e["to"] for e in story], ["reported"] + after)
        self.assertEqual(story[1]["body"], {"note": "accept"})

    def test_a_failed_check_sends_it_back_as_rework(self):
        case = self.brought_to("ask_check", i=4)
        a = self.who("c-001").act(case, "check", {"result": "fail"})
        self.assertEqual((a.json["state"], a.json["rework"]), ("dispatched", 1))

    def test_case_numbers_have_no_gaps(self):
        numbers = [self.who("z-001").case(self.brought_to("file", i=i)).json["number"] for i in range(5, 9)]
        serials = [int(n[-7:-1]) for n in numbers]
        self.assertEqual(serials, list(range(serials[0], serials[0] + 4)))

    # ---- refusals ----

    def test_a_wrong_role_is_refused_with_what_it_may_do(self):
        case = self.reported(i=9)
        for user, may in (("z-001", {"supervise", "merge", "add_evidence", "correct", "handover"}),
                          ("p-001", {"urge", "add_evidence"}), ("u-hw-1", {"add_evidence"}), ("l-001", {"supervise"})):
            a = self.is_status(self.who(user).act(case, "accept"), 403)
            self.assertEqual(set(a.json["allowed"]), may)
        a = self.is_status(self.who("a-001").act(case, "close"), 403)
        self.assertEqual(a.json["allowed"], ["ask_verify", "accept", "reject", "merge", "add_evidence"])

    def test_a_wrong_state_is_refused_with_what_is_allowed(self):
        case = self.reported(i=10)
        a = self.is_status(self.who("a-001").act(case, "ask_check"), 409)
        self.assertEqual(a.json["allowed"], ["ask_verify", "accept", "reject", "merge", "add_evidence"])
        self.assertIn("reported", a.json["detail"])
        a = self.is_status(self.who("z-001").act(case, "file", {"condition": "1"}), 409)
        self.assertNotIn("file", a.json["allowed"])
        case = self.brought_to("close", i=10)
        self.is_status(self.who("z-001").act(case, "close"), 409)

    def test_a_unit_acts_on_what_it_holds_alone(self):
        case = self.brought_to("dispatch", i=11)
        self.is_status(self.who("u-cg-1").act(case, "acknowledge"), 403)
        self.is_status(self.who("u-cg-1").case(case), 403)
        self.is_status(self.who("u-hw-1").act(case, "acknowledge"), 200)

    def test_a_stale_version_is_refused(self):
        case = self.reported(i=12)
        for wrong in ('"2"', "7", '"abc"', 'W/"1"', "-1"):
            self.is_status(self.who("a-001").act(case, "accept", If_Match=wrong), 412)
        self.is_status(self.who("a-001").act(case, "accept", If_Match='"1"'), 200)
        self.is_status(self.who("z-001").act(case, "file", {"condition": "1"}, If_Match='"1"'), 412)
        self.is_status(self.who("z-001").act(case, "file", {"condition": "1"}, If_Match="*"), 200)

    def test_an_action_that_the_flow_does_not_know_is_not_found(self):
        case = self.reported(i=13)
        for action in ("explode", "report", "accept%00", "ACCEPT"):
            self.assertIn(self.who("a-001").act(case, action).status, (400, 404))
        self.is_status(self.who("a-001").act("341824-2026-999999", "accept"), 404)
        self.is_status(self.who("a-001").act("nonsense", "accept"), 404)

    # ---- keys ----

    def test_the_same_key_and_body_give_the_same_case(self):
        key = {"Idempotency_Key": "k-1"}
        first = self.is_status(self.who("c-001").report(event(i=14), **key), 201)
        again = self.is_status(self.who("c-001").report(event(i=14), **key), 201)
        self.assertEqual(again.json, first.json)
        self.assertEqual(again.headers["location"], first.headers["location"])
        other = self.is_status(self.who("c-001").report(event(i=15), **key), 422)
        self.assertIn("Idempotency-Key", other.json["detail"])
        mine = self.is_status(self.who("c-002").report(event(i=14), **key), 201)
        self.assertNotEqual(mine.json["id"], first.json["id"])

    def test_a_repeated_step_with_its_key_is_taken_once(self):
        case = self.reported(i=16)
        for _ in range(3):
            a = self.is_status(self.who("a-001").act(case, "accept", {"note": "收"}, Idempotency_Key="k-2"), 200)
            self.assertEqual(a.json["version"], 2)
        self.assertEqual(len(self.who("a-001").case(case, "/history").json), 2)
        self.is_status(self.who("a-001").act(case, "accept", {"note": "收"}), 409)

    def test_a_key_that_is_no_key_is_refused(self):
        self.is_status(self.who("c-001").report(event(i=17), Idempotency_Key="k" * 129), 400)

    # ---- two axes ----

    def test_who_dispatched_does_not_close_it_in_another_role(self):
        self.is_status(self.account("t-001", ["dispatcher"]), 201)
        case = self.brought_to("file", i=18)
        self.is_status(self.who("t-001").act(case, "dispatch", {"unit": "u-hw"}), 200)
        for action, user, body in STEPS[3:-1]:
            self.is_status(self.who(user).act(case, action, body), 200)
        self.is_status(self.account("t-001", ["chief"], method="PUT"), 200)
        a = self.is_status(self.who("t-001").act(case, "close"), 403)
        self.assertIn("监督", a.json["detail"])
        self.is_status(self.who("z-001").act(case, "close"), 200)
        # and never one of another case
        case = self.brought_to("check", i=19)
        self.is_status(self.who("t-001").act(case, "close"), 200)

    def test_who_accepted_does_not_dispatch_it_in_another_role(self):
        self.is_status(self.account("t-002", ["acceptor"]), 201)
        case = self.reported(i=20)
        self.is_status(self.who("t-002").act(case, "accept"), 200)
        self.is_status(self.who("z-001").act(case, "file", {"condition": "1"}), 200)
        self.is_status(self.account("t-002", ["dispatcher"], method="PUT"), 200)
        self.is_status(self.who("t-002").act(case, "dispatch", {"unit": "u-hw"}), 403)
        self.is_status(self.who("p-001").act(case, "dispatch", {"unit": "u-hw"}), 200)

    def test_an_account_with_both_axes_is_refused(self):
        a = self.is_fault(self.account("t-003", ["chief", "dispatcher"]), "/roles", "监督")
        self.assertEqual(a.status, 422)
        self.is_fault(self.account("t-003", ["rule_author", "rule_approver"]), "/roles")

    def test_a_small_centre_may_join_them_and_every_such_act_is_marked(self):
        self.is_status(self.account("t-004", ["chief", "dispatcher"], LANGXI), 201)
        case = self.reported(LANGXI)
        one = self.who("t-004", LANGXI)
        self.is_status(self.who("a-001", LANGXI).act(case, "accept"), 200)
        self.is_status(one.act(case, "file", {"condition": "1"}), 200)
        self.is_status(one.act(case, "dispatch", {"unit": "u-hw"}), 200)
        marks = [[o["k"] for o in e["outcomes"]].count("mark") for e in one.case(case, "/history").json]
        self.assertEqual(marks, [0, 0, 0, 1])

    # ---- the order ----

    def test_refusals_come_in_the_order_that_the_interface_fixes(self):
        case = self.brought_to("check", i=21)
        path, bad, stale = f"/v1/{JIXI}/cases/{case}/close", {"nonsense": 1}, {"If_Match": '"1"'}
        now = {"If_Match": f'"{self.who("z-001").case(case).json["version"]}"'}
        nobody = self.server.client()
        self.is_status(nobody.post(path, bad, **stale), 401)
        self.is_status(nobody.post(path.replace(JIXI, "999999", 1), bad, **stale), 401)
        self.is_status(self.who("z-001").post(path.replace(JIXI, "999999", 1), bad, **stale), 404)
        self.is_status(self.who("z-001", LANGXI).post(path, bad, **stale), 403)
        role = self.is_status(self.who("p-001").post(path, bad, **stale), 403)
        self.assertIn("allowed", role.json)
        self.is_status(self.who("z-001").post(path, bad, **stale), 412)
        other = f"/v1/{JIXI}/cases/{case}/file"
        self.is_status(self.who("z-001").post(other, bad, **stale), 412)
        self.is_status(self.who("z-001").post(other, bad, **now), 409)
        self.is_fault(self.who("z-001").post(path, bad, **now), "/nonsense")
        self.is_status(self.account("t-005", ["dispatcher"]), 201)
        mine = self.brought_to("file", i=22)
        self.is_status(self.who("t-005").act(mine, "dispatch", {"unit": "u-hw"}), 200)
        for action, user, body in STEPS[3:-1]:
            self.is_status(self.who(user).act(mine, action, body), 200)
        self.is_status(self.account("t-005", ["chief"], method="PUT"), 200)
        self.is_fault(self.who("t-005").act(mine, "close", bad), "/nonsense")
        self.is_status(self.who("t-005").act(mine, "close"), 403)


class Areas(CityTest):
    def test_a_report_to_the_city_goes_to_the_county_of_its_place(self):
        for area in (JIXI, LANGXI):
            a = self.is_status(self.who("a-001", CITY).report(event(area, source="leader")), 201)
            self.assertEqual(a.json["area"], area)
            self.assertTrue(a.headers["location"].startswith(f"/v1/{area}/cases/{area}-"))
        self.is_fault(self.who("a-001", CITY).report(event(location={"type": "Point", "coordinates": [116.4, 39.9]})),
                      "/location", "no county")

    def test_the_city_reads_its_counties(self):
        case, other = self.reported(JIXI, 1), self.reported(LANGXI, 1)
        city = self.who("l-001", CITY)
        ids = [c["id"] for c in city.get(f"/v1/{CITY}/cases?limit=1000").json["cases"]]
        self.assertIn(case, ids)
        self.assertIn(other, ids)
        for path in (f"/v1/{CITY}/cases/{case}", f"/v1/{JIXI}/cases/{case}", f"/v1/{CITY}/cases/{other}/history",
                     f"/v1/{JIXI}/cases/{case}/clock", f"/v1/{LANGXI}/tasks", f"/v1/{JIXI}/units"):
            self.is_status(city.get(path), 200)
        self.assertEqual(city.case(case).json["area"], JIXI)

    def test_the_city_pages_through_its_counties_without_end_or_gap(self):
        for area in (JIXI, LANGXI):
            for i in range(2, 5):
                self.reported(area, i)
        city, seen, cursor = self.who("l-001", CITY), [], ""
        while cursor is not None and len(seen) < 1000:
            page = self.is_status(city.get(f"/v1/{CITY}/cases?limit=2" + (f"&cursor={cursor}" if cursor else "")), 200).json
            seen, cursor = seen + [c["id"] for c in page["cases"]], page["next"]
        self.assertEqual(len(seen), len(set(seen)))
        whole = [c["id"] for c in city.get(f"/v1/{CITY}/cases?limit=1000").json["cases"]]
        self.assertEqual(seen, whole)

    def test_who_has_no_step_at_the_city_has_no_tasks_and_no_next_page(self):
        self.assertEqual(self.who("s-001", CITY).get(f"/v1/{CITY}/tasks").json["next"], None)

    def test_the_city_acts_on_no_county_s_case(self):
        case = self.reported(JIXI, 6)
        for area in (CITY, JIXI):
            a = self.who("a-001", CITY).post(f"/v1/{area}/cases/{case}/accept")
            self.is_status(a, 403)
        self.is_status(self.who("admin", CITY).post(f"/v1/{JIXI}/users", {}), 403)
        self.assertEqual(self.who("a-001").case(case).json["state"], "reported")

    def test_another_county_is_forbidden_and_says_no_more(self):
        case = self.reported(JIXI, 7)
        stranger = self.who("z-001", LANGXI)
        told = set()
        for path in (f"/v1/{JIXI}/cases/{case}", f"/v1/{JIXI}/cases/341824-2026-999999", f"/v1/{JIXI}/cases",
                     f"/v1/{JIXI}/cases/{case}/history", f"/v1/{JIXI}/tasks", f"/v1/{JIXI}/events", f"/v1/{JIXI}/units",
                     f"/v1/{JIXI}/users", f"/v1/{JIXI}/status", f"/v1/{CITY}/cases", f"/v1/{JIXI}/blobs/{'0' * 64}"):
            told.add(self.is_status(stranger.get(path), 403).body)
        self.assertEqual(len(told), 1)
        self.is_status(stranger.report(event(LANGXI), If_Match="*"), 403)  # a chief does not report
        self.is_status(stranger.post(f"/v1/{JIXI}/cases", event()), 403)
        self.is_status(stranger.get(f"/v1/{LANGXI}/cases/{case}"), 404)

    def test_an_unknown_area_is_not_found(self):
        for area in ("341899", "999999", "34182", "abc", "3418240"):
            self.is_status(self.who("z-001").get(f"/v1/{area}/cases"), 404)


if __name__ == "__main__":
    unittest.main()
