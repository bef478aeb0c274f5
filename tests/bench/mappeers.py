"""The peers of the map: MapServer behind nginx, PostGIS, Redis; each with a folder, a socket and processes of its own."""
import os
import re
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import common
from common import HERE, gone, say
from mapdata import EAST, NORTH, SOUTH, WEST, degrees
from peers import Postgres, free_port

MAPSERV = "/usr/lib/cgi-bin/mapserv"
TEMPLATES = "/usr/share/mapserver/ogcapi/templates/html-plain/"


def convert(*words, **env):
    """ogr2ogr of a made file; parts come as a table with lon and lat."""
    columns = ["-oo", "X_POSSIBLE_NAMES=lon", "-oo", "Y_POSSIBLE_NAMES=lat", "-oo", "KEEP_GEOM_COLUMNS=NO"]
    csv = any(str(w).endswith(".csv") for w in words)
    subprocess.run(["ogr2ogr", *map(str, words), *columns * csv], check=True, capture_output=True, env={**os.environ, **env})


def started(port, proc, log):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
        if proc.poll() is not None:
            break
    raise RuntimeError(log.read_text("utf-8", "replace")[-2000:])


def fill(source, to, **values):
    text = (HERE / source).read_text("utf-8")
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", str(value))
    to.write_text(text, "utf-8")


class MapServer:
    """As many processes as processors, behind nginx; the same map once in the tiles' system and once in degrees."""

    def __init__(self, data):
        """data: the folder with parts.csv and grids.geojson."""
        began = time.monotonic()
        self.folder, self.procs = Path(tempfile.mkdtemp(prefix="wangge-ms-")), []
        self.folder.chmod(0o755)  # nginx's worker is nobody
        self.port = free_port()
        try:
            self.make(data)
            self.start()
        except BaseException:
            self.stop()
            raise
        say(f"MapServer with its files in {time.monotonic() - began:.0f} s")

    def make(self, data):
        corners = [f"{degrees(v)}" for v in (WEST, SOUTH, EAST, NORTH)]
        for srs, units in (("3857", "METERS"), ("4326", "DD")):
            for name in ("parts.csv", "grids.geojson"):
                layer = name.split(".")[0]
                convert("-f", "FlatGeobuf", self.folder / f"{layer}{srs}.fgb", data / name, "-nln", layer, "-s_srs", "EPSG:4326",
                        "-t_srs", f"EPSG:{srs}")
            extent = " ".join(corners)
            if srs == "3857":
                said = subprocess.run(["gdaltransform", "-s_srs", "EPSG:4326", "-t_srs", "EPSG:3857"], check=True, text=True,
                                      input=f"{corners[0]} {corners[1]}\n{corners[2]} {corners[3]}\n", capture_output=True).stdout
                extent = " ".join(v for row in said.splitlines() for v in row.split()[:2])
            fill("mapserver.map", self.folder / f"map{srs}.map", EXTENT=extent, UNITS=units, SRS=srs, DATA=self.folder, PORT=self.port)
        (self.folder / "config").write_text(
            f'CONFIG\n ENV\n OGCAPI_HTML_TEMPLATE_DIRECTORY "{TEMPLATES}"\n MS_MAP_PATTERN "."\n END\n'
            f' MAPS\n map3857 "{self.folder}/map3857.map"\n map4326 "{self.folder}/map4326.map"\n END\nEND\n')
        fill("mapserver.nginx", self.folder / "nginx.conf", PORT=self.port, DATA=self.folder)

    def start(self):
        with socket.socket(socket.AF_UNIX) as s, open(self.folder / "log", "wb") as log:
            s.bind(str(self.folder / "socket"))
            s.listen(512)
            (self.folder / "socket").chmod(0o777)
            env = {**os.environ, "MAPSERVER_CONFIG_FILE": str(self.folder / "config")}
            for _ in range(os.cpu_count()):  # FastCGI: standard input is what listens
                self.procs.append(subprocess.Popen([MAPSERV], stdin=s, stdout=log, stderr=log, cwd=self.folder, env=env))
            self.procs.append(subprocess.Popen(["nginx", "-p", self.folder, "-c", self.folder / "nginx.conf"],
                                               stdin=subprocess.DEVNULL, stdout=log, stderr=log))
        started(self.port, self.procs[-1], self.folder / "log")

    def pids(self):
        return [p.pid for p in self.procs] + common.children(self.procs[-1].pid)

    @staticmethod
    def tile(z, x, y):
        return f"/?map=map3857&mode=tile&tilemode=gmap&tile={x}+{y}+{z}&map.imagetype=mvt&layers=all"

    @staticmethod
    def items(box, limit):
        return f"/map4326/ogcapi/collections/parts/items?f=json&limit={limit}&bbox={box}"

    def stop(self):
        for p in reversed(self.procs):
            p.kill() if p.args[0] == MAPSERV else p.terminate()  # which ends after its next request only
            p.wait()
        gone(self.folder)


class PostGis(Postgres):
    """The map in tables, asked by pgbench with prepared statements: its own protocol over a Unix socket."""

    # A plan made once, and not compiled: without these it plans or compiles most of these small questions again and again.
    OPTIONS = {**Postgres.OPTIONS, "plan_cache_mode": "force_generic_plan", "jit": "off", "synchronous_commit": "off"}

    def __init__(self, data):
        self.data = data
        super().__init__(0)

    def prepare(self):
        self.client("psql", "-q", "-c", "CREATE EXTENSION postgis")
        for name in ("parts.csv", "grids.geojson"):
            convert("-f", "PostgreSQL", f"PG:host={self.folder} user=postgres dbname=postgres", self.data / name, "-nln",
                    "raw_" + name.split(".")[0], "-a_srs", "EPSG:4490", "-lco", "GEOMETRY_NAME=geom", "-lco", "FID=gid", "-lco",
                    "SPATIAL_INDEX=NONE", PG_USE_COPY="YES")
        self.client("psql", "-q", "-v", "ON_ERROR_STOP=1", "-f", HERE / "map.sql")

    def ask(self, sql):
        """Rows as lists of texts."""
        out = self.folder / "asked.sql"
        out.write_text(sql, "utf-8")
        out.chmod(0o644)
        said = self.client("psql", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-f", out)
        return [row.split("\t") for row in said.splitlines()]

    def pids(self):
        pid = int((self.folder / "data/postmaster.pid").read_text().split()[0])
        return [pid, *common.children(pid)]

    def cpu_seconds(self):
        """All that its processes had, also those that are gone."""
        pid = self.pids()[0]
        stat = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(stat[13]) + int(stat[14])) / os.sysconf("SC_CLK_TCK") + common.cpu_seconds(self.pids())

    def round(self, name, scripts, seconds):
        """Answers per second of its processor time. scripts: texts for pgbench, taken at random."""
        words, folder = [], self.folder / name
        folder.mkdir(exist_ok=True)
        for i, text in enumerate(scripts):
            (folder / f"{i}.sql").write_text(text, "utf-8")
            words += ["-f", folder / f"{i}.sql"]
        before = self.cpu_seconds()
        said = self.client("pgbench", "-n", "-M", "prepared", "-c", os.cpu_count(), "-j", 1, "-T", seconds, *words)
        time.sleep(0.2)  # its backends go
        done = int(re.search(r"transactions actually processed: (\d+)", said)[1])
        if "failed transactions: 0 " not in said:
            raise RuntimeError(f"pgbench: {said}")
        return {"each": done / (self.cpu_seconds() - before), "rate": float(re.search(r"^tps = ([\d.]+)", said, re.M)[1])}


class Redis:
    """The parts in one sorted set, by GEOADD."""

    CONNECTIONS = 64

    def __init__(self, points):
        """points: id, lon, lat."""
        began = time.monotonic()
        self.folder = Path(tempfile.mkdtemp(prefix="wangge-redis-"))
        self.socket = str(self.folder / "socket")
        with open(self.folder / "log", "wb") as log:
            self.proc = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", self.socket, "--save", "", "--dir", self.folder],
                                         stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            for _ in range(200):
                if Path(self.socket).exists():
                    break
                time.sleep(0.05)
            self.fill(list(points))
        except BaseException:
            self.stop()
            raise
        say(f"Redis with its points in {time.monotonic() - began:.0f} s")

    @staticmethod
    def command(*words):
        return f"*{len(words)}\r\n".encode() + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in (str(x).encode() for x in words))

    def fill(self, points):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.socket)
            for at in range(0, len(points), 1000):
                some = [w for name, x, y in points[at:at + 1000] for w in (degrees(x), degrees(y), name)]
                s.sendall(self.command("GEOADD", "parts", *some))
                if not s.recv(100).startswith(b":"):
                    raise RuntimeError("GEOADD")

    def search(self, x, y):
        return self.command("GEOSEARCH", "parts", "FROMLONLAT", degrees(x), degrees(y), "BYRADIUS", 50, "m", "ASC", "COUNT", 10)

    @staticmethod
    def whole(answer):
        """Of ten names: none is empty, so this is all of it."""
        lines = answer.split(b"\r\n")
        return lines[0][:1] == b"*" and answer.endswith(b"\r\n") and len(lines) == 2 + 2 * int(lines[0][1:])

    def ask(self, s, request):
        s.sendall(request)
        answer = s.recv(65536)
        while not self.whole(answer):
            answer += s.recv(65536)
        return [line.decode() for line in answer.split(b"\r\n")[2::2]]

    def connected(self):
        s = socket.socket(socket.AF_UNIX)
        s.connect(self.socket)
        return s

    def round(self, requests, seconds):
        """Answers per second of its processor time: each connection has one request out."""
        socks = [self.connected() for _ in range(self.CONNECTIONS)]
        before, n, began = common.cpu_seconds([self.proc.pid]), 0, time.monotonic()
        while time.monotonic() < began + seconds:
            for s in socks:
                s.sendall(requests[n % len(requests)])
                n += 1
            for s in socks:
                answer = s.recv(65536)
                while not self.whole(answer):
                    answer += s.recv(65536)
        for s in socks:
            s.close()
        return {"each": n / (common.cpu_seconds([self.proc.pid]) - before), "rate": n / (time.monotonic() - began)}

    def pids(self):
        return [self.proc.pid]

    def stop(self):
        self.proc.terminate()
        self.proc.wait()
        gone(self.folder)
