"""Base data over time: previews, editions and their undoing, units that end, people, quality, jobs."""
import json
import sys
import time
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from support import JIXI, LANGXI, CityTest, demo, event, wait_until

CSV, GEO, JSON = "text/csv", "application/geo+json", "application/json"
HERE = "lon=118.5853&lat=30.0658"


def day(n):
    """The local date n days from now."""
    return (datetime.now(timezone.utc) + timedelta(hours=8, days=n)).strftime("%Y-%m-%d")


class BaseData(CityTest):
    def send(self, collection, body, kind=JSON, query="", **headers):
        if not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode()
        return self.who("admin").post(f"/v1/{JIXI}/import/{collection}{query}", body, Content_Type=kind, **headers)

    def get(self, path, user="admin"):
        return self.is_status(self.who(user).get(f"/v1/{JIXI}/{path}"), 200).json

    def file(self, name):
        return (demo() / JIXI / name).read_bytes()

    def units(self):
        return self.get("units")["units"]

    def unit(self, uid, **changes):
        """All units as they are, with this one changed."""
        return [{**u, **changes} if u["id"] == uid else u for u in self.units()]


class Faults(BaseData):
    def test_S3p_a_file_with_37_bad_rows_names_all_37_and_imports_none(self):
        lines = self.file("parts.csv").decode().rstrip("\n").split("\n")
        bad = range(10, 10 + 37 * 20, 20)
        for i in bad:
            lines[i] = lines[i].replace("118.", "x118.")
        before = self.get("status")["base"]["parts"]
        a = self.is_status(self.send("parts", "\n".join(lines).encode(), CSV), 422).json
        self.assertEqual((a["faults"], len(a["rows"])), (37, 37))
        for i, row in zip(bad, a["rows"]):
            self.assertTrue(row.startswith(f"line {i + 1} ("), row)
            self.assertIn('column "lon"', row)
        self.assertEqual(self.get("status")["base"]["parts"], before)

    def test_of_more_than_a_thousand_the_count_is_told(self):
        a = self.is_status(self.send("parts", b"id,lon,lat\n" + b"p,x,1\n" * 1500, CSV), 422).json
        self.assertEqual((a["faults"], len(a["rows"])), (1500, 1000))

    def test_a_text_sequence_is_read_and_its_bad_records_named(self):
        rows = json.loads(self.file("grids.geojson"))["features"]
        seq = "".join("\x1e" + json.dumps(f, ensure_ascii=False) + "\n" for f in rows).encode()
        a = self.is_status(self.send("grids", seq, "application/geo+json-seq", "?preview=1"), 200).json
        self.assertEqual((a["count"], a["changes"]["unchanged"]), (len(rows), len(rows)))
        lines = [json.dumps(f) for f in rows[:5]]
        lines[2] = "{" + lines[2]
        lines[4] = lines[4].replace("Polygon", "Point")
        said = self.is_status(self.send("grids", "\n".join(lines).encode(), "application/geo+json-seq"), 422).json["rows"]
        self.assertEqual([r.split(":")[0].split(" (")[0] for r in said], ["line 3", "line 5"])

    def test_rows_of_units_are_checked_as_a_tree_with_dates(self):
        text = ("id,name,parent,from,to,successor\n"
                "u-a,甲,u-b,,,\nu-b,乙,u-a,,,\nu-c,丙,u-none,,,\nu-d,丁,,2026-02-01,2026-01-01,\n"
                "u-e,戊,,,2026-05-01,u-f\nu-f,己,,2026-06-01,,\nu-g,庚,,,,u-a\nu-h,辛,,,2026-13-01,\nu-h,壬,,,,\n")
        rows = self.is_status(self.send("units", text.encode(), CSV), 422).json["rows"]
        for line, column, word in ((2, "parent", "leads back"), (3, "parent", "leads back"), (4, "parent", "no unit"),
                                   (5, "to", "later"), (6, "successor", "not there on"), (8, "successor", "needs a date"),
                                   (9, "to", "a date"), (10, "id", "already")):
            self.assertTrue(any(r.startswith(f"line {line} ") and f'"{column}"' in r and word in r for r in rows),
                            (line, rows))
        self.assertEqual(len(rows), 8, rows)


class Editions(BaseData):
    def parts(self, n, **more):
        rows = self.file("parts.csv").decode().split("\n")[:n + 1]
        return self.send("parts", ("\n".join(rows) + "\n").encode(), CSV, **more)

    def test_a_preview_tells_and_changes_nothing(self):
        before = self.get("editions/parts")
        rows = self.file("parts.csv").decode().rstrip("\n").split("\n")
        gone, other = rows[1].split(",")[0], rows[2].split(",")[0]
        rows[2] = rows[2].replace("完好", "破损")
        rows.append(rows[1].replace(gone, "3418240101999999"))
        del rows[1]
        a = self.is_status(self.send("parts", "\n".join(rows).encode(), CSV, "?preview=1"), 200).json["changes"]
        self.assertEqual((a["added"], a["changed"], a["removed"]), (1, 1, 1))
        self.assertEqual((a["added_ids"], a["changed_ids"], a["removed_ids"]), (["3418240101999999"], [other], [gone]))
        self.assertEqual(len(a["unchanged_ids"]), 20)
        self.assertEqual(self.get("editions/parts"), before)

    def test_editions_are_listed_undone_and_undone_again(self):
        n = self.get("editions/parts")["editions"][0]["n"]
        all_of_them = self.get("status")["base"]["parts"]
        self.assertEqual(self.is_status(self.parts(100), 201).json["edition"]["n"], n + 1)
        self.assertEqual(self.get("status")["base"]["parts"], 100)
        undo = f"/v1/{JIXI}/editions/parts/undo"
        self.is_status(self.who("z-001").post(undo, {}), 403)
        a = self.is_status(self.who("admin").post(undo, {}), 201).json["edition"]
        self.assertEqual((a["n"], a["undid"], a["again"]), (n + 2, n + 1, n))
        self.assertEqual(self.get("status")["base"]["parts"], all_of_them)
        self.is_status(self.who("admin").post(undo, {}), 201)
        self.assertEqual(self.get("status")["base"]["parts"], 100)
        self.is_status(self.who("admin").post(undo, {}), 201)
        listed = self.get("editions/parts")["editions"]
        self.assertEqual([e["n"] for e in listed], list(range(n + 4, 0, -1)))
        self.assertEqual([e["in_force"] for e in listed], [True] + [False] * (n + 3))
        self.assertEqual(self.server.stop(), 0)
        self.server.start()
        self.assertEqual(self.get("status")["base"]["parts"], all_of_them)

    def test_without_one_before_there_is_nothing_to_undo(self):
        self.is_status(self.who("admin").post(f"/v1/{JIXI}/editions/owners/undo", {}), 409)
        self.is_status(self.who("admin").post(f"/v1/{JIXI}/editions/dreams/undo", {}), 404)
        self.is_status(self.who("admin").get(f"/v1/{JIXI}/editions/dreams"), 404)

    def test_a_day_to_come_is_refused_and_the_past_not_restated(self):
        self.is_fault(self.send("units", self.units(), query=f"?from={day(1)}"), "/from", "future")
        self.is_fault(self.send("units", self.units(), query=f"?from={day(-1)}"), "/from", "not restated")

    def test_S2f_a_place_is_told_by_what_was_in_force_then(self):
        then = datetime.now(timezone.utc).astimezone(timezone(timedelta(hours=8))).isoformat().replace("+", "%2B")
        duties = json.loads(self.file("duties.geojson"))
        case = self.reported()
        stored = self.who("z-001").case(case).json["grid"]
        grids = json.loads(self.file("grids.geojson"))
        for f in grids["features"]:
            f["id"] = f["id"][:12] + "9" + f["id"][13:]
        for f in duties["features"]:
            f["properties"]["unit"] = "u-hw"
        ask = f"responsibility?category=9999&{HERE}"
        before, grid = self.get(ask)["responsible"], self.get(f"locate?{HERE}")["grid"]["code"]
        time.sleep(0.01)
        self.is_status(self.send("duties", duties, GEO), 201)
        self.is_status(self.send("grids", grids, GEO), 201)
        self.assertEqual(self.get(ask)["responsible"]["unit"], "u-hw")
        self.assertNotEqual(self.get(f"locate?{HERE}")["grid"]["code"], grid)
        for _ in range(2):  # read, then from memory
            self.assertEqual(self.get(f"{ask}&at={then}")["responsible"], before)
            self.assertEqual(self.get(f"locate?{HERE}&at={then}")["grid"]["code"], grid)
        self.assertEqual(self.who("z-001").case(case).json["grid"], stored)
        for collection in ("grids", "duties"):
            self.is_status(self.who("admin").post(f"/v1/{JIXI}/editions/{collection}/undo", {}), 201)
        self.is_status(self.who("admin").get(f"/v1/{JIXI}/locate?{HERE}&at=tomorrow"), 400)


class Jobs(BaseData):
    def test_an_import_can_be_watched(self):
        a = self.is_status(self.send("parts", self.file("parts.csv"), CSV, "?preview=1", Prefer="respond-async"), 202)
        url = a.json["url"]
        self.assertEqual(a.headers["location"], url)
        done = wait_until(lambda: (j := self.who("admin").get(url).json)["state"] == "done" and j)
        self.assertEqual((done["read"], done["share"]), (self.file("parts.csv").count(b"\n") - 1, 1))
        self.assertTrue(done["result"]["preview"])
        bad = self.is_status(self.send("parts", b"id,lon,lat\n1,x,y\n", CSV, Prefer="respond-async"), 202).json["url"]
        failed = wait_until(lambda: (j := self.who("admin").get(bad).json)["state"] == "failed" and j)
        self.assertEqual((failed["problem"]["status"], failed["problem"]["faults"]), (422, 2))

    def test_a_long_job_of_one_county_keeps_no_other_waiting(self):
        head, row = self.file("parts.csv").decode().splitlines()[:2]
        long = "\n".join([head, *(row[:10] + f"{i:06d}" + row[16:] for i in range(300_000))]).encode()
        url = self.is_status(self.send("parts", long, CSV, "?preview=1", Prefer="respond-async"), 202).json["url"]
        path = f"/v1/{LANGXI}/import/parts?preview=1"
        parts = (demo() / LANGXI / "parts.csv").read_bytes()
        self.is_status(self.who("admin", LANGXI).post(path, parts, Content_Type=CSV), 200)
        self.assertIsNone(self.who("admin").get(url).json["ended"])
        self.assertTrue(wait_until(lambda: self.who("admin").get(url).json["state"] == "done", 60))

    def test_a_job_is_not_everybodys(self):
        url = self.send("units", self.units(), query="?preview=1", Prefer="respond-async").json["url"]
        self.is_status(self.who("z-001").get(url), 404)
        self.is_status(self.who("c-001").get(url), 403)
        self.is_status(self.who("admin", LANGXI).get(url), 403)
        self.is_status(self.who("admin").get(f"/v1/{JIXI}/jobs/j-999999"), 404)


class Units(BaseData):
    def test_S4i_a_unit_that_ends_with_open_cases_needs_a_successor(self):
        case = self.brought_to("dispatch")
        self.assertEqual(self.who("z-001").case(case).json["unit"], "u-hw")
        a = self.is_status(self.send("units", self.unit("u-hw", to=day(0))), 422)
        self.assertIn("1 open case", a.json["detail"])
        self.is_status(self.send("units", [u for u in self.units() if u["id"] != "u-hw"]), 422)
        # with one, its people see and do what the unit held
        self.is_status(self.who("u-cg-1").case(case), 403)
        self.is_status(self.who("u-cg-1").act(case, "acknowledge", {}), 403)
        self.is_status(self.send("units", self.unit("u-hw", to=day(0), successor="u-cg")), 201)
        ended = next(u for u in self.units() if u["id"] == "u-hw")
        self.assertEqual((ended["to"], ended["successor"]), (day(0), "u-cg"))
        self.is_status(self.who("u-cg-1").case(case), 200)
        mine = self.who("u-cg-1").get(f"/v1/{JIXI}/cases").json["cases"]
        self.assertEqual([c["id"] for c in mine], [case])
        self.assertIn(case, [c["id"] for c in self.who("u-cg-1").get(f"/v1/{JIXI}/tasks").json["tasks"]])
        self.is_status(self.who("u-sw-1").act(case, "acknowledge", {}), 403)
        self.is_status(self.who("u-cg-1").act(case, "acknowledge", {}), 200)
        self.is_status(self.who("u-cg-1").act(case, "dispose", {}), 200)
        # nobody is told the old name, and nothing more goes there
        who = self.get(f"responsibility?category=0137&{HERE}")["responsible"]
        self.assertEqual((who["unit"], who["by"]), ("u-cg", "class"))
        self.assertEqual(self.get(f"responsibility?category=0137&{HERE}&at={day(-1)}")["responsible"], None)
        other = self.brought_to("file", i=3)
        self.is_fault(self.who("p-001").act(other, "dispatch", {"unit": "u-hw"}), "/unit", "ended", "u-cg")
        # and the journal says it again
        self.assertEqual(self.server.stop(), 0)
        self.server.start()
        self.is_status(self.who("u-cg-1").case(case), 200)

    def test_posts_are_kept_and_a_deputy_is_of_the_units_people(self):
        post = {"id": "p1", "name": "经办岗", "holder": "u-sw-1", "deputy": "u-cg-1"}
        a = self.is_status(self.send("units", self.unit("u-sw", posts=[post])), 422)
        self.assertIn("deputy u-cg-1", a.json["detail"])
        post["deputy"] = "u-sw-1"
        self.is_status(self.send("units", self.unit("u-sw", posts=[post])), 201)
        self.assertEqual(next(u for u in self.units() if u["id"] == "u-sw")["posts"], [post])


class People(BaseData):
    def test_people_come_without_passwords_and_phones_go_to_the_vault(self):
        text = "id,name,unit,roles,phone\nc-101,采集员甲,,collector,13900001111\nu-cg-9,经办甲,u-cg,unit,\n"
        self.is_status(self.send("people", text.encode(), CSV), 201)
        people = {p["id"]: p for p in self.get("people")["people"]}
        self.assertEqual(people["c-101"]["phone"], "13900001111")
        self.assertEqual((people["u-cg-9"]["unit"], people["u-cg-9"]["roles"]), ("u-cg", ["unit"]))
        self.is_status(self.who("z-001").get(f"/v1/{JIXI}/people"), 403)
        self.is_status(self.who("admin").post(f"/v1/{JIXI}/users", {"user": "c-101", "password": "a-long-password"}), 201)
        a = self.server.sign_in(JIXI, "c-101", "a-long-password")
        self.assertEqual((a.json["user"]["name"], a.json["user"]["roles"]), ("采集员甲", ["collector"]))
        self.assertEqual(self.server.stop(), 0)
        for folder in ("journal", "blobs", "views", "base"):
            for path in (self.server.data / JIXI / folder).rglob("*"):
                if path.is_file():
                    self.assertNotIn(b"13900001111", path.read_bytes(), path)
        self.server.start()
        self.assertEqual(self.get("people")["people"][0]["phone"], "13900001111")

    def test_bad_rows_of_people_are_named(self):
        text = "id,name,unit,roles\na b,甲,,collector\nx-1,,u-none,king\nx-2,丙,,unit\n"
        rows = self.is_status(self.send("people", text.encode(), CSV), 422).json["rows"]
        self.assertEqual([r.split(" (")[0] for r in rows], ["line 2", "line 3", "line 3", "line 3", "line 4"], rows)


class Quality(BaseData):
    def counts(self):
        checks = self.get("quality", "z-001")["checks"]
        return {c["check"]: c for c in checks}

    def test_what_is_wrong_is_counted_and_placed(self):
        clean = self.counts()
        for check, c in clean.items():
            self.assertTrue(c["checked"], check)
            self.assertEqual(c["count"], len(c["items"]), check)
            self.assertEqual(c["count"] > 0, check == "duplicate_part", c)
        grids = json.loads(self.file("grids.geojson"))
        gone = grids["features"].pop(3)
        twin = json.loads(json.dumps(grids["features"][0]))
        twin["id"] = "999999999999001"
        grids["features"].append(twin)
        self.is_status(self.send("grids", grids, GEO), 201)
        duties = json.loads(self.file("duties.geojson"))
        duties["features"][0]["properties"]["unit"] = "u-nobody"
        del duties["features"][1]["properties"]["unit"]
        self.is_status(self.send("duties", duties, GEO), 201)
        parts = self.file("parts.csv").decode().rstrip("\n").split("\n")[:50]
        parts.append("3418249901000001,怪物,9901,118.5853,30.0658,完好,u-cg,20240101")
        parts.append("3418210101000001,井盖,0101,110.0000,30.0658,完好,u-cg,20240101")
        self.is_status(self.send("parts", "\n".join(parts).encode(), CSV), 201)
        now = self.counts()
        overlap = now["grid_overlap"]["items"][0]
        self.assertEqual({overlap["id"], overlap["other"]}, {"999999999999001", grids["features"][0]["id"]})
        self.assertAlmostEqual(overlap["m2"], twin["properties"]["area_m2"], delta=0.01 * overlap["m2"])
        gap = now["grid_gap"]["items"][0]
        self.assertEqual(gap["id"], gone["id"][:12])
        self.assertAlmostEqual(gap["m2"], gone["properties"]["area_m2"], delta=0.01 * gap["m2"])
        self.assertAlmostEqual(gap["lon"], gone["geometry"]["coordinates"][0][0][0], delta=0.1)
        for check, ids in (("grid_prefix", ["999999999999001"]), ("unknown_unit", [duties["features"][0]["id"]]),
                           ("duty_without_unit", [duties["features"][1]["id"]]), ("unknown_category", ["3418249901000001"]),
                           ("part_code", ["3418210101000001"])):
            self.assertEqual([i["id"] for i in now[check]["items"]], ids, check)
        self.assertIn("3418210101000001", [i["id"] for i in now["part_outside"]["items"]])
        self.is_status(self.who("c-001").get(f"/v1/{JIXI}/quality"), 403)


class Tenant(CityTest):
    def step(self, phase, by="admin", **more):
        return self.who(by, "341800").post(f"/v1/{LANGXI}/tenant", {"phase": phase, **more})

    def now(self):
        return self.who("z-001", LANGXI).get(f"/v1/{LANGXI}/tenant").json

    def report(self, **more):
        return self.who("c-001", LANGXI).report(event(LANGXI, **more))

    def test_S2a_S2c_S5x_a_county_goes_from_prep_to_extended_step_by_step(self):
        self.assertEqual((self.now()["phase"], self.now()["ready_percent"]), ("live", 100))
        self.is_fault(self.report(drill=True), "/drill", "drills end")
        self.is_status(self.who("admin", LANGXI).post(f"/v1/{LANGXI}/tenant", {"phase": "prep"}), 403)
        self.is_status(self.step("prep", by="z-001"), 403)
        self.is_fault(self.step("dream"), "/phase", "one of")
        self.is_status(self.who("admin", "341800").post("/v1/341800/tenant", {"phase": "prep"}), 404)
        self.is_status(self.step("prep", note="前期准备"), 200)
        self.assertIn("no live reports", self.is_status(self.report(), 403).json["detail"])
        self.is_fault(self.step("trial"), "/phase", "one step", status=409)
        self.is_status(self.step("build"), 200)
        self.is_status(self.report(), 403)
        drill = self.is_status(self.report(drill=True), 201).json
        self.assertEqual((drill["drill"], drill["trial"]), (True, False))
        self.is_fault(self.step("prep"), "/phase", "has cases", status=409)
        self.is_status(self.step("trial"), 200)
        trial = self.is_status(self.report(), 201).json
        self.assertEqual((trial["drill"], trial["trial"]), (False, True))
        self.is_status(self.step("live"), 200)
        real = self.is_status(self.report(), 201).json
        self.assertEqual((real["drill"], real["trial"]), (False, False))
        self.assertTrue(self.who("z-001", LANGXI).case(trial["id"]).json["trial"])
        self.is_status(self.step("extended"), 200)
        self.is_status(self.step("live"), 409)
        now = self.now()
        self.assertEqual([h["phase"] for h in now["history"]], ["prep", "build", "trial", "live", "extended"])
        self.assertEqual((now["history"][0]["note"], now["history"][0]["by"]), ("前期准备", "341800:admin"))


if __name__ == "__main__":
    unittest.main()
