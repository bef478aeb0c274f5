"""What we are measured against: PostgreSQL and nginx, each with a folder, a socket and processes of its own."""
import csv
import json
import os
import re
import shlex
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

from common import CONNECTIONS, HERE, children, gone, say


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Postgres:
    """A cluster of its own, reached by a Unix socket, with so many cases in it."""

    # What anyone sets who has a million rows and durable commits; the rest is as Debian has it.
    OPTIONS = {"listen_addresses": "", "max_connections": 100, "shared_buffers": "1GB", "max_wal_size": "8GB",
               "checkpoint_timeout": "30min", "synchronous_commit": "on", "fsync": "on"}

    def __init__(self, cases):
        self.cases = cases
        self.folder = Path(tempfile.mkdtemp(prefix="wangge-pg-"))
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        try:
            self.start()
        except BaseException:
            self.stop()
            raise

    @staticmethod
    def bin(name):
        """Debian keeps a server's programs apart from those that anyone runs."""
        found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
        return str(found[-1]) if found else name

    def server(self, name, *words):
        """A program that the cluster's owner has to run."""
        command = [self.bin(name), *map(str, words)]
        if os.getuid() == 0:
            command = ["su", "-s", "/bin/sh", "postgres", "-c", shlex.join(command)]
        # Not a pipe: the server would inherit it, and we would wait for its end.
        with open(self.folder / "said", "ab") as said:
            subprocess.run(command, check=True, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said)

    def client(self, name, *words):
        command = [self.bin(name), "-h", str(self.folder), "-U", "postgres", *map(str, words), "postgres"]
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd=self.folder).stdout

    def start(self):
        started = time.monotonic()
        data = self.folder / "data"
        self.server("initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8")
        options = {**self.OPTIONS, "unix_socket_directories": self.folder}
        self.server("pg_ctl", "-D", data, "-w", "-l", self.folder / "log", "-o",
                    " ".join(f"-c {k}={shlex.quote(str(v))}" for k, v in options.items()), "start")
        self.prepare()
        say(f"{type(self).__name__} with its data in {time.monotonic() - started:.0f} s")

    def prepare(self):
        self.client("psql", "-q", "-v", "ON_ERROR_STOP=1", "-v", f"cases={self.cases}", "-f", HERE / "schema.sql")

    def transitions(self, seconds):
        """Rate and latencies of pgbench."""
        for old in self.folder.glob("took.*"):
            old.unlink()
        said = self.client("pgbench", "-n", "-M", "prepared", "-c", CONNECTIONS, "-j", 1, "-T", seconds, "-D",
                           f"cases={self.cases}", "-f", HERE / "transition.sql", "-l", f"--log-prefix={self.folder}/took")
        took = sorted(int(row.split()[2]) for log in self.folder.glob("took.*") for row in log.read_text().splitlines())
        if not took or "failed transactions: 0 " not in said:
            raise RuntimeError(f"pgbench: {said}")
        return {"rate": float(re.search(r"^tps = ([\d.]+)", said, re.M)[1]), "p50_us": took[len(took) // 2],
                "p99_us": took[len(took) * 99 // 100]}

    def stop(self):
        if (self.folder / "data/postmaster.pid").exists():
            self.server("pg_ctl", "-D", self.folder / "data", "-m", "fast", "-w", "stop")
        gone(self.folder)


class Sqlite:
    """The same cases in one file, with a full-text index of runs of three characters; asked within this process."""

    def __init__(self, cases):
        """cases: rows of rowid, id, state, urgency, text."""
        started = time.monotonic()
        self.folder = Path(tempfile.mkdtemp(prefix="wangge-sqlite-"))
        self.db = db = sqlite3.connect(self.folder / "cases.db")
        db.executescript("PRAGMA journal_mode=off; PRAGMA cache_size=-1000000; PRAGMA mmap_size=8000000000;"
                         "CREATE TABLE cases (n INTEGER PRIMARY KEY, id TEXT, state TEXT, urgency TEXT, text TEXT);"
                         "CREATE VIRTUAL TABLE words USING fts5(text, content='cases', content_rowid='n', tokenize='trigram');")
        db.executemany("INSERT INTO cases VALUES (?, ?, ?, ?, ?)", cases)
        db.executescript("INSERT INTO words(words) VALUES ('rebuild'); INSERT INTO words(words) VALUES ('optimize');"
                         "CREATE INDEX urgent ON cases (state, urgency); ANALYZE;")
        db.commit()
        count = db.execute("SELECT count(*) FROM cases").fetchone()[0]
        say(f"SQLite {sqlite3.sqlite_version} with {count} cases in {time.monotonic() - started:.0f} s")

    def search(self, q, down, limit):
        """The index where each word has three characters, else a scan."""
        order, words = "DESC" if down else "ASC", q.split()
        if min(map(len, words)) >= 3:
            match = " AND ".join(f'"{w}"' for w in words)
            sql = f"SELECT c.* FROM words JOIN cases c ON c.n = words.rowid WHERE words MATCH ? ORDER BY words.rowid {order} LIMIT ?"
            return self.db.execute(sql, (match, limit)).fetchall()
        like = " AND ".join("text LIKE ?" for _ in words)
        return self.db.execute(f"SELECT * FROM cases WHERE {like} ORDER BY n {order} LIMIT ?",
                               (*(f"%{w}%" for w in words), limit)).fetchall()

    def tasks(self, state, limit):
        self.db.execute("SELECT count(*) FROM cases WHERE state = ?", (state,)).fetchone()
        return self.db.execute("SELECT * FROM cases WHERE state = ? ORDER BY urgency LIMIT ?", (state, limit)).fetchall()

    def stop(self):
        self.db.close()
        gone(self.folder)


def ground(base):
    """Base data as a Lua table, as locate.lua wants it."""
    layers = {}
    for layer in ("streets", "communities", "grids", "duties"):
        areas = []
        for i, f in enumerate(json.loads((base / f"{layer}.geojson").read_text("utf-8"))["features"], 1):
            p, shape = f["properties"], f["geometry"]["coordinates"]
            for polygon in shape if f["geometry"]["type"] == "MultiPolygon" else [shape]:
                rings = ",".join("{" + ",".join(f"{x:.7f},{y:.7f}" for x, y in ring) + "}" for ring in polygon)
                areas.append(f'{{id="{f.get("id") or p.get("code") or i}",name="{p.get("name", "")}",'
                             f'unit="{p.get("unit", "")}",rings={{{rings}}}}}')
        layers[layer] = "{" + ",".join(areas) + "}"
    with open(base / "parts.csv", encoding="utf-8-sig", newline="") as f:
        parts = [f'{{"{p["id"]}","{p["name"]}",{p["lon"]},{p["lat"]}}}' for p in csv.DictReader(f)]
    # in pieces: one constructor of so many tables is more than LuaJIT takes
    made = ";".join(f"(function() for _, x in ipairs {{{','.join(parts[i:i + 500])}}} do p[#p + 1] = x end end)()"
                    for i in range(0, len(parts), 500))
    layers = ",".join(f"{k}={v}" for k, v in layers.items())
    county = f'{{ id = "{base.name}", name = "绩溪县" }}'
    return f"(function() local p = {{}}; {made}; return {{ county = {county}, parts = p, layers = {{{layers}}} }} end)()"


class Nginx:
    """One worker that answers what we answer, by a rule in Lua."""

    TOKEN = "secret"

    def __init__(self, base):
        """base: the demo's folder of a county; the same streets and parts that we answer from."""
        self.folder = Path(tempfile.mkdtemp(prefix="wangge-nginx-"))
        (self.folder / "ground.lua").write_text("return " + ground(base), "utf-8")
        self.port = free_port()
        conf = self.folder / "nginx.conf"
        text = (HERE / "nginx.conf").read_text("utf-8")
        for name, value in {"PORT": self.port, "HERE": HERE, "DATA": self.folder}.items():
            text = text.replace(f"{{{name}}}", str(value))
        conf.write_text(text, "utf-8")
        with open(self.folder / "log", "wb") as log:
            self.proc = subprocess.Popen(["nginx", "-p", self.folder, "-c", conf], stdin=subprocess.DEVNULL, stdout=log,
                                         stderr=log)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
            if self.proc.poll() is not None:
                break
        said = (self.folder / "log").read_text()
        self.stop()
        raise RuntimeError(f"nginx: {said}")

    def pids(self):
        pid = self.proc.pid
        return [pid, *children(pid)]

    def stop(self):
        self.proc.terminate()
        self.proc.wait()
        gone(self.folder)
