"""What we are measured against: PostgreSQL and nginx, each with a folder, a socket and processes of its own."""
import os
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from common import CONNECTIONS, HERE, gone, say


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
        return subprocess.run([self.bin(name), "-h", str(self.folder), "-U", "postgres", *map(str, words), "postgres"], check=True,
                              capture_output=True, text=True, cwd=self.folder).stdout

    def start(self):
        started = time.monotonic()
        data = self.folder / "data"
        self.server("initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8")
        options = {**self.OPTIONS, "unix_socket_directories": self.folder}
        self.server("pg_ctl", "-D", data, "-w", "-l", self.folder / "log", "-o",
                    " ".join(f"-c {k}={shlex.quote(str(v))}" for k, v in options.items()), "start")
        self.client("psql", "-q", "-v", "ON_ERROR_STOP=1", "-v", f"cases={self.cases}", "-f", HERE / "schema.sql")
        say(f"PostgreSQL with {self.cases} cases in {time.monotonic() - started:.0f} s")

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


class Nginx:
    """One worker that answers what we answer, by a rule in Lua."""

    TOKEN = "secret"

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="wangge-nginx-"))
        self.port = free_port()
        conf = self.folder / "nginx.conf"
        conf.write_text((HERE / "nginx.conf").read_text("utf-8").replace("{PORT}", str(self.port)), "utf-8")
        with open(self.folder / "log", "wb") as log:
            self.proc = subprocess.Popen(["nginx", "-p", self.folder, "-c", conf], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
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
        return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]

    def stop(self):
        self.proc.terminate()
        self.proc.wait()
        gone(self.folder)
