"""The whole flow: every state, action and role against the table of the interface, and every bend of a case."""
import sys
import threading
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from support import JIXI, LANGXI, CityTest, event

OPEN = ("reported verifying accepted filed dispatched disposing disposed checking checked returned disputed "
        "suspended").split()
FILED = OPEN[3:]
# The table of the interface, said a second time: action -> (states, roles).
TABLE = {
    "ask_verify": (["reported"], ["acceptor"]),
    "verify": (["verifying"], ["collector"]),
    "accept": (["reported"], ["acceptor"]),
    "reject": (["reported"], ["acceptor"]),
    "file": (["accepted"], ["chief"]),
    "refuse": (["accepted"], ["chief"]),
    "dispatch": (["filed", "returned", "disputed"], ["dispatcher"]),
    "acknowledge": (["dispatched"], ["unit"]),
    "send_back": (["dispatched", "disposing"], ["unit"]),
    "refuse_send_back": (["returned"], ["dispatcher"]),
    "dispute": (["dispatched", "disposing", "returned"], ["unit", "dispatcher"]),
    "decide": (["disputed"], ["coordinator"]),
    "defer": (["disposing"], ["unit"]),
    "suspend": (["disposing"], ["dispatcher"]),
    "resume": (["suspended"], ["dispatcher", "leader"]),
    "proxy": (["dispatched", "disposing", "disputed"], ["dispatcher"]),
    "dispose": (["disposing"], ["unit"]),
    "ask_check": (["disposed"], ["acceptor"]),
    "check": (["checking"], ["collector"]),
    "close": (["checked"], ["chief"]),
    "supervise": (OPEN, ["leader", "chief"]),
    "urge": (OPEN, ["dispatcher"]),
    "void": (FILED, ["chief"]),
    "merge": (OPEN, ["acceptor", "chief"]),
    "split": (["merged"], ["acceptor", "chief"]),
    "transfer": (["dispatched", "disposing"], ["unit"]),
    "countersign": (["dispatched", "disposing"], ["dispatcher"]),
    "add_evidence": (OPEN, ["acceptor", "chief", "dispatcher", "coordinator", "unit", "collector"]),
    "correct": (OPEN + ["closed"], ["chief"]),
    "callback": (["closed"], ["acceptor"]),
    "handover": (OPEN, ["chief"]),
    # these look at more than the state: only what they never allow is walked, the rest has tests of its own
    "grant": (["dispatched", "disposing", "disputed"], ["dispatcher", "chief", "leader"]),
    "deny": (["dispatched", "disposing", "disputed"], ["dispatcher", "chief", "leader"]),
    "reply": (OPEN, ["unit"]),
    "withdraw": (OPEN, ["acceptor", "dispatcher", "coordinator", "unit", "chief"]),
    "appeal": (["closed"], ["unit"]),
    "uphold": (["closed"], ["reviewer"]),
    "dismiss": (["closed"], ["reviewer"]),
    "receive": (OPEN, ["chief"]),
}
LOOK_AT_MORE = {"grant", "deny", "reply", "withdraw", "appeal", "uphold", "dismiss", "receive", "callback"}
PEOPLE = {"collector": "c-001", "acceptor": "a-001", "chief": "z-001", "dispatcher": "p-001", "coordinator": "x-001",
          "unit": "u-hw-1", "leader": "l-001", "reviewer": "r-001", "auditor": "s-001", "admin": "admin",
          "rule_author": "g-001", "rule_approver": "h-001"}
BODY = {"verify": {"result": "yes"}, "reject": {"reason": "x"}, "file": {"condition": "1"}, "refuse": {"reason": "x"},
        "dispatch": {"unit": "u-hw"}, "send_back": {"reason": "x"}, "refuse_send_back": {"reason": "x"},
        "decide": {"unit": "u-hw"}, "defer": {"days": 2}, "proxy": {"unit": "u-cg"}, "check": {"result": "pass"},
        "deny": {"reason": "x"}, "void": {"reason": "x"}, "transfer": {"unit": "u-cg"},
        "countersign": {"units": ["u-cg"]}, "add_evidence": {"note": "x"}, "correct": {"address": "新街1号"},
        "callback": {"result": "satisfied"}, "handover": {"to": LANGXI}}
# how a case comes to a state: the steps from the state before
PATH = {
    "reported": (None, []), "verifying": ("reported", [("acceptor", "ask_verify", {})]),
    "accepted": ("reported", [("acceptor", "accept", {})]), "filed": ("accepted", [("chief", "file", BODY["file"])]),
    "dispatched": ("filed", [("dispatcher", "dispatch", BODY["dispatch"])]),
    "disposing": ("dispatched", [("unit", "acknowledge", {})]), "disposed": ("disposing", [("unit", "dispose", {})]),
    "checking": ("disposed", [("acceptor", "ask_check", {})]),
    "checked": ("checking", [("collector", "check", {"result": "pass"})]),
    "closed": ("checked", [("chief", "close", {})]), "returned": ("disposing", [("unit", "send_back", {"reason": "不归我"})]),
    "disputed": ("disposing", [("unit", "dispute", {})]), "suspended": ("disposing", []),
    "rejected": ("reported", [("acceptor", "reject", {"reason": "重复"})]),
    "voided": ("filed", [("chief", "void", {"reason": "误立"})]), "merged": ("reported", []),
}


def in_days(n):
    return (datetime.now(timezone.utc) + timedelta(days=n)).isoformat(timespec="seconds")


class Bends(CityTest):
    def act(self, case, role, action, body=None, area=JIXI, **headers):
        return self.who(PEOPLE.get(role, role), area).act(case, action, body or {}, **headers)

    def done(self, *words, **more):
        return self.is_status(self.act(*words, **more), 200).json

    def got(self, case, area=JIXI):
        return self.who("l-001", area).case(case).json

    def clock(self, case):
        return self.who("l-001").case(case, "/clock").json

    def story(self, case):
        return self.who("l-001").case(case, "/history").json

    def in_state(self, state, area=JIXI, **changes):
        """A fresh case in that state."""
        before, steps = PATH[state]
        if before is None:
            return self.reported(area, **changes)
        case = self.in_state(before, area, **changes)
        for role, action, body in steps:
            self.done(case, role, action, body, area=area)
        if state == "suspended":
            self.done(case, "dispatcher", "suspend", {"until": in_days(30)}, area=area)
            self.done(case, "leader", "grant", area=area)
        if state == "merged":
            self.done(case, "chief", "merge", {"into": self.reported(area)}, area=area)
        return case

    # ---- the table ----

    def test_each_state_action_and_role_is_as_the_table_says(self):
        walked = allowed = 0
        for state in PATH:
            standing = self.in_state(state)
            version, unit = self.got(standing)["version"], self.got(standing)["unit"]
            for action, (states, roles) in TABLE.items():
                for role in PEOPLE:
                    holds = role != "unit" or bool(unit) or action == "withdraw"
                    fits = role in roles and state in states and holds
                    if fits and action in LOOK_AT_MORE:
                        continue
                    walked += 1
                    if fits:
                        allowed += 1
                        case = self.in_state(state)
                        body = {"into": self.reported()} if action == "merge" else BODY.get(action, {})
                        if action == "suspend":
                            body = {"until": in_days(3)}
                        a = self.act(case, role, action, body)
                        self.assertEqual(a.status, 200, (state, action, role, a))
                        self.assertEqual(a.json["version"], self.got(case)["version"])
                        continue
                    a = self.act(standing, role, action, BODY.get(action, {}))
                    want = 409 if role in roles and holds else 403  # a unit: what it holds
                    self.assertEqual(a.status, want, (state, action, role, a))
                    if role != "unit":
                        self.assertNotIn(action, a.json.get("allowed", []))
            self.assertEqual((self.got(standing)["version"], self.got(standing)["state"]), (version, state))
        self.assertGreater(walked, 30 * allowed)
        self.assertGreater(allowed, 130)

    def test_everybody_open_answers_to_one_post(self):
        for state in PATH:
            case = self.got(self.in_state(state))
            self.assertEqual(bool(case["post"]), state in OPEN, state)
            if case["post"] == "unit":
                self.assertTrue(case["unit"])

    # ---- verify ----

    def test_a_verified_report_goes_back_with_what_was_found(self):
        for result in ("yes", "no", "unclear"):
            case = self.in_state("verifying")
            a = self.done(case, "collector", "verify", {"result": result})
            self.assertEqual((a["state"], a["verified"]), ("reported", result))
        self.is_fault(self.act(self.in_state("verifying"), "collector", "verify", {"result": "maybe"}), "/result")

    # ---- send back ----

    def test_a_refused_return_never_stopped_the_clock(self):
        case = self.in_state("dispatched")
        due = self.got(case)["due"]
        self.done(case, "unit", "send_back", {"reason": "不归我管"})
        a = self.done(case, "dispatcher", "refuse_send_back", {"reason": "归你管"})
        self.assertEqual((a["state"], a["unit"], a["due"], a["send_backs"]), ("dispatched", "u-hw", due, 1))
        self.assertFalse(any(s["why"].startswith("退回") for s in self.clock(case)["statement"]))

    def test_another_unit_has_the_whole_limit_again(self):
        case = self.in_state("returned")
        was = self.got(case)
        a = self.done(case, "dispatcher", "dispatch", {"unit": "u-cg"})
        self.assertEqual((a["state"], a["unit"]), ("dispatched", "u-cg"))
        self.assertGreaterEqual(a["due"], was["due"])
        clock = self.clock(case)
        self.assertGreater(clock["from"], was["filed"])
        self.assertAlmostEqual(clock["used_seconds"] + clock["left_seconds"], 2 * 3600, delta=1)

    def test_the_unit_that_had_it_still_sees_it_and_others_do_not(self):
        case = self.in_state("returned")
        self.done(case, "dispatcher", "dispatch", {"unit": "u-cg"})
        self.is_status(self.who("u-hw-1").case(case), 200)
        self.is_status(self.who("u-sw-1").case(case), 403)
        self.is_status(self.act(case, "u-hw-1", "acknowledge"), 403)

    # ---- disputes ----

    def test_a_dispute_is_decided_by_the_coordinator(self):
        case = self.in_state("disputed")
        self.assertTrue(self.got(case)["disputed"])
        a = self.done(case, "coordinator", "decide", {"unit": "u-cg"})
        self.assertEqual((a["state"], a["unit"], a["disputed"]), ("dispatched", "u-cg", False))

    # ---- defer, suspend, proxy ----

    def test_deferrals_go_to_who_may_grant_so_many_days(self):
        for days, of in ((3, "dispatcher"), (10, "chief")):
            case = self.in_state("disposing")
            due = self.got(case)["due"]
            a = self.done(case, "unit", "defer", {"days": days, "note": "待料"})
            self.assertEqual((a["asked"]["what"], a["asked"]["of"], a["asked"]["days"]), ("defer", of, days))
            self.assertEqual((a["lamp"], a["due"], a["state"]), ("blue", due, "disposing"))
            for other in {"dispatcher", "chief", "leader"} - {of}:
                self.is_status(self.act(case, other, "grant"), 403)
            self.is_status(self.act(case, "unit", "defer", {"days": 1}), 409)
            a = self.done(case, of, "grant")
            self.assertEqual((a["asked"], a["deferrals"]), (None, 1))
            self.assertGreater(a["due"], due)
            self.assertLess(self.clock(case)["used_seconds"], 60)
            # the second is the leader's, the third nobody's
            self.assertEqual(self.done(case, "unit", "defer", {"days": 1})["asked"]["of"], "leader")
            self.done(case, "leader", "grant")
            a = self.is_status(self.act(case, "unit", "defer", {"days": 1}), 403)
            self.assertIn("审批权限", a.json["detail"])

    def test_a_request_is_a_task_of_who_may_answer_it_and_of_nobody_else(self):
        case = self.in_state("disposing")
        tasks = lambda who: self.who(PEOPLE[who]).get(f"/v1/{JIXI}/tasks?limit=1000").json
        self.assertNotIn(case, [t["id"] for t in tasks("chief")["tasks"]])
        n = tasks("chief")["counts"]["asked"]
        self.done(case, "unit", "defer", {"days": 8})
        self.assertIn(case, [t["id"] for t in tasks("chief")["tasks"]])
        self.assertEqual(tasks("chief")["counts"]["asked"], n + 1)
        for who in ("leader", "dispatcher", "acceptor"):
            self.assertNotIn(case, [t["id"] for t in tasks(who)["tasks"]])
        self.assertIn(case, [t["id"] for t in tasks("unit")["tasks"]])
        self.done(case, "chief", "deny", {"reason": "不准"})
        self.assertEqual(tasks("chief")["counts"]["asked"], n)

    def test_a_denied_deferral_changes_nothing_but_that_it_was_asked(self):
        case = self.in_state("disposing")
        due = self.got(case)["due"]
        self.done(case, "unit", "defer", {"days": 2})
        self.is_fault(self.act(case, "dispatcher", "deny"), "/reason")
        a = self.done(case, "dispatcher", "deny", {"reason": "不准"})
        self.assertEqual((a["asked"], a["due"], a["deferrals"]), (None, due, 0))
        for days in (0, -1, "2", 1.5, None):
            self.is_fault(self.act(case, "unit", "defer", {"days": days}), "/days")

    def test_a_suspension_has_an_end_stops_the_clock_and_goes_on_with_what_was_left(self):
        case = self.in_state("disposing")
        self.is_fault(self.act(case, "dispatcher", "suspend"), "/until")
        self.is_fault(self.act(case, "dispatcher", "suspend", {"until": in_days(-1)}), "/until")
        self.is_fault(self.act(case, "dispatcher", "suspend", {"until": in_days(400)}), "/until")
        self.is_fault(self.act(case, "dispatcher", "suspend", {"until": "tomorrow"}), "/until")
        self.done(case, "dispatcher", "suspend", {"until": in_days(30)})
        self.is_status(self.act(case, "chief", "grant"), 403)
        a = self.done(case, "leader", "grant")
        self.assertEqual((a["state"], a["lamp"]), ("suspended", "grey"))
        self.assertTrue(a["suspended_until"])
        self.is_status(self.act(case, "unit", "dispose"), 409)
        left = self.clock(case)["left_seconds"]
        a = self.done(case, "dispatcher", "resume")
        self.assertEqual((a["state"], a["suspended_until"]), ("disposing", None))
        self.assertAlmostEqual(self.clock(case)["left_seconds"], left, delta=1)

    def test_a_proxy_works_and_the_blame_and_cost_stay(self):
        case = self.in_state("disposing")
        self.is_fault(self.act(case, "dispatcher", "proxy", {"unit": "u-hw"}), "/unit")
        self.is_fault(self.act(case, "dispatcher", "proxy", {"unit": "u-cg", "cost": -1}), "/cost")
        a = self.done(case, "dispatcher", "proxy", {"unit": "u-cg", "cost": 120000})
        notices = [o for o in self.story(case)[-1]["outcomes"] if o["k"] == "notify"]
        self.assertEqual([n["to"] for n in notices], ["u-hw"])
        a = self.done(case, "leader", "grant")
        self.assertEqual((a["state"], a["unit"], a["blamed_unit"], a["proxied"]), ("disposing", "u-cg", "u-hw", True))
        costs = [o["cost"] for o in self.story(case)[-1]["outcomes"] if "cost" in o]
        self.assertEqual(costs, [120000])
        self.is_status(self.act(case, "u-hw-1", "dispose"), 403)
        self.done(case, "u-cg-1", "dispose")

    def test_what_was_asked_for_ends_when_the_case_moves_on(self):
        case = self.in_state("disposing")
        self.done(case, "unit", "defer", {"days": 2})
        a = self.done(case, "unit", "dispose")
        self.assertEqual((a["asked"], a["state"]), (None, "disposed"))
        self.is_status(self.act(case, "dispatcher", "grant"), 409)

    def test_who_asked_may_withdraw_it(self):
        case = self.in_state("disposing")
        self.done(case, "unit", "defer", {"days": 2})
        self.is_status(self.act(case, "dispatcher", "withdraw"), 403)
        a = self.done(case, "unit", "withdraw")
        self.assertEqual((a["asked"], a["state"], a["deferrals"]), (None, "disposing", 0))

    # ---- withdraw, transfer, countersign, evidence, correct ----

    def test_who_took_a_step_may_take_it_back_until_another_is_taken(self):
        for state, role, back in (("accepted", "acceptor", "reported"), ("dispatched", "dispatcher", "filed"),
                                  ("disposed", "unit", "disposing"), ("checking", "acceptor", "disposed"),
                                  ("verifying", "acceptor", "reported")):
            case = self.in_state(state)
            before = self.got(case)
            a = self.done(case, role, "withdraw", {"note": "点错"})
            self.assertEqual(a["state"], back)
            if state == "disposed":
                self.assertEqual(a["due"], before["due"])
        case = self.in_state("disposing")
        self.is_status(self.act(case, "dispatcher", "withdraw"), 409)

    def test_a_transfer_keeps_the_clock_running(self):
        case = self.in_state("disposing")
        due = self.got(case)["due"]
        self.is_fault(self.act(case, "unit", "transfer", {"unit": "u-hw"}), "/unit")
        a = self.done(case, "unit", "transfer", {"unit": "u-cg"})
        self.assertEqual((a["state"], a["unit"], a["due"]), ("dispatched", "u-cg", due))
        self.done(case, "u-cg-1", "acknowledge")

    def test_who_countersigns_sees_the_case_and_adds_to_it(self):
        case = self.in_state("disposing")
        self.is_status(self.who("u-cg-1").case(case), 403)
        self.is_fault(self.act(case, "dispatcher", "countersign", {"units": []}), "/units")
        self.is_fault(self.act(case, "dispatcher", "countersign", {"units": ["u-hw"]}), "/units/0")
        self.is_fault(self.act(case, "dispatcher", "countersign", {"units": ["u-cg", "u-none"]}), "/units/1")
        self.is_fault(self.act(case, "dispatcher", "countersign", {"units": ["u-cg", "u-cg"]}), "/units/1")
        a = self.done(case, "dispatcher", "countersign", {"units": ["u-cg", "u-sw"]})
        self.assertEqual((a["countersigners"], a["unit"]), (["u-cg", "u-sw"], "u-hw"))
        self.done(case, "u-cg-1", "add_evidence", {"note": "已到场会签"})
        self.is_status(self.act(case, "u-cg-1", "dispose"), 403)
        self.is_fault(self.act(case, "u-cg-1", "add_evidence"), "/photos")

    def test_a_correction_leaves_what_was_there(self):
        case = self.in_state("disposing")
        due = self.got(case)["due"]
        self.is_status(self.act(case, "chief", "correct"), 422)
        self.is_fault(self.act(case, "chief", "correct", {"category": "0401"}), "/condition")
        self.is_fault(self.act(case, "chief", "correct", {"category": "9999", "condition": "1"}), "/category")
        a = self.done(case, "chief", "correct", {"category": "0401", "condition": "1"})
        self.assertEqual((a["category"], a["condition"]), ("0401", "1"))
        self.assertNotEqual(a["due"], due)
        said = {k: v for o in self.story(case)[-1]["outcomes"] for k, v in o.items()}
        self.assertEqual((said["category_was"], said["category"]), ("0110", "0401"))
        self.is_fault(self.act(self.in_state("reported"), "chief", "correct", {"condition": "1"}), "/condition")

    # ---- supervise, urge ----

    def test_an_order_is_numbered_and_owed_a_reply(self):
        case = self.in_state("disposing")
        self.is_status(self.act(case, "unit", "reply", {"note": "x"}), 409)
        a = self.done(case, "leader", "supervise", {"note": "三日内办结"})
        self.assertRegex(a["order"]["no"], r"^督办〔\d{4}〕\d+号$")
        self.assertEqual((a["supervised"], a["owes_reply"], a["state"]), (True, True, "disposing"))
        serial = lambda case: int(case["order"]["no"].split("〕")[1][:-1])
        b = self.done(self.in_state("filed"), "chief", "supervise")
        self.assertEqual(serial(b), serial(a) + 1)
        a = self.done(case, "unit", "reply", {"note": "明日完成"})
        self.assertEqual((a["owes_reply"], a["order"]["reply"]["text"]), (False, "明日完成"))
        self.is_status(self.act(case, "unit", "reply", {"note": "x"}), 409)

    def test_urging_is_counted_and_told(self):
        case = self.in_state("dispatched")
        for n in (1, 2):
            self.assertEqual(self.done(case, "dispatcher", "urge")["urges"], n)
        told = [o for o in self.story(case)[-1]["outcomes"] if o["k"] == "notify"]
        self.assertEqual(told[0]["to"], "u-hw")
        self.assertIn("第2次", told[0]["text"])

    # ---- merge and split ----

    def test_a_merge_keeps_both_reporters_and_splits_again(self):
        one, two = self.reported(by="c-001"), self.reported(by="c-002")
        self.is_fault(self.act(two, "chief", "merge", {"into": two}), "/into")
        self.is_fault(self.act(two, "chief", "merge", {"into": "341824-2020-000001"}), "/into")
        a = self.done(two, "acceptor", "merge", {"into": one})
        self.assertEqual((a["state"], a["into"]), ("merged", one))
        kept = self.got(one)
        self.assertEqual((kept["reporter"], kept["other_reporters"], kept["state"]), ("c-001", ["c-002"], "reported"))
        self.is_status(self.who("c-002").case(one), 200)
        self.assertEqual(self.story(one)[-1]["action"], "merge")
        self.is_fault(self.act(self.reported(), "chief", "merge", {"into": two}), "/into")
        a = self.done(two, "chief", "split")
        self.assertEqual((a["state"], a["into"]), ("reported", None))

    def test_a_report_beside_another_is_offered_for_merging(self):
        one = self.reported(category="0103")
        two = self.reported(category="0103")
        offered = [o for o in self.story(two)[-1]["outcomes"] if o["k"] == "propose"]
        self.assertEqual([o["merge_into"] for o in offered][:1], [one])
        self.assertIn("0米处", offered[0]["why"][0])
        self.assertEqual(self.got(two)["state"], "reported")

    # ---- void, rework, callback ----

    def test_a_voided_case_is_over_and_keeps_its_number(self):
        case = self.in_state("disposing")
        number = self.got(case)["number"]
        a = self.done(case, "chief", "void", {"reason": "误立"})
        self.assertEqual((a["state"], a["number"], a["post"]), ("voided", number, None))
        self.is_status(self.act(case, "unit", "dispose"), 409)

    def test_rework_keeps_what_was_there_and_what_was_left_of_the_limit(self):
        case = self.in_state("checking")
        left = self.clock(case)["left_seconds"]
        number = self.got(case)["number"]
        a = self.done(case, "collector", "check", {"result": "fail"})
        self.assertEqual((a["state"], a["rework"], a["unit"], a["number"]), ("dispatched", 1, "u-hw", number))
        self.assertAlmostEqual(self.clock(case)["left_seconds"], left, delta=1)
        self.assertEqual(self.done(self.in_state("checking"), "collector", "check", {"result": "unclear"})["state"], "disposed")

    def test_a_citizen_is_called_back_and_a_dissatisfied_one_reopens_the_case(self):
        case = self.in_state("closed")
        self.is_status(self.act(case, "acceptor", "callback", {"result": "satisfied"}), 409)
        case = self.in_state("closed", by="a-001", source="hotline")
        a = self.done(case, "acceptor", "callback", {"result": "dissatisfied"})
        self.assertEqual((a["state"], a["satisfied"], a["rework"], a["closed"]), ("dispatched", "dissatisfied", 1, None))
        for role, action, body in (("unit", "acknowledge", {}), ("unit", "dispose", {}), ("acceptor", "ask_check", {}),
                                   ("collector", "check", {"result": "pass"}), ("chief", "close", {})):
            self.done(case, role, action, body)
        self.assertEqual(self.done(case, "acceptor", "callback", {"result": "satisfied"})["state"], "closed")

    def test_a_case_in_time_has_nothing_to_appeal(self):
        self.is_status(self.act(self.in_state("closed"), "unit", "appeal", {"note": "x"}), 409)
        self.is_status(self.act(self.in_state("closed"), "reviewer", "uphold"), 409)

    # ---- clocks ----

    def test_stages_add_up_to_the_case_and_three_latencies_to_the_whole(self):
        case = self.in_state("closed", occurred=in_days(-1))
        clock = self.clock(case)
        stages, latency = clock["stages"], clock["latency"]
        self.assertEqual([s["state"] for s in stages], ["reported", "accepted", "filed", "dispatched", "disposing",
                                                        "disposed", "checking", "checked"])
        for one, two in zip(stages, stages[1:]):
            self.assertEqual(one["to"], two["from"])
        story = self.story(case)
        self.assertEqual((stages[0]["from"], stages[-1]["to"]), (story[0]["ended"], story[-1]["ended"]))
        self.assertTrue(all(s["due"] for s in stages))
        self.assertAlmostEqual(sum(latency[k] for k in ("discover_seconds", "handle_seconds", "solve_seconds")),
                               latency["total_seconds"], delta=2)
        self.assertAlmostEqual(latency["discover_seconds"], 86400, delta=30)

    def test_no_body_sets_a_moment(self):
        case = self.in_state("accepted")
        for field in ("due", "stage_due", "warn", "filed"):
            self.is_fault(self.act(case, "chief", "file", {"condition": "1", field: in_days(9)}), "/" + field)

    # ---- axes ----

    def test_an_emergency_may_cross_the_axes_and_leaves_a_mark(self):
        admin = self.who("admin")
        for roles in (["dispatcher"], ["chief"]):
            body = {"user": "t-009", "name": "t", "roles": roles, "password": "pw-341824-t-009"}
            if roles == ["dispatcher"]:
                self.is_status(admin.post(f"/v1/{JIXI}/users", body), 201)
                case = self.in_state("filed")
                self.done(case, "t-009", "dispatch", {"unit": "u-hw"})
            else:
                self.is_status(admin.ask("PUT", f"/v1/{JIXI}/users/t-009", body), 200)
                self.server.people.pop((JIXI, "t-009"))
        self.is_status(self.act(case, "t-009", "void", {"reason": "x"}), 403)
        a = self.done(case, "t-009", "void", {"reason": "x", "override": "防汛应急，值班长不在岗"})
        self.assertTrue(a["both_axes"])
        marks = [o for o in self.story(case)[-1]["outcomes"] if o["k"] == "mark"]
        self.assertEqual(marks[0]["override"], "防汛应急，值班长不在岗")

    # ---- what was found by attack ----

    def test_only_a_step_that_moved_the_case_is_taken_back_and_by_its_taker(self):
        case = self.in_state("disposed")
        self.done(case, "dispatcher", "urge")
        self.is_status(self.act(case, "dispatcher", "withdraw"), 403)
        self.assertEqual(self.done(case, "unit", "withdraw")["state"], "disposing")
        case = self.in_state("dispatched")
        self.done(case, "unit", "add_evidence", {"note": "x"})
        self.is_status(self.act(case, "unit", "withdraw"), 403)
        self.done(case, "unit", "transfer", {"unit": "u-cg"})
        for who in ("unit", "dispatcher"):
            self.is_status(self.act(case, who, "withdraw"), 403)

    def test_the_way_back_is_kept_under_merges_and_disputes(self):
        case = self.in_state("suspended")
        self.done(case, "chief", "merge", {"into": self.reported()})
        self.assertEqual(self.done(case, "chief", "split")["state"], "suspended")
        self.assertEqual(self.done(case, "dispatcher", "resume")["state"], "disposing")
        case = self.in_state("returned")
        self.done(case, "dispatcher", "dispute")
        self.done(case, "dispatcher", "withdraw")
        a = self.done(case, "dispatcher", "refuse_send_back", {"reason": "归你管"})
        self.assertEqual((a["state"], a["disputed"]), ("disposing", False))

    def test_a_stage_that_is_taken_back_began_when_it_began(self):
        case = self.in_state("filed")
        due = self.got(case)["stage_due"]
        self.done(case, "dispatcher", "dispatch", {"unit": "u-hw"})
        self.assertEqual(self.done(case, "dispatcher", "withdraw")["stage_due"], due)

    def test_a_correction_keeps_stops_and_grants(self):
        case = self.in_state("disposing")
        self.done(case, "unit", "defer", {"days": 3})
        due = self.done(case, "dispatcher", "grant")["due"]
        a = self.done(case, "chief", "correct", {"condition": "1"})
        self.assertEqual(a["due"], due)

    def test_a_proxy_asked_for_ends_with_a_transfer_and_is_never_the_unit_at_fault(self):
        case = self.in_state("dispatched")
        self.done(case, "dispatcher", "proxy", {"unit": "u-cg"})
        a = self.done(case, "unit", "transfer", {"unit": "u-cg"})
        self.assertEqual(a["asked"], None)
        self.is_status(self.act(case, "leader", "grant"), 409)
        case = self.in_state("disposing")
        self.done(case, "dispatcher", "proxy", {"unit": "u-cg"})
        self.done(case, "leader", "grant")
        self.is_fault(self.act(case, "dispatcher", "proxy", {"unit": "u-hw"}), "/unit")

    def test_nothing_that_can_t_be_read_is_a_reason(self):
        case = self.in_state("dispatched")
        for nothing in (" ", "\u3000", "\u200b", ""):
            self.is_fault(self.act(case, "unit", "send_back", {"reason": nothing}), "/reason")
        self.done(case, "leader", "supervise")
        self.is_fault(self.act(case, "unit", "reply"), "/note")

    def test_seconds_of_a_step_are_of_its_stage(self):
        case = self.in_state("disposing")
        self.done(case, "dispatcher", "urge")
        story = self.story(case)
        self.assertEqual(story[-1]["begun"], story[-2]["ended"])
        self.done(case, "unit", "dispose")
        story = self.story(case)
        self.assertEqual(story[-1]["begun"], story[-3]["ended"])

    def test_the_same_key_on_two_lines_receives_once_and_answers_both(self):
        for i in range(6):
            case = self.in_state("filed", i=i)
            self.done(case, "chief", "handover", {"to": LANGXI})
            lines = [self.server.another(LANGXI, "z-001") for _ in range(4)]
            got = []
            threads = [threading.Thread(target=lambda c=c: got.append(
                c.act(case, "receive", {}, Idempotency_Key=f"r-{i}"))) for c in lines]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            self.assertEqual([a.status for a in got], [200] * 4)
            self.assertEqual({a.json["state"] for a in got}, {"filed"})

    def test_a_name_of_one_county_is_a_stranger_s_in_the_other(self):
        case = self.in_state("filed")
        self.done(case, "chief", "handover", {"to": LANGXI})
        for who in ("c-001", "p-001", "u-hw-1"):
            self.is_status(self.who(who, LANGXI).case(case), 404)
        a = self.is_status(self.who("z-001", LANGXI).act(case, "receive"), 200).json
        self.assertEqual(a["reporter"], f"{JIXI}/c-001")
        self.is_status(self.who("c-001", LANGXI).case(case), 403)
        self.is_status(self.who("z-001", LANGXI).act(case, "handover", {"to": JIXI}), 200)
        self.assertEqual(self.done(case, "chief", "receive")["reporter"], "c-001")

    def test_an_offer_is_taken_back_from_any_state(self):
        for state in OPEN:
            case = self.in_state(state)
            self.done(case, "chief", "handover", {"to": LANGXI})
            a = self.done(case, "chief", "withdraw")
            self.assertEqual((a["asked"], a["state"]), (None, state))

    # ---- over the border ----

    def test_a_case_goes_to_the_county_next_door_with_number_evidence_and_clocks(self):
        case = self.in_state("disposing", by="a-001", source="hotline", caller={"name": "王某", "phone": "13800000000"})
        was = self.got(case)
        self.is_fault(self.act(case, "chief", "handover", {"to": JIXI}), "/to")
        self.is_fault(self.act(case, "chief", "handover", {"to": "990101"}), "/to")
        there = self.who("z-001", LANGXI)
        self.is_status(there.case(case), 404)
        a = self.done(case, "chief", "handover", {"to": LANGXI})
        self.assertEqual((a["asked"]["what"], a["asked"]["area"], a["state"]), ("handover", LANGXI, "disposing"))
        self.is_status(self.act(case, "chief", "receive"), 403)
        self.is_status(self.who("p-001", LANGXI).act(case, "receive"), 403)
        self.is_status(there.case(case), 200)
        self.assertIn(case, [o["id"] for o in there.get(f"/v1/{LANGXI}/tasks").json["offers"]])
        used = self.clock(case)["used_seconds"]
        key = {"Idempotency_Key": "receive-1"}
        a = self.is_status(there.act(case, "receive", {}, **key), 200).json
        self.assertEqual(self.is_status(there.act(case, "receive", {}, **key), 200).json, a)
        self.assertEqual((a["id"], a["area"], a["number"], a["state"]), (case, LANGXI, was["number"], "filed"))
        for key in ("opened", "filed", "due", "category", "description", "location", "address", "condition"):
            self.assertEqual(a[key], was[key], key)
        old = self.who("z-001").case(case)
        self.assertEqual((old.status, old.headers["location"]), (308, f"/v1/{LANGXI}/cases/{case}"))
        self.assertEqual(there.case(case).json["state"], "filed")
        self.assertEqual(there.get(f"/v1/{LANGXI}/tasks").json["offers"], [])
        clock = there.case(case, "/clock").json
        self.assertEqual(clock["due"], was["due"])
        self.assertAlmostEqual(clock["used_seconds"], used, delta=2)
        # it goes on there, and home again
        self.is_status(self.who("p-001", LANGXI).act(case, "dispatch", {"unit": "u-hw"}), 200)
        self.is_status(there.act(case, "handover", {"to": JIXI}), 200)
        a = self.is_status(self.act(case, "chief", "receive"), 200).json
        self.assertEqual((a["area"], a["state"], a["number"]), (JIXI, "filed", was["number"]))
        self.assertEqual(there.case(case).status, 308)
        # the neighbour's own numbers go on from its own
        other = self.is_status(self.who("c-001", LANGXI).report(event(LANGXI)), 201).json["id"]
        self.assertTrue(other.startswith(LANGXI))

    # ---- many hands at once ----

    def test_of_those_who_act_at_once_exactly_one_wins_each_step(self):
        hands = ["u-hw-1", "u-hw-1", "c-001", "c-002", "c-001", "p-001"]
        clients = [self.server.another(JIXI, u) for u in hands for _ in range(2)]
        for _ in range(8):
            case = self.in_state("filed")
            for action, body in (("dispatch", {"unit": "u-hw"}), ("acknowledge", {}), ("dispose", {})):
                got, version = [], self.got(case)["version"]
                threads = [threading.Thread(target=lambda c=c: got.append(
                    c.act(case, action, body, If_Match=f'"{version}"').status)) for c in clients]
                for t in threads:
                    t.start()
                for t in threads:
                    t.join()
                self.assertEqual(got.count(200), 1, (action, got))
                self.assertLessEqual(set(got), {200, 403, 409, 412})
                self.assertEqual(self.got(case)["version"], version + 1)
            self.done(case, "acceptor", "ask_check")
            collectors = [self.server.another(JIXI, u) for u in ("c-001", "c-002", "c-001")]
            got = []
            threads = [threading.Thread(target=lambda c=c: got.append(c.act(case, "check", {"result": "pass"}).status))
                       for c in collectors]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            self.assertEqual(sorted(got), [200, 409, 409])


if __name__ == "__main__":
    unittest.main()
