"""What the benchmarks share: a release build, filled counties, wrk, processor time, and the lines of the report."""
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CONNECTIONS = 64
ROUNDS = 3


def say(text):
    print(f"    {text}", file=sys.stderr, flush=True)


# ---- what is measured ----

def build():
    """The build folder: $WANGGE_BUILD, else a release build with link-time optimisation, made or brought up to date."""
    given = os.environ.get("WANGGE_BUILD")
    folder = Path(given).absolute() if given else ROOT / "build-release"
    if not given:
        if not (folder / "build.ninja").exists():
            subprocess.run(["meson", "setup", folder, ROOT, "--buildtype=release", "-Db_lto=true"], check=True,
                           stdout=sys.stderr)
        wanted = ["core/wangged", "tools/wangge/wangge", "tests/bench_fill", "tests/bench_replay", "tests/bench_rules",
                  "tests/bench_complete", "tests/bench_backtest", "tests/bench_steady", "tests/bench_map", "plugins/spatial/spatial.so"]
        subprocess.run(["ninja", "-C", folder, *wanted], check=True, stdout=sys.stderr)
    os.environ.setdefault("WANGGED", str(folder / "core/wangged"))
    return folder


BUILD = build()
sys.path.insert(0, str(ROOT / "tests"))
import support  # noqa: E402  it reads $WANGGED when it is imported


def program(name, server, *words):
    """Run bench_<name> on a stopped server's county; what it printed."""
    server.write_config()
    done = subprocess.run([BUILD / f"tests/bench_{name}", server.file, support.JIXI, *map(str, words)], capture_output=True,
                          text=True)
    if done.returncode:
        raise RuntimeError(f"bench_{name}: {done.stderr[-2000:]}")
    return done.stdout


def filled(count, *, closed=False, left=None):
    """A stopped server whose county Jixi has so many cases, filed or closed; or all but so many `left` rejected."""
    server = support.city("filled")
    if count:
        started = time.monotonic()
        said = program("fill", server, count, *["--closed"] * closed, *(["--open", left] if left else []))
        say(f"{count} cases made in {time.monotonic() - started:.0f} s: {said.strip()}")
    return server


def county(server):
    return server.data / support.JIXI


def year():
    return (datetime.now(timezone.utc) + timedelta(hours=8)).year


# ---- measuring ----

def fields(line):
    """name=value or name value, pairwise, as numbers."""
    return {k: float(v) for k, v in re.findall(r"([a-z]\w*)[= ](-?[\d.]+)", line)}


def wrk(port, seconds, *words):
    """wrk with wrk.lua; its result."""
    done = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", HERE / "wrk.lua",
                           f"http://127.0.0.1:{port}", "--", *map(str, words)], capture_output=True, text=True)
    line = re.search(r"^RESULT (.*)", done.stdout, re.M)
    if not line:
        raise RuntimeError(f"wrk: {done.stdout} {done.stderr}")
    got = fields(line[1])
    if got["wrong"] or got["broken"]:
        raise RuntimeError(f"not every answer was 200: {line[1]}")
    return got


def cpu_seconds(pids):
    """What these processes, with all their threads, have had of the processor."""
    ticks = 0
    for pid in pids:
        stat = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(stat[11]) + int(stat[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def children(pid):
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def median(rounds, key):
    return statistics.median(r[key] for r in rounds)


# ---- the report ----

def number(x):
    return f"{x:,.0f}" if x >= 1000 else f"{x:.4g}"


def line(what, us, unit, *, peer=None, ratio=None, most=None, least=None, own=False):
    """One line: ours, the peer's, their ratio, and the bar, which is for the ratio where there is one, unless it is our own."""
    value = us if ratio is None or own else ratio
    bar = f"≥ {least}" if least is not None else f"≤ {most}" if most is not None else ""
    met = "" if not bar else "met" if (value >= least if least is not None else value <= most) else "NOT MET"
    print(f"{what:34} {number(us):>10} {unit:8} {'' if peer is None else number(peer):>10} "
          f"{'' if ratio is None else f'{ratio:.3g}':>8}   {bar:9} {met}", flush=True)


def heading():
    disk = subprocess.run(["df", "--output=fstype", tempfile.gettempdir()], capture_output=True, text=True).stdout.split()
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    print(f"{os.cpu_count()} processors ({model[1] if model else 'unknown'}), data on {disk[-1] if disk else '?'}, "
          f"load {os.getloadavg()[0]:.1f}; medians of {ROUNDS} rounds")
    print(f"{'':34} {'us':>10} {'':8} {'peer':>10} {'ratio':>8}   {'bar':9}", flush=True)


def gone(folder):
    shutil.rmtree(folder, True)
