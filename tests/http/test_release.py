"""Rules on their way into force: a draft, its checks, two people, the way back."""
import io
import json
import sys
import tarfile
import unittest
from datetime import datetime, timezone
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from support import JIXI, LANGXI, CityTest, event, tighter, wait_until
from support import rules_folder as folder, rules_tar as tar

CITY = "341800"


class Release(CityTest):
    def tighter(self, milli=1500):
        """The county's rules with a shorter limit: exposed rubbish within so many thousandths of a working hour."""
        files = tighter(milli)
        self.assertNotEqual(files, folder())
        return files

    def with_test(self, files, action="accept"):
        """With a test of the new handler, so that its lines are covered."""
        state = "reported"
        test = f'  {{ name = "it goes on", on = "{action}", case = {{ state = "{state}", category = "0110" }}, body = {{ reason = "好" }} }},\n'
        return {**files, "tests.lua": files["tests.lua"].replace("return {\n", "return {\n" + test, 1)}

    def draft(self, files, area=JIXI, by="g-001", status=201, **headers):
        return self.is_status(self.who(by, area).post(f"/v1/{area}/rules", tar(files, area), **headers), status)

    def approve(self, draft, area=JIXI, by="h-001", status=200):
        return self.is_status(self.who(by, area).post(f"/v1/{area}/rules/{draft}/approve"), status)

    def rules(self, area=JIXI):
        return self.who("z-001", area).get(f"/v1/{area}/rules").json

    def entries(self):
        return [json.loads(line) for line in self.who("s-001").get(f"/v1/{JIXI}/events?after=0").body.splitlines()]

    def filed(self):
        case = self.brought_to("file")
        return self.who("z-001").case(case).json

    def test_a_draft_is_tried_signed_by_two_and_swapped_in(self):
        before = self.rules()
        a = self.draft(self.tighter())
        self.assertEqual((a.json["state"], a.json["area"]), ("checked", JIXI))
        self.assertEqual([s["ok"] for s in a.json["steps"]], [True] * len(a.json["steps"]))
        self.assertEqual(self.rules()["hash"], before["hash"])
        hash = a.json["hash"]
        old = self.filed()
        b = self.approve(hash).json
        self.assertEqual(b["rules"], hash)
        now = self.rules()
        self.assertEqual((now["hash"], now["in_force"]["before"]), (hash, before["hash"]))
        self.assertEqual((now["in_force"]["author"]["user"], now["in_force"]["approver"]["user"]), ("g-001", "h-001"))
        self.assertNotEqual(now["in_force"]["author"]["key"], now["in_force"]["approver"]["key"])
        self.assertFalse(now["behind_city"])
        new = self.filed()
        self.assertEqual((old["rules"], new["rules"]), (before["hash"], hash))
        reasons = self.who("z-001").case(new["id"], "/explain").json
        self.assertTrue(any("限1.5工作时" in r["text"] for e in reasons for r in e["because"]), reasons)
        # the case before keeps its rules through its later steps
        self.is_status(self.who("p-001").act(old["id"], "dispatch", {"unit": "u-cg"}), 200)
        self.assertEqual(self.who("z-001").case(old["id"]).json["rules"], before["hash"])
        # and back
        c = self.is_status(self.who("h-001").post(f"/v1/{JIXI}/rules/rollback"), 200).json
        self.assertEqual(c["rules"], before["hash"])
        self.assertEqual(self.rules()["in_force"]["undid"], b["in_force"]["n"])
        releases = self.who("h-001").get(f"/v1/{JIXI}/rules/releases").json["releases"]
        self.assertEqual([r["rev"] for r in releases][-3:], [before["hash"], hash, before["hash"]])

    def test_running_cases_keep_the_rules_of_their_filing_and_have_todays_base_data(self):
        old = self.filed()
        files = self.tighter(1250)
        files["rules.lua"] = files["rules.lua"].replace("绩数管案〔{year}〕{serial:6}号", "绩新案〔{year}〕{serial:6}号").replace(
            'week = "Mon-Fri", shifts = { "08:00-12:00", "14:30-17:30" }', 'week = "Mon-Sat", shifts = { "08:00-12:00", "14:30-17:30" }')
        files["categories.lua"] = files["categories.lua"].replace(
            '["0110"] = { conditions = {', '["0110"] = { conditions = { { id = "9", text = "成堆", limit = { 1, "work_hour" }, close = "清走", source = "绩溪县补充标准" },')
        a = self.who("g-001").post(f"/v1/{JIXI}/rules", tar(files))
        self.assertEqual(a.status, 201, a)
        hash = a.json["hash"]
        self.approve(hash)
        new = self.filed()
        for restart in (False, True):
            if restart:
                self.server.stop()
                self.server.start()
            case = self.who("z-001").case(old["id"]).json
            self.assertEqual((case["rules"], case["number"], case["due"]), (old["rules"], old["number"], old["due"]))
            # its rows and limits are those of its filing: the new pack's row is none of it
            self.is_status(self.who("z-001").act(old["id"], "correct", {"condition": "9"}), 422)
            a = self.is_status(self.who("z-001").act(old["id"], "correct", {"condition": "1"}), 200)
            self.assertEqual((a.json["due"], a.json["rules"]), (old["due"], old["rules"]))
        self.assertIn("绩数管案", old["number"])
        self.assertIn("绩新案", new["number"])
        self.assertEqual((old["rules"] == new["rules"], new["rules"]), (False, hash))
        self.is_status(self.who("z-001").act(new["id"], "correct", {"condition": "9"}), 200)
        # units are today's, for it too
        units = self.who("p-001").get(f"/v1/{JIXI}/units").json
        units = units.get("units", units) if isinstance(units, dict) else units
        more = [{k: v for k, v in u.items() if k in ("id", "name", "kind")} for u in units] + [
            {"id": "u-xin", "name": "新设单位", "kind": "professional"}]
        self.is_status(self.who("p-001").act(old["id"], "dispatch", {"unit": "u-xin"}), 422)
        self.is_status(self.who("admin").post(f"/v1/{JIXI}/import/units", json.dumps(more, ensure_ascii=False).encode(),
                                              Content_Type="application/json"), 201)
        a = self.is_status(self.who("p-001").act(old["id"], "dispatch", {"unit": "u-xin"}), 200)
        self.assertEqual((a.json["unit"], a.json["rules"]), ("u-xin", old["rules"]))
        self.is_status(self.who("h-001").post(f"/v1/{JIXI}/rules/rollback"), 200)

    def test_going_back_twice_goes_back_two(self):
        first = self.rules()["hash"]
        revs = [first]
        for milli in (1400, 1300):
            revs.append(self.draft(self.tighter(milli)).json["hash"])
            self.approve(revs[-1])
        for want in (revs[1], revs[0]):
            self.assertEqual(self.is_status(self.who("g-001").post(f"/v1/{JIXI}/rules/rollback"), 200).json["rules"], want)

    def test_author_and_approver_are_two(self):
        hash = self.draft(self.tighter(1200)).json["hash"]
        for by in ("g-001", "z-001", "admin"):
            self.approve(hash, by=by, status=403)
        self.draft(self.tighter(1200), by="h-001", status=403)
        self.approve(hash)
        self.approve(hash, status=409)  # in force already
        self.is_status(self.who("h-001").post(f"/v1/{JIXI}/rules/rollback"), 200)

    def test_what_is_wrong_is_refused_with_file_and_line_and_the_old_rules_stay(self):
        before = self.rules()["hash"]
        files = folder()
        line = files["rules.lua"][:files["rules.lua"].index("  on = {")].count("\n") + 1
        bad = [
            ({**files, "rules.lua": files["rules.lua"].replace("  on = {", "  on = = {")}, f"341824/rules.lua:{line}", "shape"),
            ({**files, "rules.lua": files["rules.lua"].replace("hours =", "huors =")}, "huors", "shape"),
            ({**files, "rules.lua": "while true do end"}, "341824/rules.lua:1", "shape"),
            ({**files, "tests.lua": files["tests.lua"].replace('asked = { { "deadline", { noon, 2000,', 'asked = { { "deadline", { noon, 2500,')}, "exposed rubbish", "tests"),
        ]
        for changed, word, step in bad:
            a = self.draft(changed, status=422)
            self.assertIn(word, a.body.decode(), a)
            self.assertEqual(a.json["step"], step)
            self.assertTrue(a.json["errors"], a)
            hash = a.json["hash"]
            self.assertEqual(self.who("g-001").get(f"/v1/{JIXI}/rules/{hash}").json["state"], "refused")
            self.approve(hash, status=409)
        self.assertEqual(self.rules()["hash"], before)

    def test_a_body_that_is_no_draft_is_refused_in_words(self):
        area = f"/v1/{JIXI}/rules"
        big = {"rules.lua": "-- " + "x" * (5 << 20)}
        for body, word in ((b"", "empty"), (b"hello world, this is no tar at all" * 30, "tar"), (tar({}), "tar"),
                           (tar({"rules.lua": "x", "341824/rules.lua": "y"}), "twice"), (tar(big), "4 MiB"),
                           (tar({"std/city.lua": "return 1", "rules.lua": "x"}), "city"),
                           (tar({f"{LANGXI}/rules.lua": "return 1"}), "belong"), (tar({"evil.so": "x"}), "belong"),
                           (tar({"341824/../../x.lua": "x"}), "belong"), (tar({"categories.lua": "return {}"}), "rules.lua"),
                           (tar({"rules.lua": b"\xff\xfe"}), "UTF-8")):
            a = self.who("g-001").post(area, body)
            self.assertIn(a.status, (413, 422), (word, a))
            self.assertIn(word, a.body.decode(), a)
        link = io.BytesIO()
        with tarfile.open(fileobj=link, mode="w") as t:
            info = tarfile.TarInfo("341824/rules.lua")
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            t.addfile(info)
        a = self.is_status(self.who("g-001").post(area, link.getvalue()), 422)
        self.assertIn("plain file", a.json["detail"])
        self.is_status(self.who("g-001").get(area + "/b2:nothing"), 404)
        self.approve("b2:nothing", status=404)

    def test_the_files_of_a_revision_can_be_had(self):
        now = self.rules()["hash"]
        got = self.is_status(self.who("g-001").get(f"/v1/{JIXI}/rules/{now}/files"), 200).json
        files = dict(got["files"])
        for name, text in folder().items():
            self.assertEqual(files[f"{JIXI}/{name}"], text)
        self.assertIn("standards/limits.csv", files)

    def test_the_steps_are_in_the_journal_and_stay_over_a_restart(self):
        hash = self.draft(self.tighter(1100)).json["hash"]
        self.approve(hash)
        steps = [e for e in self.entries() if e["do"] == "keep" and e["out"][0].get("kind") in ("draft", "rules", "rev")]
        states = [o["value"]["state"] for e in steps for o in e["out"] if o["kind"] == "draft" and o["id"] == hash]
        self.assertEqual((states[0], states[-2:]), ("checking", ["checked", "released"]))
        self.assertGreaterEqual(len(states), 3)
        self.assertEqual([o["kind"] for o in steps[-2]["out"]][:3], ["rev", "rules", "releases"])
        self.server.stop()
        self.server.start()
        self.assertEqual(self.rules()["hash"], hash)
        self.is_status(self.who("g-001").post(f"/v1/{JIXI}/rules/rollback"), 200)
        self.assertNotEqual(self.rules()["hash"], hash)

    def test_a_release_that_fails_goes_back_by_itself(self):
        before = self.rules()["hash"]
        files = folder()
        files["rules.lua"] = files["rules.lua"].replace(
            "  on = {\n", '  on = {\n    reject = function(case, ctx) if ctx.body.reason == "坏了" then error("坏了") end end,\n', 1)
        hash = self.draft(self.with_test(files, "reject")).json["hash"]
        self.approve(hash)
        for i in range(6):
            case = self.reported(JIXI, 500 + i)
            a = self.is_status(self.who("a-001").act(case, "reject", {"reason": "坏了"}), 200)
            self.assertEqual((a.json["state"], a.json["fenced"]), ("rejected", True))
        self.assertTrue(wait_until(lambda: self.rules()["hash"] == before))
        now = self.rules()["in_force"]
        self.assertEqual(now["by"], "system")
        self.assertIn("自动回滚", now["note"])

    # ---- back-test ----

    def backtest(self, files=None, status=200, query="", **headers):
        body = tar(files) if files is not None else None
        return self.is_status(self.who("g-001").post(f"/v1/{JIXI}/rules/backtest{query}", body, **headers), status)

    def test_the_same_rules_make_no_difference(self):
        since = datetime.now(timezone.utc).strftime("?from=%Y-%m-%dT%H:%M:%S.%fZ")
        for _ in range(3):
            self.filed()
        now = self.rules()["hash"]
        a = self.backtest(query=f"{since}&hash={now}").json
        self.assertEqual(a["rules"], now)
        self.assertGreater(a["decisions"], 8)
        self.assertEqual((a["differ"], a["changed_cases"], a["differences"]), (0, 0, []))
        self.assertEqual(set(a["not_known"].values()), {0, ""}, a["not_known"])

    def test_a_planted_change_is_found_case_by_case(self):
        cases = [self.filed()["id"] for _ in range(2)]
        other = self.brought_to("file", category="0111")  # another class: not touched
        a = self.backtest(self.tighter(1007)).json
        found = {d["case"] for d in a["differences"]}
        self.assertTrue(set(cases) <= found, (cases, found))
        self.assertNotIn(other, found)
        mine = [d for d in a["differences"] if d["case"] == cases[0]]
        self.assertIn(("file", "filing", "limit", '[2000,"work_hour"]', '[1007,"work_hour"]'),
                      [(d["action"], d["kind"], d["field"], d["was"], d["is"]) for d in mine])
        self.assertTrue(any(d["field"] == "due" and d["kind"] == "deadline" for d in mine), mine)
        self.assertGreaterEqual(a["changed_cases"], 2)
        self.assertEqual(a["differences_in_all"], len(a["differences"]))
        self.assertEqual(self.rules()["hash"], self.rules()["hash"])

    def test_the_result_is_json_csv_and_a_page(self):
        case = self.filed()["id"]
        csv = self.backtest(self.tighter(1009), Accept="text/csv")
        self.assertIn("text/csv", csv.headers["content-type"])
        lines = csv.body.decode("utf-8-sig").splitlines()
        self.assertEqual(lines[0], "案卷,序号,时刻,步骤,类,字段,原,新")
        self.assertTrue(any(x.startswith(case) for x in lines))
        page = self.backtest(self.tighter(1009), query="?as=html")
        self.assertIn("text/html", page.headers["content-type"])
        text = page.body.decode()
        self.assertIn(case, text)
        self.assertIn("无从知道的", text)
        self.assertNotIn("http://", text)
        self.assertNotIn("<script", text)

    def test_what_can_t_be_known_is_counted(self):
        self.filed()
        files = folder()
        files["rules.lua"] = files["rules.lua"].replace(
            "  on = {\n", "  on = {\n    accept = function(case, ctx) ctx.near { within_m = 77, category = \"0110\" } end,\n", 1)
        a = self.backtest(files).json
        self.assertGreater(a["not_known"]["unknown_facts"], 0)
        self.assertTrue(any(c["count"] and "没有记下" in c["text"] for c in a["caveats"]), a["caveats"])
        files["rules.lua"] = folder()["rules.lua"].replace(
            "  on = {\n", '  on = {\n    accept = function() return refuse { because = "周日不受理" } end,\n', 1)
        a = self.backtest(files).json
        self.assertGreater(a["not_known"]["refused"], 0)
        self.assertTrue(any("周日不受理" in d["is"] for d in a["differences"]))

    def test_a_draft_that_fails_on_what_has_happened_is_refused(self):
        self.filed()
        files = folder()
        files["rules.lua"] = files["rules.lua"].replace(
            "  on = {\n", '  on = {\n    accept = function(_, ctx) if ctx.by == "a-001" then error("旧案不行") end end,\n', 1)
        a = self.draft(self.with_test(files), status=422)
        self.assertEqual(a.json["step"], "backtest")
        self.assertIn("旧案不行", a.json["detail"])
        self.assertIn("341824/rules.lua:", a.json["detail"])

    def test_a_bad_question_is_answered_in_words(self):
        self.backtest(status=422)
        self.backtest(query="?hash=b2:nothing", status=404)
        self.backtest(query=f"?hash={self.rules()['hash']}&as=xlsx", status=422)
        self.backtest(query=f"?hash={self.rules()['hash']}&from=2026-02-01&to=2026-01-01", status=422)
        a = self.backtest(query=f"?hash={self.rules()['hash']}", status=202, Prefer="respond-async").json
        done = lambda: self.who("g-001").get(a["url"]).json["state"] == "done"
        self.assertTrue(wait_until(done))

    def test_running_cases_go_along_where_the_release_says_so(self):
        old, closed, plain = self.filed(), self.brought_to("close"), self.brought_to("accept")
        hash = self.draft(self.tighter(1003)).json["hash"]
        path = f"/v1/{JIXI}/rules/{hash}/migration"
        preview = self.is_status(self.who("h-001").get(path), 200).json
        rows = {r["case"]: r for r in preview["list"]}
        can = [r for r in rows.values() if r["can"]]
        self.assertEqual((preview["cases"], preview["can"]), (len(rows), len(can)))
        self.assertTrue(all(r["why"] for r in rows.values() if not r["can"]))  # of a class that is gone, say
        self.assertNotIn(closed, rows)
        self.assertNotIn(plain, rows)
        row = rows[old["id"]]
        self.assertEqual((row["can"], row["due_was"], row["limit_is"], row["rules"]), (True, old["due"], 1.003, old["rules"]))
        self.assertLess(row["due_is"], old["due"])
        a = self.is_status(self.who("h-001").post(f"/v1/{JIXI}/rules/{hash}/approve", {"migrate": True}), 200).json
        self.assertEqual(a["migrating"], len(can))
        now = lambda: self.who("z-001").case(old["id"]).json
        self.assertTrue(wait_until(lambda: now()["rules"] == hash))
        self.assertEqual(now()["due"], row["due_is"])
        last = self.who("z-001").case(old["id"], "/history").json[-1]
        self.assertEqual((last["action"], last["by"]), ("migrate", "h-001"))
        self.assertEqual(self.who("h-001").get(path).json["can"], 0)
        self.is_status(self.who("h-001").post(f"/v1/{JIXI}/rules/rollback"), 200)
        self.assertEqual(now()["rules"], hash)  # a way back moves no case

    # ---- the guard ----

    def looser(self):
        files = folder()
        files["categories.lua"] = files["categories.lua"].replace(
            '["0110"] = { conditions = { { id = "1", limit = { 2,', '["0110"] = { conditions = { { id = "1", limit = { 9,')
        files["tests.lua"] = files["tests.lua"].replace('asked = { { "deadline", { noon, 2000,', 'asked = { { "deadline", { noon, 9000,')
        return files

    def test_what_is_looser_than_the_citys_is_refused_until_the_city_exempts_it(self):
        a = self.draft(self.looser(), status=422)
        self.assertEqual(a.json["step"], "guard")
        fault, = a.json["errors"]
        self.assertEqual((fault["check"], fault["where"]), ("loosened_limit", "event.0110 条件1"))
        self.assertRegex(fault["pointer"], r"^/341824/categories.lua:\d+$")
        self.assertIn("市级4工作时，县级9工作时", fault["detail"])
        path, body = f"/v1/{JIXI}/rules/exemptions", {"number": "宣城管〔2026〕9号", "reason": "山区路远", "until": "2031-12-31",
                                                      "check": "loosened_limit", "where": "event.0110 条件1"}
        for by, area in (("h-001", JIXI), ("g-001", CITY), ("admin", CITY)):
            self.is_status(self.who(by, area).post(path, body), 403)
        for key in body:
            self.is_fault(self.who("h-001", CITY).post(path, {**body, key: ""}), "/" + key)
        self.is_fault(self.who("h-001", CITY).post(path, {**body, "until": "soon"}), "/until")
        self.is_status(self.who("h-001", CITY).post(path, {**body, "until": "2026-01-31"}), 201)
        a = self.draft(self.looser(), status=422)  # it has expired, and says so
        self.assertIn("宣城管〔2026〕9号", a.body.decode())
        self.is_status(self.who("h-001", CITY).post(path, body), 201)
        listed, = self.who("g-001").get(path).json["exemptions"]
        self.assertEqual((listed["signer"], listed["until"]), ("h-001", "2031-12-31"))
        hash = self.draft(self.looser()).json["hash"]
        report = self.who("h-001").get(f"/v1/{JIXI}/rules/{hash}").json["report"]
        said = [f for s in report["steps"] if s["step"] == "guard" for f in s["findings"]]
        self.assertTrue(any("宣城管〔2026〕9号" in f["text"] and f["severity"] == "remark" for f in said), said)
        self.is_status(self.who("h-001", CITY).post(path, {**body, "until": "2026-01-31"}), 201)

    # ---- the policy's rows ----

    # tests of the one handler there is, and of no class
    DISPOSED = """return {
  { name = "a third disposal", on = "dispose", role = "unit", unit = "u-cg",
    case = { id = "341824-2026-000012", category = "0401", state = "disposing", rework = 2 }, want = { { k = "notify", to = "leader" } } } }"""

    def refused_by(self, step, check, **changed):
        """The draft with these files otherwise is refused there, for that reason."""
        a = self.draft({**folder(), **changed}, status=422)
        self.assertEqual(a.json["step"], step, a)
        self.assertIn(check, {e["check"] for e in a.json["errors"]}, a)
        return a

    def with_rules(self, text):
        return {"rules.lua": folder()["rules.lua"].replace("return county {\n", "return county {\n" + text, 1)}

    def test_S4e_the_city_s_standard_is_seen_and_cited_and_not_edited(self):
        a = self.is_status(self.who("g-001").post(f"/v1/{JIXI}/rules", tar({**folder(), f"{CITY}/categories.lua": "return {}"})), 422)
        self.assertIn("is the city's", a.json["detail"])
        self.is_status(self.who("g-001", JIXI).post(f"/v1/{CITY}/rules", tar(folder(CITY), CITY)), 403)
        self.refused_by("guard", "class_deleted", **{"categories.lua": 'local c = require "341800.categories"\n'
                        "local out = { part = c.part, event = {} }\n"
                        'for code, class in pairs(c.event) do if code ~= "0111" then out.event[code] = class end end\nreturn out',
                                                     "tests.lua": self.DISPOSED})

    def test_S4f_a_subtype_of_the_county_s_own_is_live_after_tests_and_two_signatures(self):
        files = folder()
        files["categories.lua"] = files["categories.lua"].replace(
            '    ["0110"] = {', '    ["0197"] = { name = "宣纸作坊污水", conditions = { { id = "1", text = "污水外溢", '
            'limit = { 4, "work_hour" }, close = "清除" } } },\n    ["0110"] = {')
        self.is_fault(self.who("c-001").report(event(category="0197")), "/category")
        self.approve(self.draft(files).json["hash"])
        case = self.brought_to("file", category="0197")
        self.assertEqual(self.who("z-001").case(case).json["category_name"], "宣纸作坊污水")
        self.is_status(self.who("h-001").post(f"/v1/{JIXI}/rules/rollback"), 200)
        self.is_fault(self.who("c-001").report(event(category="0197")), "/category")

    def test_S4h_a_hole_that_the_draft_makes_blocks_the_release(self):
        a = self.refused_by("complete", "class_hole", **{"owners.lua": 'return { { kind = "event", by = { "owner" } } }', "tests.lua": self.DISPOSED})
        self.assertIn("全县无人负责", a.json["detail"])

    def test_S5e_a_county_adds_steps_where_the_city_marks_it_and_nowhere_else(self):
        step = '  steps = {{ step {{ action = "look", name = "复看", from = "{}", to = "stay", role = "chief" }} }},\n'
        self.refused_by("guard", "locked_step", **self.with_rules(step.format("dispatched")))
        hash = self.draft({**folder(), **self.with_rules(step.format("accepted"))}).json["hash"]
        self.approve(hash)
        case = self.brought_to("accept")
        self.is_status(self.who("z-001").act(case, "look", {"note": "已看"}), 200)
        self.is_status(self.who("h-001").post(f"/v1/{JIXI}/rules/rollback"), 200)

    def test_S5f_codes_come_from_the_standard_and_a_county_s_own_count_down_from_99(self):
        files = {"categories.lua": folder()["categories.lua"].replace('["0199"]', '["0140"]'), "tests.lua": self.DISPOSED}
        self.refused_by("guard", "code_range", **files)

    def test_S5g_the_indicators_are_the_city_s(self):
        self.refused_by("guard", "indicators_changed", **{"scoring.lua": "return { indicators = {} }"})

    # ---- one's own key ----

    def test_who_has_a_key_of_their_own_signs_with_it(self):
        self.is_fault(self.who("g-001").ask("PUT", f"/v1/{JIXI}/rules/key", {"key": "rsa:abc"}), "/key")
        key = "ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"  # RFC 8032, 7.1, test 1
        self.is_status(self.who("g-001").ask("PUT", f"/v1/{JIXI}/rules/key", {"key": key}), 200)
        a = self.draft(self.tighter(1900), status=422)
        self.assertIn("Wangge-Signature", a.json["detail"])
        self.draft(self.tighter(1900), status=422, Wangge_Signature="A" * 86)
        self.is_status(self.who("g-001").ask("PUT", f"/v1/{JIXI}/rules/key", {"key": key.replace("11qY", "12qY")}), 409)
        self.is_status(self.who("admin").ask("DELETE", f"/v1/{JIXI}/rules/keys/g-001"), 200)
        self.draft(self.tighter(1900))

    # ---- city and counties ----

    def test_a_city_release_leaves_counties_as_they_are_and_says_so(self):
        files = {f"{CITY}/{n}": t for n, t in folder(CITY).items()}
        files[f"{CITY}/rules.lua"] += "\n-- 2026\n"
        old = self.rules()["hash"]
        before = self.draft(self.tighter(1050)).json["hash"]
        a = self.is_status(self.who("g-001", CITY).post(f"/v1/{CITY}/rules", tar(files, CITY)), 201)
        self.is_status(self.who("h-001", CITY).post(f"/v1/{CITY}/rules/{a.json['hash']}/approve"), 200)
        now = self.rules()
        self.assertEqual((now["hash"], now["behind_city"]), (old, True))
        # what was checked against the city's old rules is not approved
        self.approve(before, status=409)
        again = self.draft(folder()).json
        self.assertEqual(again["base"], a.json["hash"])
        self.approve(again["hash"])
        self.assertFalse(self.rules()["behind_city"])
        self.is_status(self.who("g-001", CITY).post(f"/v1/{CITY}/rules/rollback"), 200)
        self.assertTrue(self.rules()["behind_city"])


if __name__ == "__main__":
    unittest.main()
