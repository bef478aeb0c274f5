"""Why and why not: every decision with its facts, its row or line, the document behind it, who signed, and the nearest
that did not apply."""
import statistics
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from support import CITY, JIXI, LANGXI, WANGGE, CityTest, event, password, scripts_copy, wait_until
from test_release import folder, tar


class Why(CityTest):
    def act(self, case, who, action, body=None, area=JIXI):
        return self.is_status(self.who(who, area).act(case, action, body or {}), 200).json

    def why(self, case, area=JIXI):
        """The items, and the first of each entry by its action."""
        items = self.is_status(self.who("z-001", area).case(case, "/explain"), 200).json
        firsts = {}
        for i in items:
            if "facts" in i:
                firsts.setdefault(i["action"], i)
        return items, firsts

    def disposing(self, i=0):
        return self.brought_to("acknowledge", i=i)

    def test_a_deferral_of_five_days_is_the_chiefs_for_the_dispatcher_has_three(self):
        case = self.disposing(1)
        self.act(case, "u-hw-1", "defer", {"days": 5, "note": "等材料"})
        _, firsts = self.why(case)
        one = firsts["defer"]
        self.assertTrue(one["again"], one)
        fired, = one["fired"]
        self.assertEqual(fired["file"], "std/city.lua")
        self.assertTrue(fired["text"].startswith("return ask {"))
        self.assertEqual(fired["values"], {"case.deferrals": 0, "tier.before": 0, "days": 5, "tier.days": 10})
        near = one["not"][0]
        self.assertEqual((near["file"], near["line"]), ("std/city.lua", fired["line"] - 1))
        self.assertEqual(near["condition"], "if case.deferrals <= tier.before and days <= tier.days then")
        self.assertEqual(near["values"], {"case.deferrals": 0, "tier.before": 0, "days": 5, "tier.days": 3})
        self.assertFalse(near["held"])
        self.assertTrue(near["would"].startswith("return ask { of = tier.by"), near)

    def test_filing_names_its_clause_with_the_document_behind_it_and_the_rows_not_chosen(self):
        case = self.reported(i=2, category="0199", description="外墙被涂写")
        self.act(case, "a-001", "accept")
        self.act(case, "z-001", "file", {"condition": "1"})
        items, firsts = self.why(case)
        by = {i["decision"]: i for i in items if i["action"] == "file"}
        clause = by["condition"]["clause"]
        self.assertEqual((clause["condition"], clause["text"], clause["limit"], clause["standard"]),
                         ("1", "古民居、祠堂外墙被涂写、刻划", [4, "work_hour"], "county"))
        source = clause["source"]
        self.assertEqual((source["id"], source["issuer"], source["title"], source["from"], source["to"]),
                         ("绩溪县补充标准", "绩溪县城市管理综合执法局", "绩溪县数字城管立案、处置和结案补充标准", "2026-01-01", None))
        self.assertFalse(source["expired"] or source["expired_now"])
        self.assertEqual(by["due"]["clause"], clause)
        self.assertIsNone(by["state"]["clause"])
        row = firsts["file"]["not"][0]
        self.assertEqual((row["condition"], row["limit"], row["why"]), ("2", [2, "work_hour"], "值班长选定了条件1"))
        deadline = [f for f in firsts["file"]["facts"] if f["what"] == "deadline"][0]
        self.assertEqual(deadline["args"][1:], [4000, "work_hour"])
        self.assertIsInstance(deadline["answer"], int)

    def test_a_row_that_the_city_says_just_so_is_the_citys(self):
        case = self.reported(i=3, category="0101")
        self.act(case, "a-001", "accept")
        self.act(case, "z-001", "file", {"condition": "1"})
        clause = [i for i in self.why(case)[0] if i["decision"] == "condition"][0]["clause"]
        self.assertEqual(clause["standard"], "city")
        self.assertEqual(clause["source"]["issuer"], "运城市人民政府")

    def test_of_a_whole_flow_each_decision_has_a_reason_and_comes_out_the_same_again(self):
        bent = self.disposing(4)
        self.act(bent, "u-hw-1", "send_back", {"reason": "不归我"})
        self.act(bent, "p-001", "refuse_send_back", {"reason": "归你"})
        self.act(bent, "u-hw-1", "defer", {"days": 2, "note": "雨"})
        self.act(bent, "p-001", "grant", {})
        for case in (self.brought_to("close", i=5), bent):
            items, _ = self.why(case)
            seqs = {i["seq"] for i in items}
            history = self.who("z-001").case(case, "/history").json
            self.assertEqual(seqs, {e["seq"] for e in history})
            for i in items:
                self.assertTrue(i["because"] and i["because"][0]["text"], i)
                self.assertTrue(i["because"][0]["file"], i)
            firsts = [i for i in items if "facts" in i]
            self.assertEqual(len(firsts), len(seqs))
            for i in firsts:
                self.assertTrue(i["again"], i)
                self.assertTrue(i["pack"]["hash"] and i["pack"]["released"], i)

    def test_a_precedent_that_was_not_there_is_the_nearest_of_a_report(self):
        _, firsts = self.why(self.reported(i=6))
        near = firsts["report"]["not"]
        self.assertEqual(near[0]["condition"], "if precedent then")
        self.assertEqual(near[0]["values"], {"precedent": None})
        self.assertTrue(near[0]["would"].startswith("propose { unit = precedent.unit"), near)
        self.assertEqual({f["what"] for f in firsts["report"]["facts"]} & {"near", "responsible"}, {"near", "responsible"})

    def test_after_a_release_by_two_both_are_named_and_a_case_before_keeps_its_own(self):
        old = self.brought_to("file", i=7)
        files = folder()
        files["rules.lua"] = files["rules.lua"].replace("-- 处置反馈:", "-- 处置反馈 :")
        files["sources.lua"] = files["sources.lua"].replace('from = "2026-01-01"', 'from = "2026-01-01", to = "2026-02-01"')
        a = self.is_status(self.who("g-001").post(f"/v1/{JIXI}/rules", tar(files)), 201)
        self.is_status(self.who("h-001").post(f"/v1/{JIXI}/rules/{a.json['hash']}/approve"), 200)
        self.addCleanup(lambda: self.who("h-001").post(f"/v1/{JIXI}/rules/rollback"))
        new = self.brought_to("file", i=8)
        items, firsts = self.why(new)
        pack = firsts["file"]["pack"]
        self.assertEqual((pack["hash"], pack["author"]["user"], pack["approver"]["user"]), (a.json["hash"], "g-001", "h-001"))
        self.assertTrue(pack["author"]["at"] and pack["approver"]["at"] and pack["released"])
        clause = [i for i in items if i["decision"] == "limit"][0]["clause"]
        self.assertEqual((clause["source"]["to"], clause["source"]["expired"], clause["source"]["expired_now"]),
                         ("2026-02-01", True, True))
        row = self.who("z-001").get(f"/v1/{JIXI}/categories?kind=event&category=0110").json["categories"][0]["conditions"][0]
        self.assertIs(row.get("source_expired"), True)
        first = self.why(old)[1]["file"]
        self.assertNotEqual(first["pack"]["hash"], a.json["hash"])
        self.assertTrue(first["again"])
        self.assertNotEqual((first["pack"]["author"] or {}).get("user"), "g-001")
        text = self.client_says("explain", new)
        for word in ("依据已失效", "签发", "g-001", "h-001", "条款", "未适用"):
            self.assertIn(word, text)
        self.assertIn("依据已失效", self.client_says("categories", "kind=event", "category=0110"))

    def client_says(self, *args):
        env = {"HOME": str(self.server.folder), "WANGGE_URL": f"http://127.0.0.1:{self.server.port}", "PATH": "/usr/bin:/bin"}
        url = ["--url", f"http://127.0.0.1:{self.server.port}"]
        subprocess.run([WANGGE, *url, "login", JIXI, "z-001"], input=password(JIXI, "z-001").encode(), check=True,
                       capture_output=True, env=env)
        return subprocess.run([WANGGE, *url, *args], check=True, capture_output=True, env=env).stdout.decode()

    def test_what_a_closed_case_costs_to_explain(self):
        case = self.brought_to("close", i=9)
        took = []
        for _ in range(15):
            start = time.perf_counter()
            self.why(case)
            took.append((time.perf_counter() - start) * 1000)
        plain = []
        for _ in range(15):
            start = time.perf_counter()
            self.who("z-001").case(case, "/history")
            plain.append((time.perf_counter() - start) * 1000)
        print(f"\nexplain: first {took[0]:.1f} ms, then {statistics.median(took[1:]):.1f} ms; history {statistics.median(plain):.1f} ms")
        self.assertLess(min(took), 100)


class Fenced(CityTest):
    @classmethod
    def setUpClass(cls):
        cls.config = {"dev": True}
        super().setUpClass()
        cls.server.stop()
        cls.server.config["scripts"] = scripts_copy(cls.server.folder / "scripts")
        cls.rules = cls.server.config["scripts"] / "counties" / LANGXI / "rules.lua"
        cls.server.start()

    def test_a_fenced_decision_says_which_pack_answered_and_why(self):
        rev = lambda area: self.who("z-001" if area != CITY else "admin", area).get(f"/v1/{area}/rules").json["hash"]
        old = rev(LANGXI)
        text = self.rules.read_text("utf-8")
        self.rules.write_text(text.replace("  on = {\n", '  on = {\n    accept = function(case, ctx) error("坏") end,\n', 1), "utf-8")
        self.assertTrue(wait_until(lambda: rev(LANGXI) != old))
        case = self.reported(LANGXI, 1)
        self.is_status(self.who("a-001", LANGXI).act(case, "accept", {}), 200)
        items = self.who("z-001", LANGXI).case(case, "/explain").json
        one = [i for i in items if i["action"] == "accept" and "pack" in i][0]
        self.assertEqual((one["pack"]["hash"], one["pack"]["fenced"], one["pack"]["answered"]), (rev(LANGXI), True, rev(CITY)))
        self.assertIn("坏", one["pack"]["why"])
        self.assertTrue(one["again"], one)
        self.assertTrue(all(i["because"] and i["because"][0]["text"] for i in items))


if __name__ == "__main__":
    unittest.main()
