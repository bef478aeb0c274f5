"""A plugin built out of tree against the installed header: loaded or refused, its route, its function, its effect."""
import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
import support
from support import BUILD, JIXI, LANGXI, ROOT, WANGGE, CityTest, scripts_copy, temp, wait_until

SOURCE = ROOT / "tests/plugin/sample.c"


def include():
    """The installed header's folder."""
    if "include" not in support._made:
        dest = temp("dest")
        subprocess.run(["meson", "install", "--quiet", "--no-rebuild", "-C", BUILD, "--destdir", dest],
                       check=True, capture_output=True)
        support._made["include"] = next(dest.rglob("wg.h")).parent
    return support._made["include"]


def build(*flags):
    out = temp("sample").with_suffix(".so")
    subprocess.run([os.environ.get("CC", "cc"), "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-I", include(),
                    *flags, SOURCE, "-o", out], check=True)
    return out


class Plugin(CityTest):
    @classmethod
    def setUpClass(cls):
        cls.so = build()
        super().setUpClass()
        cls.server.stop()
        scripts = scripts_copy(cls.server.folder / "scripts")
        rules = scripts / "counties" / LANGXI / "rules.lua"
        rules.write_text(rules.read_text("utf-8").replace("  on = {\n", """  on = {
    accept = function(case, ctx)
      local twice = sample.double(21)
      return notify { to = "leader", text = "已受理" .. twice, because = "sample " .. ctx.by }
    end,
""", 1), "utf-8")
        cls.notes = cls.server.folder / "notes"
        cls.server.config |= {"scripts": scripts, "dev": True}
        cls.restart(cls)
        assert wait_until(lambda: "taken over" in cls.server.said()), cls.server.said()

    def restart(self, **config):
        self.server.stop()
        self.server.config["plugins"] = [{"path": self.so, "config": {"file": self.notes, **config}}]
        self.server.start()

    def noted(self, count, seconds=12):
        """That many notes, once they are there."""
        read = lambda: [json.loads(s) for s in self.notes.read_text("utf-8").splitlines()] if self.notes.exists() else []
        self.assertTrue(wait_until(lambda: len(read()) >= count, seconds), self.server.said()[-800:])
        return read()

    def accepted(self, i):
        case = self.reported(LANGXI, i)
        self.is_status(self.who("a-001", LANGXI).act(case, "accept"), 200)
        return case

    def waiting(self):
        """Notes that the journal has not seen done."""
        n, done, sent = self.who("s-001", LANGXI).get(f"/v1/{LANGXI}/status").json["entries"], set(), set()
        raw = support.Raw(self.server.port).send(f"GET /v1/{LANGXI}/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                                                 f"{self.who('s-001', LANGXI).token}\r\n\r\n")
        raw.head()
        text = b""
        while f'\n{{"n":{n},'.encode() not in text or not text.endswith(b"\n"):
            text += raw.chunk()
        raw.close()
        for e in map(json.loads, text.splitlines()):
            done |= {(o["n"], o["i"]) for o in e["out"] if o["k"] == "done"}
            sent |= {(e["n"], i) for i, o in enumerate(e["out"]) if o["k"] == "notify"}
        return sent - done

    # ---- loading ----

    def refused(self, so, *words, config=None):
        s = support.Server(temp("refused"), plugins=[{"path": so, "config": config or {"file": "x"}}])
        with self.assertRaises(RuntimeError) as told:
            s.start()
        s.proc.stdout.close()
        for word in words:
            self.assertIn(word, str(told.exception))

    def test_another_abi_is_refused_with_both_numbers(self):
        self.refused(build("-DSAMPLE_ABI=4711"), "sample", "ABI 4711", "has 2")

    def test_what_is_no_plugin_is_refused(self):
        self.refused("/nowhere/at-all.so", "at-all.so")
        self.refused(SOURCE, "sample.c")

    def test_a_plugin_may_refuse_its_config(self):
        self.refused(self.so, JIXI[:4], "names no file", config={"colour": "red"})

    # ---- the route ----

    def test_its_route_answers_for_each_county_with_a_session(self):
        for area in (JIXI, LANGXI):
            a = self.is_status(self.who("l-001", area).get(f"/v1/{area}/sample/hello?name=%E7%BD%91%E6%A0%BC"), 200)
            self.assertEqual(a.json, {"hello": area, "name": "网格"})
        self.is_status(self.server.client().get(f"/v1/{JIXI}/sample/hello"), 401)
        self.is_status(self.who("l-001", LANGXI).get(f"/v1/{JIXI}/sample/hello"), 403)
        told = self.server.client().get("/api").json["paths"]["/v1/{area}/sample/hello"]["get"]
        self.assertEqual((told["summary"], told["security"]), ("A greeting", [{"token": []}]))
        self.assertEqual(self.server.client().get("/readyz").json["plugins"], ["sample"])

    # ---- the function and the effect ----

    def test_a_refused_note_is_tried_again_and_then_done(self):
        self.restart(stubborn=True)
        before = len(self.noted(0))
        self.accepted(1)
        note = self.noted(before + 1)[-1]
        self.assertEqual((note["body"]["to"], note["body"]["text"]), ("leader", "已受理42"))
        self.assertTrue(note["key"].startswith(LANGXI + "-"))
        self.assertIn("not at once", self.server.said())
        self.assertTrue(wait_until(lambda: not self.waiting()))

    def test_a_note_reaches_the_effect_with_one_key_across_a_kill(self):
        self.restart(silent=True)
        before = len(self.noted(0))
        self.accepted(2)
        first = self.noted(before + 1)[-1]
        self.assertEqual(len(self.waiting()), 1)
        self.server.kill()
        self.restart()
        again = self.noted(before + 2)[-1]
        self.assertEqual(again, first)
        self.assertTrue(wait_until(lambda: not self.waiting()))
        self.server.kill()
        self.restart()
        self.accepted(3)
        self.assertNotEqual(self.noted(before + 3)[-1]["key"], first["key"])
        self.assertEqual(len(self.noted(before + 3)), before + 3)

    def test_the_facts_hold_what_the_function_said_and_an_audit_passes(self):
        case = self.accepted(4)
        raw = support.Raw(self.server.port).send(f"GET /v1/{LANGXI}/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                                                 f"{self.who('s-001', LANGXI).token}\r\n\r\n")
        raw.head()
        text = b""
        while b'"do":"accept","of":"' + case.encode() not in text:
            text += raw.chunk()
        raw.close()
        self.assertIn(b'["sample.double",[21],[42]]', text)
        self.assertEqual(self.server.stop(), 0)
        audit = subprocess.run([WANGGE, "replay", "--audit", "-c", self.server.file, LANGXI], capture_output=True, text=True)
        self.server.start()
        self.assertEqual(audit.returncode, 0, audit.stdout + audit.stderr)
        self.assertIn(" 0 differ", audit.stdout)

    def test_the_header_stands_alone(self):
        self.assertNotIn('#include "', (include() / "wg.h").read_text("utf-8"))
        self.assertEqual([p.name for p in include().iterdir()], ["wg.h"])


if __name__ == "__main__":
    unittest.main()
