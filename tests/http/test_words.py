"""Citizens' words, names and phones: in the vault, shown to those who may read them, and nowhere else."""
import sys
import unittest
from pathlib import Path
from urllib.parse import urlencode

sys.path.append(str(Path(__file__).resolve().parents[1]))
from support import CITY, JIXI, STEPS, CityTest, Raw, event

PHONE, NAME, WORDS = "13900007777", "某市民欧阳", "我家门口的垃圾三天没人收拾"


class Words(CityTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.body = event(source="hotline", description=WORDS, caller={"name": NAME, "phone": PHONE})
        answer = cls.server.person(JIXI, "a-001").report(cls.body, Idempotency_Key="call-1")
        assert answer.status == 201, answer
        cls.case = answer.json["id"]
        for action, user, body in STEPS[:6]:
            assert cls.server.person(JIXI, user).act(cls.case, action, body).status == 200

    def found(self, *roots):
        """Files below these folders that hold any of it."""
        needles = [s.encode() for s in (PHONE, NAME, WORDS)]
        needles += [s.encode("unicode_escape") for s in (NAME, WORDS)]
        hits = []
        for root in roots:
            for path in Path(root).rglob("*"):
                data = path.read_bytes() if path.is_file() else b""
                hits += [(path.name, n) for n in needles if n in data]
        return hits

    def test_neither_journal_nor_views_nor_log_hold_them(self):
        folder = self.server.data / JIXI
        self.assertTrue(list((folder / "journal").glob("*.wgj")))
        self.assertEqual(self.found(folder / "journal", folder / "views", folder / "blobs"), [])
        said = self.server.said()
        self.assertFalse([w for w in (PHONE, NAME, WORDS) if w in said])

    def test_the_vault_holds_them(self):
        self.assertEqual(len(self.found(self.server.data / JIXI / "vault")), 3)

    def test_readers_see_the_words_and_only_two_roles_the_caller(self):
        for user in ("a-001", "z-001", "p-001", "x-001", "l-001", "r-001", "s-001", "u-hw-1", "c-001"):
            case = self.is_status(self.who(user).case(self.case), 200)
            self.assertEqual(case.json["description"], WORDS, user)
            if user in ("a-001", "z-001"):
                self.assertEqual(case.json["caller"], {"name": NAME, "phone": PHONE})
            else:
                self.assertNotIn("caller", case.json, user)
                self.assertNotIn(PHONE, case.body.decode())
        self.assertEqual(self.who("z-001", CITY).case(self.case).json["caller"]["phone"], PHONE)
        self.is_status(self.who("u-cg-1").case(self.case), 403)

    def test_lists_tasks_and_histories_keep_to_it_too(self):
        for user in ("p-001", "l-001", "s-001", "u-hw-1"):
            for path in ("cases", "tasks", f"cases/{self.case}/history", f"cases/{self.case}/explain"):
                a = self.is_status(self.who(user).get(f"/v1/{JIXI}/{path}"), 200)
                self.assertNotIn(PHONE, a.body.decode(), (user, path))
                self.assertNotIn(NAME, a.body.decode(), (user, path))
        told = self.who("z-001").case(self.case, "/history").json[0]["body"]
        self.assertEqual((told["caller"]["phone"], told["description"]), (PHONE, WORDS))

    def test_the_answers_to_steps_keep_to_it_too(self):
        a = self.is_status(self.who("c-001").act(self.case, "check", {"result": "unclear"}), 200)
        self.assertNotIn("caller", a.json)
        self.assertEqual(a.json["description"], WORDS)
        a = self.is_status(self.who("a-001").act(self.case, "ask_check"), 200)
        self.assertEqual(a.json["caller"]["phone"], PHONE)

    def test_the_raw_journal_names_references_only(self):
        raw = Raw(self.server.port).send(f"GET /v1/{JIXI}/events HTTP/1.1\r\nHost: x\r\n"
                                         f"Authorization: Bearer {self.who('s-001').token}\r\n\r\n")
        self.assertEqual(raw.head()[0], 200)
        text = b""
        while self.case.encode() not in text:
            text += raw.chunk()
        raw.close()
        self.assertIn(b'"vault"', text)
        for s in (PHONE, NAME, WORDS):
            self.assertNotIn(s.encode(), text)

    def test_a_repeated_call_writes_its_words_once(self):
        again = self.is_status(self.who("a-001").report(self.body, Idempotency_Key="call-1"), 201)
        self.assertEqual(again.json["id"], self.case)
        self.is_status(self.who("a-001").report({**self.body, "description": "别的"}, Idempotency_Key="call-1"), 422)

    def by_caller(self, text, user="a-001", area=JIXI, **more):
        return self.who(user, area).get(f"/v1/{area}/cases?{urlencode({'caller': text, **more})}")

    def test_who_takes_calls_finds_the_caller_s_cases_by_phone_or_name(self):
        for user in ("a-001", "z-001"):
            for text in (PHONE, "+86 139-0000-7777", NAME, "某市民歐陽"):
                a = self.is_status(self.by_caller(text, user), 200)
                self.assertIn(self.case, [c["id"] for c in a.json["cases"]], text)
        for text in ("13900007778", "1390000777", "欧阳", "没这个人"):
            self.assertEqual(self.is_status(self.by_caller(text), 200).json, {"cases": [], "next": None})
        self.assertEqual(self.by_caller(PHONE, state="voided").json["cases"], [])
        self.assertEqual([c["id"] for c in self.by_caller(PHONE, sort="due").json["cases"]], [self.case])
        self.assertEqual([c["id"] for c in self.by_caller(PHONE, "z-001", CITY).json["cases"]], [self.case])
        self.is_fault(self.by_caller(" "), "/caller")

    def test_nobody_else_finds_a_caller(self):
        for user in ("p-001", "x-001", "l-001", "r-001", "s-001", "u-hw-1", "c-001"):
            for text in (PHONE, "没这个人"):
                self.is_fault(self.by_caller(text, user), "/caller", status=403)

    def test_a_citizen_s_words_are_no_part_of_a_search(self):
        a = self.is_status(self.who("a-001").get(f"/v1/{JIXI}/cases?{urlencode({'q': '三天没人收拾'})}"), 200)
        self.assertEqual(a.json["cases"], [])

    def test_a_collector_s_own_words_stay_in_the_journal(self):
        self.reported(i=5, description="采集员自己写的话")
        data = b"".join(p.read_bytes() for p in (self.server.data / JIXI / "journal").glob("*.wgj"))
        self.assertIn("采集员自己写的话".encode(), data)


if __name__ == "__main__":
    unittest.main()
