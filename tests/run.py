"""Every test, step by step, behind tools/check. Prints each step's outcome as it ends; a failed step's output follows it.
Builds and what fills the machine by itself go one by one; what mostly waits (servers killed, clocks, clients) goes two at a time.
The last line is `N passed, N failed`; the exit code is 1 where something failed."""
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ASAN, TSAN, PLAIN, FUZZ = (ROOT / f"build-{kind}" for kind in ("asan", "tsan", "plain", "fuzz"))
SANITIZED = {
    "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
}
# Half the time to build, and the tests take no longer; gcc warns of what is not so then, the plain build is strict.
QUICK = ["-Doptimization=1", "-Dwerror=false", "-Db_lundef=false"]
ALONE, BESIDE = 1, 2  # how many steps of a kind go at a time


def setup(folder, *options, what=()):
    """A build folder, made once and brought up to date; its output only where it fails."""
    made = [] if (folder / "build.ninja").exists() else [["meson", "setup", str(folder), *options]]
    return made + [["ninja", "-C", str(folder), *what]]


def meson_tests(folder, *more):
    return [["meson", "test", "-C", str(folder), "--no-rebuild", "--print-errorlogs", *more]]


def python_tests(*where):
    return [[sys.executable, "-m", "unittest", *where]]


def steps(everything):
    """name, commands, environment, and whether another may run beside it."""
    asan = {**SANITIZED, "WANGGED": str(ASAN / "core/wangged"), "WANGGE": str(ASAN / "tools/wangge/wangge"),
            "WANGGE_BUILD": str(ASAN)}
    plain = {"WANGGED": str(PLAIN / "core/wangged"), "WANGGE": str(PLAIN / "tools/wangge/wangge"), "WANGGE_BUILD": str(PLAIN)}
    rounds, releases = ("200", "60") if everything else ("20", "15")
    yield "layers: who includes whom", [["tools/layers.sh"]], {}, ALONE
    yield "format of C", [["tools/format.sh"]], {}, ALONE
    yield "lint of Lua", [["luacheck", "-q", "scripts"]], {}, ALONE
    yield "build with address and undefined sanitizers", setup(ASAN, *QUICK, "-Db_sanitize=address,undefined"), {}, ALONE
    yield "unit tests, fuzz corpora", meson_tests(ASAN), SANITIZED, ALONE
    yield "build with thread sanitizer", setup(TSAN, *QUICK, "-Db_sanitize=thread", what=["threads"]), {}, ALONE
    yield "threads", meson_tests(TSAN, "--suite", "threads"), SANITIZED, ALONE
    yield "build", setup(PLAIN), {}, ALONE
    for part in ("a-q", "r-z"):  # as long as each other
        yield f"HTTP, sanitized server, test_[{part}]*", \
            python_tests("discover", "-s", "tests/http", "-t", "tests/http", "-p", f"test_[{part}]*.py"), asan, BESIDE
    yield "demo city", python_tests("tests/democity_test.py"), plain, BESIDE
    yield "client", python_tests("tests/client_test.py"), plain, BESIDE
    yield "rules made looser", [[sys.executable, "tests/rules/mutants.py", *([] if everything else ["--few"])]], plain, BESIDE
    yield f"kill -9, {rounds} rounds", [[sys.executable, "tests/crash/crash.py", "--rounds", rounds]], plain, BESIDE
    yield f"kill -9 while rules change, {releases} rounds", [[sys.executable, "tests/crash/release.py", "--rounds", releases]], plain, BESIDE
    yield "kill -9 while photos come in", [[sys.executable, "tests/crash/uploads.py"]], plain, BESIDE
    yield "a full disk, a failed sync", [[sys.executable, "tests/crash/disk.py"]], plain, BESIDE
    yield "time that passes, clocks that jump", [[sys.executable, "tests/crash/clock.py"]], plain, BESIDE
    yield "a damaged journal", [[sys.executable, "tests/crash/cuts.py"]], plain, BESIDE
    if not everything:
        return
    yield "GDAL, a client of the map", python_tests("tests/gdal_test.py"), plain, ALONE
    yield "GDAL, files in and out", python_tests("tests/files_test.py"), plain, ALONE
    yield "QGIS, a client of the map", [["/usr/bin/python3", "tests/qgis_test.py"]], plain, ALONE  # Debian's own: it has QGIS
    yield "browser and JavaScript, clients of the map", [[sys.executable, "tests/browser_test.py"]], plain, ALONE
    yield "1,000,000 points in 20,000 grids, as GEOS has them", [[str(PLAIN / "tests/unit_geo_owners")]], \
        {**plain, "POINTS": "1000000", "GRIDS": "20000"}, ALONE
    yield "100,000 random histories", [[str(PLAIN / "tests/unit_desk_histories")]], {**plain, "HISTORIES": "100000"}, ALONE
    fuzz = setup(FUZZ, "-Dfuzz=true", "-Db_sanitize=address,undefined", "-Db_lundef=false")
    yield "build of fuzzers", fuzz, {"CC": "clang"}, ALONE
    for corpus in sorted((ROOT / "tests/fuzz/corpus").iterdir()):
        yield f"fuzz {corpus.name}, 30 s", fuzzing(corpus), {}, BESIDE
    yield "benchmarks, short", [[sys.executable, "tests/bench/run.py", "--short"]], plain, ALONE


def fuzzing(corpus):
    """libFuzzer from the corpus on; what it finds new goes with the build folder."""
    found = FUZZ / f"found-{corpus.name}"
    found.mkdir(parents=True, exist_ok=True)
    return [[str(FUZZ / f"tests/fuzz_{corpus.name}"), "-max_total_time=30", "-print_final_stats=0", str(found), str(corpus)]]


def count(text, ok):
    """Tests passed and failed by what a step printed; a step that counts nothing is one test."""
    passed = failed = 0
    for m in re.finditer(r"^Ok: +(\d+)|^(?:Fail|Timeout|Unexpected Pass): +(\d+)", text, re.M):
        passed, failed = passed + int(m[1] or 0), failed + int(m[2] or 0)
    for m in re.finditer(r"^Ran (\d+) tests? in .*\n\n(?:OK|FAILED)(?: \((.*)\))?", text, re.M):
        bad = sum(int(n) for n in re.findall(r"(?:failures|errors)=(\d+)", m[2] or ""))
        passed, failed = passed + int(m[1]) - bad, failed + bad
    for m in re.finditer(r"^# (?:pass (\d+)|(?:fail|cancelled) (\d+))$", text, re.M):  # node --test
        passed, failed = passed + int(m[1] or 0), failed + int(m[2] or 0)
    if passed + failed == 0:
        return (1, 0) if ok else (0, 1)
    return passed, failed if ok or failed else failed + 1


def say(text):
    """A line whole, whoever else is speaking."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def run(name, commands, env):
    start, out, ok = time.monotonic(), "", BESIDE
    say(f"… {name}")
    for command in commands:
        try:
            done = subprocess.run(command, cwd=ROOT, env={**os.environ, **env}, stdin=subprocess.DEVNULL, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace")
        except OSError as e:  # a build that failed leaves nothing to run
            out, ok = out + f"{command[0]}: {e.strerror}\n", ALONE
            break
        out += done.stdout
        if done.returncode:
            ok = False
            break
    passed, failed = count(out, ok)
    for line in re.findall(r"^.*(?:skipped=|SKIP).*$", out, re.M)[:10]:
        say(f"    {line.strip()}")
    say(f"{'ok  ' if ok and not failed else 'FAIL'} {name}: {passed} passed, {failed} failed, {time.monotonic() - start:.0f} s")
    if not ok or failed:
        say(out[-8000:])
    return passed, failed


def main():
    words = [a for a in sys.argv[1:] if not a.startswith("-")]
    wanted = (s for s in steps("--all" in sys.argv)
              if not words or any(w in s[0] for w in words) or s[0].startswith("build"))
    totals = [0, 0]
    for width, several in groupby(wanted, key=lambda s: s[3]):
        with ThreadPoolExecutor(width) as pool:
            for passed, failed in pool.map(lambda s: run(*s[:3]), several):
                totals[0] += passed
                totals[1] += failed
    print(f"{totals[0]} passed, {totals[1]} failed")
    return totals[1] > 0


if __name__ == "__main__":
    sys.exit(main())
