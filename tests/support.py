"""What the tests of a running server share: a prepared city, a server of one's own, a small HTTP client.

The server is $WANGGED, else build/core/wangged; the client $WANGGE, else the one beside it. Everything lies in one temporary folder that goes with the process.
"""
import atexit
import gzip
import io
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import unittest
from http.client import HTTPConnection
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WANGGED = Path(os.environ.get("WANGGED", ROOT / "build/core/wangged")).absolute()
WANGGE = Path(os.environ.get("WANGGE", WANGGED.parents[1] / "tools/wangge/wangge")).absolute()
BUILD = Path(os.environ.get("WANGGE_BUILD", WANGGED.parents[1])).absolute()
CITY, JIXI, LANGXI = "341800", "341824", "341821"
AREAS = [CITY, JIXI, LANGXI]
LAYERS = ["streets", "communities", "grids", "duties"]
UNITS = ["u-cg", "u-hw", "u-sw"]         # those that get an account here
READY_S = 60

_temp = Path(tempfile.mkdtemp(prefix="wangge-test-"))
atexit.register(shutil.rmtree, _temp, True)
_lock = threading.Lock()
_made = {}


def temp(name):
    """A new folder of that name, with a number behind it."""
    with _lock:
        _made[name] = n = _made.get(name, 0) + 1
    return _temp / f"{name}-{n}"


def password(area, user):
    return f"pw-{area}-{user}"


# ---- HTTP ----

class Answer:
    """One response; header names in lower case."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.raw = status, headers, body
        packed = headers.get("content-encoding") == "gzip"
        self.body = gzip.decompress(body) if packed and body else body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def pointers(self):
        """The fields that a problem blames."""
        return [e["pointer"] for e in self.json.get("errors", [])]

    def __repr__(self):
        return f"{self.status} {self.body[:600].decode('utf-8', 'replace')}"


class Client:
    """A kept connection and, once signed in, a token. For one thread."""

    def __init__(self, port, token=None, area=None):
        self.port, self.token, self.area, self.conn = port, token, area, None

    def ask(self, method, path, body=None, **headers):
        """body: bytes as they are, or anything else as JSON. Header names: _ stands for -."""
        head = {k.replace("_", "-"): v for k, v in headers.items()}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode()
            head.setdefault("Content-Type", "application/json")
        if self.token:
            head.setdefault("Authorization", "Bearer " + self.token)
        if self.conn is None:
            self.conn = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            self.conn.request(method, path, body, head)
            r = self.conn.getresponse()
            return Answer(r.status, {k.lower(): v for k, v in r.getheaders()}, r.read())
        except Exception:
            self.close()
            raise

    def get(self, path, **headers):
        return self.ask("GET", path, None, **headers)

    def post(self, path, body=None, **headers):
        return self.ask("POST", path, body, **headers)

    # of the area that the account is of
    def report(self, body, **headers):
        return self.post(f"/v1/{self.area}/cases", body, **headers)

    def act(self, case, action, body=None, **headers):
        return self.post(f"/v1/{self.area}/cases/{case}/{action}", body, **headers)

    def case(self, case, part=""):
        return self.get(f"/v1/{self.area}/cases/{case}{part}")

    def close(self):
        if self.conn:
            self.conn.close()
        self.conn = None

    __del__ = close


class Raw:
    """A socket, for what no client would send."""

    def __init__(self, port, timeout=10):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout)
        self.buf = b""

    def send(self, *parts):
        for p in parts:
            self.sock.sendall(p.encode() if isinstance(p, str) else p)
        return self

    def _more(self):
        got = self.sock.recv(65536)
        self.buf += got
        return bool(got)

    def line(self):
        while b"\n" not in self.buf:
            if not self._more():
                raise EOFError(self.buf)
        line, self.buf = self.buf.split(b"\n", 1)
        return line.rstrip(b"\r")

    def exactly(self, n):
        while len(self.buf) < n:
            if not self._more():
                raise EOFError(self.buf)
        out, self.buf = self.buf[:n], self.buf[n:]
        return out

    def head(self):
        status, headers = int(self.line().split()[1]), {}
        while line := self.line():
            name, value = line.decode().split(":", 1)
            headers[name.lower()] = value.strip()
        return status, headers

    def chunk(self):
        """The next piece of a chunked body; b"" at its end."""
        n = int(self.line(), 16)
        body = self.exactly(n)
        self.line()
        return body

    def answer(self, head_only=False):
        status, headers = self.head()
        body = b""
        if head_only or status in (204, 304):
            pass
        elif headers.get("transfer-encoding") == "chunked":
            while piece := self.chunk():
                body += piece
        else:
            body = self.exactly(int(headers.get("content-length", 0)))
        return Answer(status, headers, body)

    def closed(self):
        """Nothing more comes: the server has hung up."""
        try:
            while self._more():
                pass
        except ConnectionError:
            pass
        return not self.buf

    def close(self):
        self.sock.close()


# ---- the server ----

class Server:
    """A data folder with its configuration, and the process that serves it."""

    def __init__(self, folder, **config):
        self.folder, self.data = Path(folder), Path(folder) / "data"
        self.file = self.folder / "wangge.lua"
        self.config = {"data": self.data, "scripts": ROOT / "scripts", "standards": ROOT / "standards", "city": CITY,
                       "counties": [JIXI, LANGXI], "listen": "127.0.0.1:0", **config}
        self.env, self.proc, self.port, self.people, self.log = {}, None, None, {}, self.folder / "log"

    def write_config(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file.write_text("return " + lua(self.config) + "\n", encoding="utf-8")

    def start(self):
        """Start it and wait for its line; the text of stderr if it does not come up."""
        self.write_config()
        self.people = {}
        with open(self.log, "ab") as log:
            self.proc = subprocess.Popen([WANGGED, "-c", self.file], stdout=subprocess.PIPE, stderr=log,
                                         env={**os.environ, **self.env})
        line = self.proc.stdout.readline().decode()
        if not line.startswith("ready http://"):
            self.proc.wait(READY_S)
            self.proc.stdout.close()
            raise RuntimeError(f"wangged: exit {self.proc.returncode}: {self.said()[-2000:]}")
        self.port = int(line.rsplit(":", 1)[1])
        return self

    def said(self):
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    def stop(self, sig=signal.SIGTERM):
        """End our own process, and its exit code."""
        if self.proc is None:
            return 0
        for p in self.people.values():
            p.close()
        self.proc.send_signal(sig)
        try:
            code = self.proc.wait(READY_S)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            code = self.proc.wait()
        self.proc.stdout.close()
        self.proc = None
        return code

    def kill(self):
        return self.stop(signal.SIGKILL)

    def client(self, token=None, area=None):
        return Client(self.port, token, area)

    def sign_in(self, area, user, word=None):
        return self.client().post("/v1/session", {"area": area, "user": user, "password": word or password(area, user)})

    def person(self, area, user):
        """A signed-in account, kept for the life of the process. Not for two threads at once."""
        if (area, user) not in self.people:
            a = self.sign_in(area, user)
            if a.status != 201:
                raise RuntimeError(f"{area} {user}: {a}")
            self.people[area, user] = self.client(a.json["token"], area)
        return self.people[area, user]

    def another(self, area, user):
        """The same session on a connection of its own."""
        return self.client(self.person(area, user).token, area)


def lua(v):
    """A Lua literal."""
    if isinstance(v, dict):
        return "{ " + ", ".join(f"{k} = {lua(x)}" for k, x in v.items()) + " }"
    if isinstance(v, (list, tuple)):
        return "{ " + ", ".join(lua(x) for x in v) + " }"
    return str(v).lower() if isinstance(v, bool) else str(v) if isinstance(v, int) else json.dumps(str(v))


# ---- a prepared city: made once, copied for each test class ----

def demo():
    """The folder of base data."""
    with _lock:
        if "demo" not in _made:
            _made["demo"] = _temp / "demo"
            subprocess.run([sys.executable, ROOT / "tools/democity.py", _made["demo"]], check=True,
                           env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        return _made["demo"]


def first_admin(server, area):
    subprocess.run([WANGGED, "-c", server.file, "--first-admin", area, "admin"], input=password(area, "admin").encode(),
                   check=True, capture_output=True)


def _must(a):
    if a.status not in (200, 201):
        raise RuntimeError(f"preparing the city: {a}")
    return a


def _import(admin, folder):
    kinds = {"geojson": "application/geo+json", "csv": "text/csv", "json": "application/json"}
    for path in sorted(folder.iterdir(), key=lambda p: p.suffix == ".json"):
        if path.stem not in ("people", "day"):
            _must(admin.post(f"/v1/{admin.area}/import/{path.stem}", path.read_bytes(),
                             Content_Type=kinds[path.suffix[1:]]))


def _accounts(admin, folder):
    for p in json.loads((folder / "people.json").read_text("utf-8")):
        if p["user"] != "admin" and ("unit" not in p["roles"] or p["unit"] in UNITS):
            _must(admin.post(f"/v1/{admin.area}/users", {**p, "password": password(admin.area, p["user"])}))


def prepare(server):
    """Base data and accounts into an empty server."""
    server.write_config()
    for area in AREAS:
        first_admin(server, area)
    server.start()
    for area in AREAS:
        admin = server.person(area, "admin")
        _import(admin, demo() / area)
        _accounts(admin, demo() / area)


def template():
    """The data folder that others are copied from."""
    with _lock:
        have = _made.get("template")
    if not have:
        s = Server(_temp / "template")
        prepare(s)
        code = s.stop()
        if code != 0:
            raise RuntimeError(f"preparing the city: {code} " + s.said())
        have = _made["template"] = s.data
    return have


def city(name, **config):
    """A server of one's own over a fresh copy; not started."""
    s = Server(temp(name), **config)
    s.folder.mkdir(parents=True)
    shutil.copytree(template(), s.data)
    return s


def scripts_copy(folder):
    """The scripts, to be edited."""
    shutil.copytree(ROOT / "scripts", folder)
    return folder


def wait_until(what, seconds=60, every=0.05):
    """The first true value of what()."""
    end = time.monotonic() + seconds
    while True:
        got = what()
        if got or time.monotonic() > end:
            return got
        time.sleep(every)


# ---- rules ----

def rules_folder(area=JIXI):
    """The folder of a county's rules as {name: text}."""
    return {p.name: p.read_text("utf-8") for p in sorted((ROOT / "scripts/counties" / area).glob("*.lua"))}


def rules_tar(files, area=JIXI, front=""):
    """A draft."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        for name, text in files.items():
            info = tarfile.TarInfo(name if "/" in name else f"{front}{area}/{name}")
            data = text.encode() if isinstance(text, str) else text
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    return out.getvalue()


def tighter(milli):
    """Jixi's folder with a shorter limit: exposed rubbish within so many thousandths of a working hour."""
    files = rules_folder()
    files["categories.lua"] = files["categories.lua"].replace(
        '["0110"] = { conditions = { { id = "1", limit = { 2,', f'["0110"] = {{ conditions = {{ {{ id = "1", limit = {{ {milli / 1000:g},')
    files["tests.lua"] = files["tests.lua"].replace('asked = { { "deadline", { noon, 2000,', f'asked = {{ {{ "deadline", {{ noon, {milli},')
    return files


# ---- cases ----

def spots(area):
    """Places of the demo day: rows with lon, lat, kind, category, condition, part."""
    key = "day", area
    if key not in _made:
        _made[key] = json.loads((demo() / area / "day.json").read_text("utf-8"))
    return _made[key]


def event(area=JIXI, i=0, **changes):
    """The body of a report of exposed rubbish at the i-th place."""
    s = spots(area)[i % len(spots(area))]
    return {"kind": "event", "category": "0110", "location": point(s["lon"], s["lat"]),
            "description": "墙角散落生活垃圾", "address": s["address"], **changes}


def point(lon, lat):
    return {"type": "Point", "coordinates": [lon, lat]}


# ---- photos, byte by byte ----

def tiff(taken=None, offset=None, at=None, make=None, model=None, little=False):
    """EXIF without its mark: when ("2026:03:06 17:00:00"), its offset, where (lon, lat), and with what."""
    e = "<" if little else ">"
    text = lambda s: (2, len(s) + 1, s.encode() + b"\0")
    fractions = lambda v: (5, 3, b"".join(struct.pack(e + "II", *f) for f in
                                          ((int(v), 1), (int(v * 60) % 60, 1), (round(v * 3600 % 60 * 10000), 10000))))
    first = {t: text(s) for t, s in ((0x010f, make), (0x0110, model)) if s}
    exif = {t: text(s) for t, s in ((0x9003, taken), (0x9011, offset)) if s}
    gps = {1: text("NS"[at[1] < 0]), 2: fractions(abs(at[1])), 3: text("EW"[at[0] < 0]), 4: fractions(abs(at[0]))} if at else {}

    def ifd(tags, start):
        rows, more, behind = b"", b"", start + 2 + 12 * len(tags) + 4
        for tag, (kind, count, data) in sorted(tags.items()):
            value = data.ljust(4, b"\0") if len(data) <= 4 else struct.pack(e + "I", behind + len(more))
            more += data if len(data) > 4 else b""
            rows += struct.pack(e + "HHI", tag, kind, count) + value
        return struct.pack(e + "H", len(tags)) + rows + bytes(4) + more

    pointers = [(0x8769, exif), (0x8825, gps)]
    for tag, sub in pointers:
        if sub:
            first[tag] = (4, 1, bytes(4))
    start, parts = 8 + len(ifd(first, 8)), b""
    for tag, sub in pointers:
        if sub:
            first[tag] = (4, 1, struct.pack(e + "I", start + len(parts)))
            parts += ifd(sub, start + len(parts))
    return (b"II*\0" if little else b"MM\0*") + struct.pack(e + "I", 8) + ifd(first, 8) + parts


def jpeg(salt=0, size=0, **exif):
    """A JPEG's frame around nothing to see; each salt is another file."""
    block = b"Exif\0\0" + tiff(**exif) if exif else b""
    app1 = b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block if block else b""
    body = b"\xff\xd8" + app1 + b"\xff\xfe" + struct.pack(">HQ", 10, salt) + b"\xff\xda\0\2"
    return body + bytes(max(0, size - len(body) - 2)) + b"\xff\xd9"


# action, who, body: the standard flow from a report on
STEPS = [("accept", "a-001", {}), ("file", "z-001", {"condition": "1"}), ("dispatch", "p-001", {"unit": "u-hw"}),
         ("acknowledge", "u-hw-1", {}), ("dispose", "u-hw-1", {}), ("ask_check", "a-001", {}),
         ("check", "c-001", {"result": "pass"}), ("close", "z-001", {})]


class CityTest(unittest.TestCase):
    """A class of tests with a server of its own."""

    config = {}

    @classmethod
    def setUpClass(cls):
        cls.server = city(cls.__name__, **cls.config)
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        code, said = cls.server.stop(), cls.server.said()
        shutil.rmtree(cls.server.folder, True)
        if code != 0 or "runtime error:" in said or "Sanitizer" in said:
            raise AssertionError(f"the server ended with {code}: {said[-3000:]}")

    def who(self, user, area=JIXI):
        return self.server.person(area, user)

    def is_status(self, answer, status):
        self.assertEqual(answer.status, status, answer)
        if status >= 400:
            self.assertEqual(answer.headers["content-type"], "application/problem+json")
            self.assertEqual(answer.json["status"], status)
            self.assertTrue(answer.json["title"])
        return answer

    def is_fault(self, answer, pointer, *words, status=422):
        """A problem that blames this field, in these words."""
        self.is_status(answer, status)
        self.assertEqual(answer.pointers, [pointer], answer)
        for word in words:
            self.assertIn(word, answer.json["detail"])
        return answer

    def reported(self, area=JIXI, i=0, by="c-001", **changes):
        """The id of a fresh case."""
        return self.is_status(self.who(by, area).report(event(area, i, **changes)), 201).json["id"]

    def brought_to(self, action, area=JIXI, i=0, **changes):
        """A case with all steps up to and with that action taken; its id."""
        case = self.reported(area, i, **changes)
        for act, user, body in STEPS:
            self.is_status(self.who(user, area).act(case, act, body), 200)
            if act == action:
                break
        return case
