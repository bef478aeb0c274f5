"""Every test, step by step, behind tools/check. Prints each step's outcome as it ends; a failed step's output follows it.
The last line is `N passed, N failed`; the exit code is 1 where something failed."""
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ASAN, TSAN, PLAIN, FUZZ = (ROOT / f"build-{kind}" for kind in ("asan", "tsan", "plain", "fuzz"))
SANITIZED = {
    "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
}
THREADED = "unit-(case_search|desk(?!_histories)|net|store).*"  # the histories are one thread's, and long


def setup(folder, *options, env=None):
    """A build folder, made once and brought up to date; its output only where it fails."""
    made = [] if (folder / "build.ninja").exists() else [["meson", "setup", str(folder), *options]]
    return made + [["ninja", "-C", str(folder)]]


def meson_tests(folder, *more):
    return [["meson", "test", "-C", str(folder), "--no-rebuild", "--print-errorlogs", *more]]


def python_tests(*where):
    return [[sys.executable, "-m", "unittest", *where]]


def steps(everything):
    """name, commands, environment."""
    asan = {**SANITIZED, "WANGGED": str(ASAN / "core/wangged"), "WANGGE": str(ASAN / "tools/wangge/wangge"),
            "WANGGE_BUILD": str(ASAN)}
    plain = {"WANGGED": str(PLAIN / "core/wangged"), "WANGGE": str(PLAIN / "tools/wangge/wangge"), "WANGGE_BUILD": str(PLAIN)}
    rounds, releases = ("200", "60") if everything else ("20", "15")
    yield "layers: who includes whom", [["tools/layers.sh"]], {}
    yield "format of C", [["tools/format.sh"]], {}
    yield "lint of Lua", [["luacheck", "-q", "scripts"]], {}
    yield "build with address and undefined sanitizers", setup(ASAN, "-Db_sanitize=address,undefined", "-Db_lundef=false"), {}
    yield "unit tests, fuzz corpora", meson_tests(ASAN), SANITIZED
    yield "build with thread sanitizer", setup(TSAN, "-Db_sanitize=thread", "-Db_lundef=false"), {}
    yield "threads", meson_tests(TSAN, *threaded(TSAN)), SANITIZED
    yield "build", setup(PLAIN), {}
    yield "demo city", python_tests("tests/democity_test.py"), plain
    yield "HTTP, sanitized server", python_tests("discover", "-s", "tests/http", "-t", "tests/http"), asan
    yield "client", python_tests("tests/client_test.py"), plain
    yield "rules made looser", [[sys.executable, "tests/rules/mutants.py", *([] if everything else ["--few"])]], plain
    yield f"kill -9, {rounds} rounds", [[sys.executable, "tests/crash/crash.py", "--rounds", rounds]], plain
    yield f"kill -9 while rules change, {releases} rounds", [[sys.executable, "tests/crash/release.py", "--rounds", releases]], plain
    yield "kill -9 while photos come in", [[sys.executable, "tests/crash/uploads.py"]], plain
    yield "a full disk, a failed sync", [[sys.executable, "tests/crash/disk.py"]], plain
    yield "time that passes, clocks that jump", [[sys.executable, "tests/crash/clock.py"]], plain
    yield "a damaged journal", [[sys.executable, "tests/crash/cuts.py"]], plain
    if not everything:
        return
    yield "100,000 random histories", [[str(PLAIN / "tests/unit_desk_histories")]], {**plain, "HISTORIES": "100000"}
    fuzz = setup(FUZZ, "-Dfuzz=true", "-Db_sanitize=address,undefined", "-Db_lundef=false")
    yield "build of fuzzers", fuzz, {"CC": "clang"}
    for corpus in sorted((ROOT / "tests/fuzz/corpus").iterdir()):
        yield f"fuzz {corpus.name}, 30 s", fuzzing(corpus), {}
    yield "benchmarks, short", [[sys.executable, "tests/bench/run.py", "--short"]], plain


def fuzzing(corpus):
    """libFuzzer from the corpus on; what it finds new goes with the build folder."""
    found = FUZZ / f"found-{corpus.name}"
    found.mkdir(parents=True, exist_ok=True)
    return [[str(FUZZ / f"tests/fuzz_{corpus.name}"), "-max_total_time=30", "-print_final_stats=0", str(found), str(corpus)]]


def threaded(folder):
    """The tests that have threads, as meson knows them; all of them where it can't be asked yet."""
    names = subprocess.run(["meson", "test", "-C", str(folder), "--list"], capture_output=True, text=True).stdout.split()
    return [n for n in names if re.fullmatch(THREADED, n)]


def count(text, ok):
    """Tests passed and failed by what a step printed; a step that counts nothing is one test."""
    passed = failed = 0
    for m in re.finditer(r"^Ok: +(\d+)|^(?:Fail|Timeout|Unexpected Pass): +(\d+)", text, re.M):
        passed, failed = passed + int(m[1] or 0), failed + int(m[2] or 0)
    for m in re.finditer(r"^Ran (\d+) tests? in .*\n\n(?:OK|FAILED)(?: \((.*)\))?", text, re.M):
        bad = sum(int(n) for n in re.findall(r"(?:failures|errors)=(\d+)", m[2] or ""))
        passed, failed = passed + int(m[1]) - bad, failed + bad
    if passed + failed == 0:
        return (1, 0) if ok else (0, 1)
    return passed, failed if ok or failed else failed + 1


def run(name, commands, env):
    start, out, ok = time.monotonic(), "", True
    print(f"… {name}", flush=True)
    for command in commands:
        try:
            done = subprocess.run(command, cwd=ROOT, env={**os.environ, **env}, stdin=subprocess.DEVNULL, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace")
        except OSError as e:  # a build that failed leaves nothing to run
            out, ok = out + f"{command[0]}: {e.strerror}\n", False
            break
        out += done.stdout
        if done.returncode:
            ok = False
            break
    passed, failed = count(out, ok)
    for line in re.findall(r"^.*(?:skipped=|SKIP).*$", out, re.M)[:10]:
        print(f"    {line.strip()}")
    print(f"{'ok  ' if ok and not failed else 'FAIL'} {name}: {passed} passed, {failed} failed, {time.monotonic() - start:.0f} s", flush=True)
    if not ok or failed:
        print(out[-8000:], flush=True)
    return passed, failed


def main():
    words = [a for a in sys.argv[1:] if not a.startswith("-")]
    totals = [0, 0]
    for name, commands, env in steps("--all" in sys.argv):
        if words and not any(w in name for w in words) and not name.startswith("build"):
            continue
        passed, failed = run(name, commands, env)
        totals[0] += passed
        totals[1] += failed
    print(f"{totals[0]} passed, {totals[1]} failed")
    return totals[1] > 0


if __name__ == "__main__":
    sys.exit(main())
