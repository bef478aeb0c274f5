#!/usr/bin/env python3
"""The bundled client: what it asks, shows, keeps and how it ends."""
import http.server
import io
import itertools
import json
import os
import pty
import re
import select
import shutil
import stat
import subprocess
import sys
import tarfile
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

    def sign_in(self, *users, area=support.JIXI):
        for user in users:
            self.run_as(user, "login", area, user, "--url", self.url, stdin=support.password(area, user) + "\n")


class WithServer(Served):
    """The commands, against a real server."""

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
        self.assertIn("2 work_hour", self.run_as("z-001", "clock", case))
        self.assertEqual(self.json_as("z-001", "case", case)["photos"][0]["sha256"], self.run_as(
            "c-001", "put", str(photo)).strip())

    def test_a_case_goes_around_the_bends_too(self):
        self.sign_in("c-001", "a-001", "z-001", "p-001", "u-hw-1", "l-001")
        case = self.report()["id"]
        for action, who, body in support.STEPS[:4]:
            self.run_as(who, "do", case, action, *[f"{k}={v}" for k, v in body.items()])
        self.assertIn("延期 → dispatcher", self.run_as("u-hw-1", "do", case, "defer", "days=3", "note=待料"))
        tasks = self.run_as("p-001", "tasks")
        self.assertIn(case, tasks)
        self.assertIn("待批 asked 1", tasks)
        self.assertNotIn("asked", self.run_as("p-001", "do", case, "grant"))
        self.assertIn("deferrals 延期", self.run_as("z-001", "case", case))
        self.run_as("p-001", "do", case, "countersign", 'units:=["u-cg"]')
        self.run_as("l-001", "do", case, "supervise", "note=三日内")
        shown = self.run_as("z-001", "case", case)
        self.assertIn("owes a reply", shown)
        self.assertIn("post 责任岗位", shown)
        self.run_as("u-hw-1", "do", case, "send_back", code=REFUSED)
        self.assertIn("  /reason: ", self.err)
        self.assertIn("used 已用", self.run_as("z-001", "clock", case))

    def test_the_flow_says_who_may_from_where_and_what_it_takes(self):
        self.sign_in("c-001")
        rows = self.run_as("c-001", "flow").splitlines()
        self.assertGreater(len(rows), 38)
        self.assertRegex(self.run_as("c-001", "flow", "defer"), r"延期 .*unit \(holder\).*disposing.*days")
        self.run_as("c-001", "flow", "explode", code=MISUSED)
        help_ = self.run_as("c-001", "do", "--help")
        steps = {s["action"] for s in self.json_as("c-001", "flow")["steps"]} - {"report"}
        self.assertEqual({a for a in steps if a not in help_}, set())

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
        self.run_as("admin", "users", "set", "p-009", "--name", "派遣员九", "--roles", "dispatcher", "--streets", "341824100,341824101",
                    stdin="a-long-password\n")
        self.run_as("p-009", "login", support.JIXI, "p-009", "--url", self.url, stdin="a-long-password\n")
        self.assertIn("341824100, 341824101", self.run_as("p-009", "whoami"))
        units = support.demo() / support.JIXI / "units.json"
        self.assertIn("taken over", self.run_as("admin", "import", "units", str(units)))
        bad = self.folder / "parts.csv"
        bad.write_text("id,name,category,lon,lat\n1,a,0101,x,y\n2,b,0101,118.5,30.0\n")
        self.run_as("admin", "import", "parts", str(bad), code=REFUSED)
        self.assertRegex(self.err, "(?m)^  .*2")
        self.assertRegex(self.err, r'(?m)^  line 2 +1 +column "lon": "x" is no decimal number$')
        self.run_as("admin", "import", "parts", str(self.folder / "parts.doc"), code=MISUSED)

    def test_base_data_is_previewed_listed_undone_and_judged(self):
        self.sign_in("admin", "z-001")
        parts = self.folder / "parts.csv"
        rows = (support.demo() / support.JIXI / "parts.csv").read_text("utf-8").split("\n")
        parts.write_text("\n".join(rows[:11]) + "\n", "utf-8")
        out = self.run_as("admin", "import", "parts", str(parts), "--preview")
        self.assertIn("would be taken over", out)
        self.assertRegex(out, r"未变 unchanged +10\n")
        self.assertIn(rows[11].split(",")[0], out)  # goes away: the first of them are named
        self.assertRegex(self.err, "10 rows read 已读, 100%")
        self.assertEqual(self.run_as("admin", "editions", "parts").count("admin"), 1)
        self.assertIn("edition 2", self.run_as("admin", "import", "parts", str(parts)))
        self.assertIn("edition 3", self.run_as("admin", "undo", "parts"))
        listed = self.run_as("z-001", "editions", "parts")
        self.assertRegex(listed, r"(?m)^3 .*现行 撤销 undid 2$")
        self.assertRegex(self.run_as("z-001", "quality"), r"(?m)^grid_gap +\S+ +0 ")
        self.run_as("admin", "import", "units", str(parts), "--from", "2999-01-01", code=REFUSED)
        self.assertIn("future", self.err)

    def test_the_citys_admin_moves_a_county_on(self):
        word = support.password(support.CITY, "admin")
        self.run_as("city", "login", support.CITY, "admin", "--url", self.url, stdin=word + "\n")
        self.assertIn("live 正式", self.run_as("city", "tenant", "--area", support.LANGXI))
        out = self.run_as("city", "tenant", "prep", "--note", "前期准备", "--area", support.LANGXI)
        self.assertIn("prep 前期", out)
        self.assertIn("341800:admin 前期准备", out)
        self.run_as("city", "tenant", "live", "--area", support.LANGXI, code=REFUSED)
        self.sign_in("admin")
        self.run_as("admin", "tenant", "prep", code=REFUSED)

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


class ACountyCarried(Clients):
    """From one server to another, and as the template of a new one."""

    @classmethod
    def setUpClass(cls):
        cls.server = support.city("carried").start()
        for i in range(5):
            if cls.server.person(support.JIXI, "c-001").report(support.event(i=i)).status != 201:
                raise AssertionError("no report")
        cls.tar = cls.server.folder / "jixi.tar"

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def other(self, **config):
        """A configuration with an empty data folder."""
        server = support.Server(support.temp("other"), **config)
        server.write_config()
        server.data.mkdir()
        return server

    def exported(self):
        """While it is served, and reports come in."""
        stop, under_way = threading.Event(), threading.Event()

        def report():
            client = self.server.another(support.JIXI, "a-001")
            for i in itertools.count():
                if stop.is_set():
                    return
                if i == 3:
                    under_way.set()
                client.report(support.event(source="hotline", description="来电", caller={"name": "某", "phone": "139"}))

        self.server.person(support.JIXI, "a-001")
        thread = threading.Thread(target=report)
        thread.start()
        under_way.wait(30)
        out = self.run_as("x", "export", "-c", str(self.server.file), support.JIXI, str(self.tar))
        stop.set()
        thread.join()
        return int(re.search(r": (\d+) entries", out)[1])

    def test_S3a_export_of_a_served_county_opens_elsewhere_with_all_its_words(self):
        entries = self.exported()
        self.assertEqual(stat.S_IMODE(self.tar.stat().st_mode), 0o600)
        other = self.other()
        self.assertIn(f"{entries} entries", self.run_as("x", "adopt", "-c", str(other.file), str(self.tar)))
        report = self.json_as("x", "replay", "--audit", "-c", str(other.file), support.JIXI)["areas"][0]
        self.assertEqual((report["entries"], report["differ"]), (entries, 0))
        self.run_as("x", "replay", "--rebuild", "-c", str(other.file), support.JIXI)
        self.run_as("x", "adopt", "-c", str(other.file), str(self.tar), code=REFUSED)
        self.assertIn("is there already", self.err)
        other.start()
        asked = other.person(support.JIXI, "z-001").get(f"/v1/{support.JIXI}/cases?limit=1000").json["cases"]
        self.assertGreater(len(asked), 0)
        for case in asked:
            there = self.server.person(support.JIXI, "z-001").case(case["id"]).json
            self.assertEqual({**case, "lamp": 0}, {**there, "lamp": 0})
        self.assertIn("139", [case["caller"]["phone"] for case in asked if case.get("caller")])
        self.assertEqual(other.stop(), 0)

    def test_a_tar_that_was_tampered_with_is_refused_and_leaves_nothing(self):
        self.exported()
        good = {}
        with tarfile.open(self.tar) as t:
            for m in t:
                good[m.name] = t.extractfile(m).read()

        def tar(files, **links):
            path = self.folder / "bad.tar"
            with tarfile.open(path, "w") as t:
                for name, data in files.items():
                    m = tarfile.TarInfo(name)
                    m.size = len(data)
                    t.addfile(m, io.BytesIO(data))
                for name, to in links.items():
                    m = tarfile.TarInfo(name)
                    m.type, m.linkname = tarfile.SYMTYPE, to
                    t.addfile(m)
            return path

        blob = next(n for n in good if "/blobs/" in n)
        journal = next(n for n in good if "/journal/" in n)
        for what, files in (
                ("a way out", {**good, "341824/journal/../../../x": b"x"}),
                ("another county's", {**good, "341821/county.json": b"{}"}),
                ("another blob", {**good, blob: good[blob] + b" "}),
                ("no county.json", {journal: good[journal]}),
                ("another journal", {**good, journal: good[journal].replace(b'"report"', b'"rep0rt"')}),
                ("nothing", {}),
                ("an unknown area", {n.replace("341824", "341899"): d for n, d in good.items()})):
            other = self.other()
            with self.subTest(what):
                self.run_as("x", "adopt", "-c", str(other.file), str(tar(files)), code=REFUSED)
                self.assertEqual([p.name for p in other.data.iterdir() if p.name[:1] == "3"], [])
        other = self.other()
        self.run_as("x", "adopt", "-c", str(other.file), str(tar(good, **{"341824/vault": "/tmp"})), code=REFUSED)

    def test_S2d_a_clone_has_units_and_rules_of_its_own_and_nobodys_cases(self):
        scripts = support.scripts_copy(self.folder / "scripts")
        server = support.city("cloning", counties=[support.JIXI, "341822"], scripts=scripts)
        server.write_config()
        before = {p.name: p.read_bytes() for p in (scripts / "counties/341824").iterdir()}
        self.run_as("x", "clone", "-c", str(server.file), support.JIXI, "341822")
        self.run_as("x", "clone", "-c", str(server.file), support.JIXI, "341822", code=REFUSED)
        pack = scripts / "counties/341822/categories.lua"
        text = pack.read_text("utf-8")
        limit = re.search(r"limit = \{ (\d+), \"work_hour\" \}", text)
        pack.write_text(text[:limit.start(1)] + "7" + text[limit.end(1):], "utf-8")
        support.first_admin(server, "341822")
        server.start()
        admin = server.person("341822", "admin")
        units = admin.get("/v1/341822/units").json["units"]
        self.assertEqual([u["id"] for u in units], [u["id"] for u in json.loads(
            (support.demo() / support.JIXI / "units.json").read_text("utf-8"))])
        tenant = admin.get("/v1/341822/tenant").json
        self.assertEqual((tenant["phase"], tenant["history"][0]["note"]), ("prep", "照341824建立"))
        self.assertEqual(admin.get("/v1/341822/status").json["cases"], {})
        self.assertEqual([u["id"] for u in admin.get("/v1/341822/users").json["users"]], ["admin"])
        limits = [json.dumps(server.person(a, "admin").get(f"/v1/{a}/categories").json) for a in (support.JIXI, "341822")]
        self.assertNotEqual(*limits)
        self.assertEqual({p.name: p.read_bytes() for p in (scripts / "counties/341824").iterdir()}, before)
        self.assertEqual(server.stop(), 0)


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


class Workshop(Served):
    """A county's rules from what is in force to a release, all by the client."""

    def work(self, who, *args, **kw):
        return self.run_as(who, "rules", *args, **kw)

    def fetched(self):
        """What is in force as a folder, with a limit of nine working days for 积存垃圾渣土."""
        place = self.folder / "mine"
        shutil.rmtree(place, ignore_errors=True)
        self.assertIn("scripts/counties/341824", self.work("g-001", "fetch", place))
        self.county = place / "scripts/counties/341824"
        self.limit(9, "work_day", first=True)
        return self.county

    def limit(self, n, unit, first=False):
        path = self.county / "categories.lua"
        text = path.read_text("utf-8")
        row = f'    ["0111"] = {{ conditions = {{ {{ id = "1", limit = {{ {n:g}, "{unit}" }} }} }} }},'
        if first:  # another test may have released one
            text = re.sub(r'    \["0111"\].*\n', "", text).replace("  event = {\n", f"  event = {{\n{row}\n", 1)
        path.write_text(re.sub(r'    \["0111"\].*', row, text), "utf-8")

    def test_a_limit_is_tightened_tried_released_and_taken_back(self):
        self.sign_in("g-001", "h-001")
        county = self.fetched()
        said = self.work("g-001", "guard", county, code=REFUSED)
        self.assertIn("市级5工作日，县级9工作日", said)
        self.work("g-001", "draft", county, code=REFUSED)
        self.assertRegex(self.err, r"/341824/categories.lua:\d+: 时限放宽")
        self.limit(1, "work_hour")
        self.assertIn("不合格 0", self.work("g-001", "check", county))
        self.assertRegex(self.work("g-001", "diff", county), "事件0111.*5工作日.*1工作时.*收紧")
        self.assertIn("0 次决定", self.work("g-001", "backtest", county, "from=2020-01-01", "to=2020-02-01"))
        page = self.folder / "report.html"
        self.work("g-001", "backtest", county, "--out", page)
        self.assertIn("回测报告", page.read_text("utf-8"))
        said = self.work("g-001", "draft", county, "--note", "渣土一小时清")
        hash = re.search(r"b2:\S+", said)[0]
        self.assertEqual(said.count("✓"), 6)
        self.work("g-001", "approve", hash, code=REFUSED)
        self.assertIn("403", self.err)
        self.assertIn("checked", self.work("h-001", "status"))
        self.assertIn("批准 h-001", self.work("h-001", "approve", hash, "--migrate"))
        self.assertIn("released", self.work("h-001", "status"))
        self.assertIn("渣土一小时清", self.work("h-001", "show", hash))
        self.assertIn("0 个办理中的案卷", self.work("h-001", "migration", hash))
        self.assertIn("再议", self.work("g-001", "rollback", "--note", "再议"))

    def test_a_key_of_ones_own_signs(self):
        self.sign_in("g-001", "h-001", "admin")
        county = self.fetched()
        self.limit(2, "work_hour")
        for who in ("g-001", "h-001"):
            public = re.search(r"ed25519:\S+", self.work(who, "key"))[0]
            self.assertIn(public, self.work(who, "key"))  # the same again
        hash = re.search(r"b2:\S+", self.work("g-001", "draft", county))[0]
        self.work("h-001", "approve", hash)
        release = json.loads(self.work("h-001", "status", "--json").splitlines()[0])["in_force"]
        self.assertEqual({release[who]["held"] for who in ("author", "approver")}, {"person"})
        for path in self.folder.glob("*.key"):
            self.assertEqual(path.stat().st_mode & 0o77, 0)
            path.write_text("A" * 43 + "\n")  # somebody else's
        self.limit(3, "work_hour")
        self.work("g-001", "draft", county, code=REFUSED)
        self.assertIn("Wangge-Signature", self.err)
        for who in ("g-001", "h-001"):  # they have lost it: the admin lets them begin anew
            admin = self.server.person(support.JIXI, "admin")
            self.assertEqual(admin.ask("DELETE", f"/v1/{support.JIXI}/rules/keys/{who}").status, 200)

    def test_what_can_t_be_done_is_told(self):
        self.sign_in("g-001", "c-001")
        self.work("g-001", "draft", self.folder / "none", code=MISUSED)
        self.work("g-001", "check", self.folder, code=MISUSED)
        self.work("g-001", "show", "b2:nothing", code=REFUSED)
        self.work("g-001", "explode", code=MISUSED)
        self.work("g-001", "approve", code=MISUSED)
        self.assertIn("approve HASH", self.work("g-001", "help"))
        self.work("c-001", "fetch", self.folder / "no", code=REFUSED)


class Sheets(Clients):
    """A county's table out of its folder, and back."""

    def setUp(self):
        super().setUp()
        scripts = support.scripts_copy(self.folder / "scripts")
        shutil.copytree(support.ROOT / "standards", self.folder / "standards")
        self.county, self.sheet = scripts / "counties/341824", self.folder / "sheet.csv"

    def rules(self, *args, **kw):
        return self.run_as("u", "rules", *args, **kw)

    def test_what_goes_out_comes_back(self):
        self.rules("export", self.county, "--out", self.sheet)
        first = self.sheet.read_bytes()
        self.assertTrue(first.startswith("\ufeff类别,大类代码".encode()))
        self.assertIn("新增 5，收紧 4，放宽 0", self.rules("import", self.county, self.sheet))
        made = (self.county / "categories.lua").read_text("utf-8")
        self.assertIn('["0199"]', made)
        self.rules("export", self.county, "--out", self.sheet)
        self.assertEqual(self.sheet.read_bytes(), first)
        self.rules("import", self.county, self.sheet)
        self.assertEqual((self.county / "categories.lua").read_text("utf-8"), made)
        self.assertIn(", 0 failed", self.rules("test", self.county))
        self.assertLess(len(self.rules("export", self.county, "--own")), len(first) // 8)

    def test_a_slip_is_told_by_row_and_column_and_nothing_is_made(self):
        before = (self.county / "categories.lua").read_text("utf-8")
        self.rules("export", self.county, "--own", "--out", self.sheet)
        self.sheet.write_text(self.sheet.read_text("utf-8").replace("4紧急工作时", "四小时"), "utf-8")
        said = self.rules("import", self.county, self.sheet, code=REFUSED)
        self.assertIn("第5行“处置时限”: “四小时”不是时限；应为如“4工作时”", said)
        self.assertEqual((self.county / "categories.lua").read_text("utf-8"), before)
        self.rules("import", self.county, self.folder / "none.csv", code=REFUSED)
        self.rules("import", self.county, code=MISUSED)


if __name__ == "__main__":
    unittest.main()
