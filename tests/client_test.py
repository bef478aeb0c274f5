#!/usr/bin/env python3
"""The bundled client: what it asks, shows, keeps and how it ends."""
import http.server
import json
import os
import pty
import re
import select
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support

WANGGE = Path(os.environ.get("WANGGE", support.ROOT / "build/tools/wangge/wangge")).absolute()
DONE, REFUSED, MISUSED, UNREACHED = range(4)
HALL = "118.5998854,30.0688681"  # in Jixi's town


class Clients(unittest.TestCase):
    """Runs the client with session files of its own."""

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def env(self, user):
        return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(self.folder),
                "WANGGE_SESSION": str(self.folder / user)}

    def run_as(self, user, *args, stdin="", code=DONE, env=None):
        """Its standard output; the exit code must be as said. self.err: what went to standard error."""
        done = subprocess.run([WANGGE, *args], input=stdin, text=True, capture_output=True, timeout=30, check=False,
                              env={**self.env(user), **(env or {})})
        self.err = done.stderr
        self.assertEqual(done.returncode, code, f"{args}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def json_as(self, user, *args, **kw):
        return json.loads(self.run_as(user, *args, "--json", **kw))


class Served(Clients):
    """The client and a real server."""

    @classmethod
    def setUpClass(cls):
        cls.server = support.city("client").start()
        cls.url = f"http://127.0.0.1:{cls.server.port}"

    @classmethod
    def tearDownClass(cls):
        if cls.server.stop() != 0:
            raise AssertionError(cls.server.said())


class WithServer(Served):
    """The commands, against a real server."""

    def sign_in(self, *users, area=support.JIXI):
        for user in users:
            self.run_as(user, "login", area, user, "--url", self.url, stdin=support.password(area, user) + "\n")

    def report(self, **fields):
        fields = {"kind": "event", "category": "0110", "at": HALL, "description": "墙角散落生活垃圾", **fields}
        return self.json_as("c-001", "report", *[x for k, v in fields.items() for x in ("--" + k, v)])

    def test_login_keeps_the_token_for_its_owner_only_and_logout_forgets_it(self):
        self.sign_in("z-001")
        kept = self.folder / "z-001"
        self.assertEqual(stat.S_IMODE(kept.stat().st_mode), 0o600)
        token = json.loads(kept.read_text())["token"]
        self.assertIn("值班长一", self.run_as("z-001", "whoami"))
        self.run_as("z-001", "logout")
        self.assertFalse(kept.exists())
        kept.write_text(json.dumps({"url": self.url, "area": support.JIXI, "user": "z-001", "token": token}))
        self.run_as("z-001", "whoami", code=REFUSED)
        self.assertIn("401", self.err)

    def test_login_never_prints_the_token(self):
        out = self.run_as("z-001", "login", support.JIXI, "z-001", "--json", "--url", self.url,
                          stdin=support.password(support.JIXI, "z-001"))
        token = json.loads((self.folder / "z-001").read_text())["token"]
        self.assertEqual(json.loads(out)["user"]["id"], "z-001")
        self.assertNotIn(token, out + self.err)

    def test_a_wrong_password_is_refused_and_keeps_nothing(self):
        self.run_as("p-001", "login", support.JIXI, "p-001", "--url", self.url, stdin="not this one\n", code=REFUSED)
        self.assertFalse((self.folder / "p-001").exists())

    def test_without_session_or_for_another_server_nothing_is_sent(self):
        self.run_as("nobody", "cases", code=REFUSED)
        self.sign_in("z-001")
        self.run_as("z-001", "cases", code=MISUSED, env={"WANGGE_URL": "http://127.0.0.1:1"})
        self.assertIn("another", self.err.replace("not for", "another"))

    def test_a_case_goes_from_report_to_close(self):
        users = [who for _, who, _ in support.STEPS]
        self.sign_in("c-001", *sorted(set(users) - {"c-001"}))
        photo = self.folder / "before.jpg"
        photo.write_bytes(support.jpeg())
        case = self.report(photo=str(photo))["id"]
        for action, who, body in support.STEPS:
            out = self.run_as(who, "do", case, action, *[f"{k}={v}" for k, v in body.items()])
        self.assertIn("已结案 closed", out)
        self.assertIn("绩数管案", self.run_as("z-001", "case", case))
        history = self.run_as("z-001", "history", case).splitlines()
        self.assertEqual(len(history), 2 + len(support.STEPS))
        self.assertIn("限2工作时", self.run_as("z-001", "explain", case))
        self.assertIn("工作", self.run_as("z-001", "clock", case))
        self.assertEqual(self.json_as("z-001", "case", case)["photos"][0]["sha256"], self.run_as(
            "c-001", "put", str(photo)).strip())

    def test_a_refusal_tells_what_is_allowed_and_a_bad_body_which_field(self):
        self.sign_in("c-001", "a-001", "z-001")
        case = self.report()["id"]
        self.run_as("a-001", "do", case, "ask_check", code=REFUSED)
        self.assertRegex(self.err, "409 .*\n.*allowed.*accept")
        self.run_as("a-001", "do", case, "accept", "--if-match", "7", code=REFUSED)
        self.assertIn("412", self.err)
        self.run_as("a-001", "do", case, "accept", "--if-match", "1")
        self.run_as("z-001", "do", case, "file", code=REFUSED)
        self.assertIn("  /condition: ", self.err)
        problem = self.json_as("z-001", "do", case, "file", "condition=99", code=REFUSED)
        self.assertEqual(problem["status"], 422)

    def test_the_same_key_gives_the_same_case(self):
        self.sign_in("c-001")
        ids = {self.report(key="once-1")["id"] for _ in range(2)}
        self.assertEqual(len(ids), 1)

    def test_a_report_may_come_as_json(self):
        self.sign_in("a-001")
        body = json.dumps({**support.event(), "source": "hotline", "caller": {"name": "某人", "phone": "0563-000"}})
        self.assertIn("某人 0563-000", self.run_as("a-001", "report", "--body", "-", stdin=body))

    def test_lists_line_up_and_take_filters(self):
        self.sign_in("c-001", "z-001", "a-001")
        case = self.report(address="一条很长的地址" * 10)["id"]
        out = self.run_as("z-001", "cases", "state=reported,accepted", "sort=-opened", "limit=3").splitlines()
        self.assertIn("…", out[1])
        wide = [sum(2 if ord(c) > 0x2e7f else 1 for c in re.split("地址|一条|华阳|绩溪|安徽|-$", row)[0])
                for row in out[:2]]
        self.assertEqual(wide[0], wide[1])
        self.assertIn(case, self.run_as("a-001", "tasks", "limit=1000"))
        self.run_as("z-001", "cases", "colour=red", code=REFUSED)
        self.assertIn("/colour", self.err)
        self.run_as("z-001", "cases", "reported", code=MISUSED)

    def test_what_citizens_write_does_not_steer_the_terminal(self):
        self.sign_in("c-001", "z-001")
        case = self.report(description="\x1b[2Jgone\u202e")["id"]
        out = self.run_as("z-001", "case", case)
        self.assertNotIn("\x1b", out)
        self.assertNotIn("\u202e", out)

    def test_places_time_and_tables(self):
        self.sign_in("z-001")
        self.assertIn("341824 绩溪县", self.run_as("z-001", "locate", *HALL.split(",")))
        out = self.run_as("z-001", "clock", "limit=1.5", "unit=work_day", "from=2026-09-30T16:00:00+08:00")
        self.assertIn("国庆节", out)
        self.run_as("z-001", "clock", "limit=1", "unit=moon", code=REFUSED)
        self.assertIn("u-cg ", self.run_as("z-001", "units"))
        self.assertIn("暴露垃圾", self.run_as("z-001", "categories", "kind=event"))
        self.assertIn("parts", self.run_as("z-001", "status"))

    def test_admins_make_accounts_and_bring_base_data(self):
        self.sign_in("admin")
        self.run_as("admin", "users", "add", "p-009", "--name", "派遣员九", "--roles", "dispatcher", stdin="a-long-password\n")
        self.assertIn("派遣员九", self.run_as("admin", "users"))
        self.run_as("p-009", "login", support.JIXI, "p-009", "--url", self.url, stdin="a-long-password\n")
        units = support.demo() / support.JIXI / "units.json"
        self.assertIn("taken over", self.run_as("admin", "import", "units", str(units)))
        bad = self.folder / "parts.csv"
        bad.write_text("id,name,category,lon,lat\n1,a,0101,x,y\n2,b,0101,118.5,30.0\n")
        self.run_as("admin", "import", "parts", str(bad), code=REFUSED)
        self.assertRegex(self.err, "(?m)^  .*2")
        self.run_as("admin", "import", "parts", str(self.folder / "parts.doc"), code=MISUSED)

    def test_tail_gives_entries_from_where_it_is_told(self):
        self.sign_in("c-001", "s-001", "z-001")
        case = self.report()["id"]
        rows = self.run_as("s-001", "tail", "--after", "0", "--count", "5", "--json").splitlines()
        self.assertEqual([json.loads(r)["n"] for r in rows], [1, 2, 3, 4, 5])
        last = self.json_as("z-001", "status")["entries"]
        self.assertIn(case, self.run_as("z-001", "tail", "--after", str(last - 1), "--count", "1"))

    def test_wrong_calls_and_unreached_servers_have_codes_of_their_own(self):
        for args in (["nosuch"], ["case"], ["do", "x", "accept", "--key"], ["report", "--kind", "event"], [],
                     ["replay", "-c", "x"], ["case", "1", "--colour"]):
            self.run_as("nobody", *args, code=REFUSED if args[:1] == ["report"] else MISUSED)
        self.run_as("nobody", "login", support.JIXI, "x", "--url", "http://127.0.0.1:1", stdin="y\n", code=UNREACHED)
        self.run_as("nobody", "login", support.JIXI, "x", "--url", "ftp://there", stdin="y\n", code=MISUSED)
        self.assertIn("wangge do", self.run_as("nobody", "do", "--help"))


class PasswordOnATerminal(Served):
    def test_it_is_not_echoed(self):
        word = support.password(support.JIXI, "z-001")
        pid, fd = pty.fork()
        if pid == 0:
            os.execve(WANGGE, ["wangge", "login", support.JIXI, "z-001", "--url", self.url], self.env("tty"))
        said, sent = b"", False
        while select.select([fd], [], [], 10)[0]:
            try:
                said += os.read(fd, 4096)
            except OSError:
                break
            if b": " in said and not sent:
                time.sleep(0.1)
                os.write(fd, word.encode() + b"\n")
                sent = True
        self.assertEqual(os.waitpid(pid, 0)[1], 0, said)
        self.assertNotIn(word.encode(), said)


class OnAStoppedServer(Clients):
    def test_replay_and_export(self):
        server = support.city("offline").start()
        collector = server.person(support.JIXI, "c-001")
        self.assertEqual(collector.report(support.event()).status, 201)
        self.run_as("x", "replay", "--audit", "-c", str(server.file), code=REFUSED)  # it is being served
        server.stop()
        report = self.json_as("x", "replay", "--audit", "-c", str(server.file), support.JIXI)["areas"]
        self.assertEqual([(a["area"], a["cases"], a["differ"]) for a in report], [(support.JIXI, 1, 0)])
        self.run_as("x", "replay", "--rebuild", "-c", str(server.file))
        lines = self.run_as("x", "export", "-c", str(server.file), support.JIXI).splitlines()
        self.assertEqual([json.loads(r)["n"] for r in lines], list(range(1, len(lines) + 1)))
        self.assertEqual(json.loads(lines[-1])["do"], "report")


class Whimsical(http.server.BaseHTTPRequestHandler):
    """Answers by the list that a test gives: a status, "hang up", or bytes of a stream."""
    script, seen = [], []

    def log_message(self, *_):
        """Nothing."""

    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.seen.append((self.headers.get("idempotency-key"), self.path, body))
        what = self.script.pop(0) if self.script else 200
        if what == "hang up":
            self.close_connection = True
            return
        if isinstance(what, bytes):
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self.wfile.write(what)
            self.close_connection = True
            return
        text = b'{"title":"t","status":%d,"id":"x","state":"reported","version":1}' % what
        self.send_response(what)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = answer


class BrokenLines(Clients):
    def setUp(self):
        super().setUp()
        Whimsical.script, Whimsical.seen = [], []
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Whimsical)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        (self.folder / "u").write_text(json.dumps({"url": f"http://127.0.0.1:{server.server_port}", "area": "341824",
                                                   "user": "u", "token": "t"}))

    def test_an_open_outcome_is_asked_about_once_more_with_the_same_key(self):
        for first in (503, "hang up"):
            Whimsical.script, Whimsical.seen = [first, 200], []
            self.run_as("u", "do", "341824-2026-000001", "accept")
            self.assertEqual(len(Whimsical.seen), 2)
            self.assertEqual(Whimsical.seen[0], Whimsical.seen[1])
            self.assertGreater(len(Whimsical.seen[0][0]), 16)

    def test_but_not_for_ever(self):
        Whimsical.script = [503, 503, 200]
        self.run_as("u", "do", "341824-2026-000001", "accept", code=REFUSED)
        Whimsical.script = ["hang up", "hang up", 200]
        self.run_as("u", "do", "341824-2026-000001", "accept", code=UNREACHED)

    def test_tail_goes_on_after_the_last_entry_it_had(self):
        Whimsical.script = [b'id: 8\nevent: entry\ndata: {"n":8}\n\n: beat\n\nid: 9\nda', "hang up",
                            b'id: 9\nevent: entry\ndata: {"n":9}\n\n']
        out = self.run_as("u", "tail", "--after", "7", "--count", "2", "--json")
        self.assertEqual([json.loads(r)["n"] for r in out.splitlines()], [8, 9])
        self.assertEqual([re.search(r"\d+$", path)[0] for _, path, _ in Whimsical.seen], ["7", "8", "8"])


if __name__ == "__main__":
    unittest.main()
