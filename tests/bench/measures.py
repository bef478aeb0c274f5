"""The measurements. Each makes what it needs, runs us and the peer in turn, and prints its lines."""
import json
import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path
from urllib.parse import quote

import common
from common import ROOT, ROUNDS, county, filled, fields, line, median, program, say, support, wrk, year
from maps import maps
from peers import Nginx, Postgres, Sqlite

SLACK = common.CONNECTIONS  # requests that wrk may send beyond the last one it was to send


def transitions(short, kept):
    """(a) Durable steps of cases over HTTP, against the same work in PostgreSQL."""
    cases, seconds = (50_000, 3) if short else (1_000_000, 8)
    server, us, peer = filled(cases), [], []
    kept["server"], kept["cases"] = server, cases  # (d) reads it again
    postgres = Postgres(cases)
    try:
        server.start()
        token = server.person(support.JIXI, "p-001").token
        take = cases // (ROUNDS + 1) - SLACK
        for i in range(ROUNDS + 1):
            os.sync()  # what making the cases left, or the round before: not the other's to wait for
            got = wrk(server.port, seconds if i else 2, "dispatch", token, year(), 1, cases, i * (take + SLACK), take)
            us.append({**got, "rate": got["requests"] / got["us"] * 1e6})
            say(f"us {us[-1]['rate']:.0f}/s p99 {got['p99_us']:.0f} us, {got['requests']:.0f} answers, all 200")
            os.sync()
            peer.append(postgres.transitions(seconds if i else 2))
            say(f"PostgreSQL {peer[-1]['rate']:.0f}/s p99 {peer[-1]['p99_us']} us")
        del us[0], peer[0]  # to get warm
    finally:
        postgres.stop()
        server.stop()
    rate = median(us, "rate"), median(peer, "rate")
    line("a transitions, 64 connections", rate[0], "/s", peer=rate[1], ratio=rate[0] / rate[1], least=3)
    for p, bar in (("p50", None), ("p99", 0.25)):
        x, y = median(us, p + "_us"), median(peer, p + "_us")
        line(f"a {p} of a transition", x / 1000, "ms", peer=y / 1000, ratio=x / y, most=bar)


def read_round(port, pids, seconds, *words):
    before = common.cpu_seconds(pids)
    got = wrk(port, seconds, *words)
    return {"each": got["requests"] / (common.cpu_seconds(pids) - before), "rate": got["requests"] / got["us"] * 1e6}


def agree(ours, theirs):
    """Both have looked up the same."""
    for key in ("street", "community", "grid"):
        if ours[key]["code"] != theirs[key]["code"]:
            raise RuntimeError(f"{key}: {ours[key]} and {theirs[key]}")
    for key, name in (("parts", "id"), ("duties", "name")):
        if {x[name] for x in ours[key]} != {x[name] for x in theirs[key]}:
            raise RuntimeError(f"{key}: {ours[key]} and {theirs[key]}")


def reads(short, _):
    """(b) Requests that a second of processor time answers, against nginx."""
    cases, seconds = 20_000, 2 if short else 5  # as many as nginx.conf makes
    server, nginx = filled(cases), Nginx(support.demo() / support.JIXI)
    try:
        server.start()
        ours = server.person(support.JIXI, "z-001")
        theirs = support.Client(nginx.port, Nginx.TOKEN, support.JIXI)
        paths = {"case": f"/v1/341824/cases/341824-{year()}-000007", "locate": "/v1/341824/locate?lon=118.59&lat=30.065"}
        for kind, path in paths.items():
            sizes, said = [], []
            for who in (ours, theirs):
                answer = who.get(path)
                if answer.status != 200 or not answer.json:
                    raise RuntimeError(f"{path}: {answer}")
                sizes.append(len(answer.raw))
                said.append(answer.json)
            if kind == "locate":
                agree(*said)
            say(f"{kind}: bodies of {sizes[0]} and {sizes[1]} bytes")
            us, peer = [], []
            for _ in range(ROUNDS):
                us.append(read_round(server.port, [server.proc.pid], seconds, kind, ours.token, year(), 1, cases))
                # nginx.conf has its cases in a year of its own
                peer.append(read_round(nginx.port, nginx.pids(), seconds, kind, Nginx.TOKEN, 2026, 1, cases))
            say(f"{kind}: {median(us, 'rate'):.0f}/s and {median(peer, 'rate'):.0f}/s by the wall")
            x, y = median(us, "each"), median(peer, "each")
            line(f"b GET {kind}", x, "/cpu s", peer=y, ratio=x / y, least=0.8)
            ours.close()  # idle meanwhile: the server may have hung up
            theirs.close()
    finally:
        nginx.stop()
        server.stop()


# Deadline and owner in one decision; the county's own rules ask for each at its step.
BOTH = """
    both = function(case, ctx)
      local who = ctx.responsible(case)
      return {
        propose { unit = who.unit, because = "责任单位" .. who.unit },
        set { due = ctx.deadline(ctx.row.limit), because = "限期" },
      }
    end,
"""
EVENTS = {"file": "deadline", "report": "near, owner", "both": "deadline, owner"}
CALLS = 9  # a short one each, for the processor has quick and slow minutes


def rules(_short, _kept):
    """(c) One decision of the county's rules, from C."""
    server, rounds = filled(0), []
    scripts = support.scripts_copy(support.temp("scripts"))
    rule = scripts / f"counties/{support.JIXI}/rules.lua"
    rule.write_text(rule.read_text("utf-8").replace("  on = {\n", "  on = {\n" + BOTH, 1), "utf-8")
    server.config["scripts"] = scripts
    for _ in range(CALLS):
        said = [row.split() for row in program("rules", server, "bare", *EVENTS).splitlines()]
        rounds.append({f"{event}_{p}": float(v) for event, *values in said for p, v in zip(("p50", "p99"), values)})
    line("c a bare call, table of ten fields", median(rounds, "bare_p50"), "µs")
    for event, what in EVENTS.items():
        line(f"c on.{event}: {what}", median(rounds, event + "_p50"), "µs", most=5 if event == "both" else None)
        line(f"c on.{event}, p99", median(rounds, event + "_p99"), "µs")


def replay(short, kept):
    """(d) Entries folded again, and audited."""
    server = kept.get("server") or filled(50_000 if short else 1_000_000)
    rounds = [fields(program("replay", server, "fold")) for _ in range(ROUNDS)]
    line(f"d replay of {rounds[0]['entries']:.0f} entries", median(rounds, "entries_per_s"), "/s", least=100_000)
    audit = fields(program("replay", server, "audit"))
    line("d audit: every decision again", audit["entries_per_s"], "/s")


def journal_bytes(folder):
    """Up to the last frame: what lies behind it is zeros, made ahead."""
    return sum(len(path.read_bytes().rstrip(b"\0")) for path in folder.glob("[0-9]*.wgj"))


def disk(server):
    """Bytes of the county's parts."""
    said = fields(program("replay", server, "copy"))  # brings the copy up to date, too
    folder = county(server)
    return {"journal": journal_bytes(folder / "journal"), "views": said["views"],
            "vault": (folder / "vault/data.mdb").stat().st_size, "copy": (folder / "copy/data.mdb").stat().st_size}


def sizes(short, _):
    """(e) Memory of the demo city, and disk of a closed case."""
    cases = 5_000 if short else 20_000
    memory()
    server = filled(0)
    before = disk(server)
    say(program("fill", server, cases, "--closed").strip())
    after = disk(server)
    each = {part: (after[part] - before[part]) / cases / 1024 for part in after}
    for part, kib in each.items():
        line(f"e disk of a closed case: {part}", kib, "KiB")
    line("e disk of a closed case", sum(each.values()), "KiB", most=8)


def memory():
    folder = support.temp("demo-city")
    log = folder.with_suffix(".log")
    with open(log, "wb") as said:
        proc = subprocess.Popen([ROOT / "tools/up", "--data", folder, "--listen", "127.0.0.1:0"], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=said)
    try:
        ready = proc.stdout.readline().decode()
        if not ready.startswith("ready http://"):
            say(f"tools/up did not come up, so no memory: {log.read_text('utf-8', 'replace')[-1500:]}")
            return
        time.sleep(1)
        status = re.findall(r"^(VmRSS|RssAnon|RssFile):\s+(\d+) kB", Path(f"/proc/{proc.pid}/status").read_text(), re.M)
        got = {k: int(v) / 1024 for k, v in status}
        say(f"of it {got['RssAnon']:.0f} MiB its own, {got['RssFile']:.0f} MiB pages of files")
        line("e memory of the demo city", got["VmRSS"], "MiB", most=150)
    finally:
        if proc.poll() is None:
            os.kill(proc.pid, signal.SIGTERM)
        proc.wait()
        proc.stdout.close()


# ---- (g) a large import, and what others notice of it

ROWS = 200_000


def many_parts():
    """The county's parts, over and over, each time a little further on."""
    head, *rows = (support.demo() / support.JIXI / "parts.csv").read_text("utf-8").rstrip("\n").split("\n")
    out = [head]
    while len(out) <= ROWS:
        f = rows[(len(out) - 1) % len(rows)].split(",")
        n = len(out)
        f[0] = f"341824{f[2]}{n % 1_000_000:06}"
        f[3] = f"{float(f[3]) + n * 1e-8:.7f}"
        out.append(",".join(f))
    return ("\n".join(out) + "\n").encode()


def ask_until(client, paths, done, took):
    """One request after the other, and how long each took; a report among them now and then."""
    n = 0
    while not done.is_set():
        began = time.monotonic()
        if n % 10 == 9:
            answer = client.report(support.event(i=n))
        else:
            answer = client.get(paths[n % len(paths)])
        took.append(time.monotonic() - began)
        if answer.status not in (200, 201):
            raise RuntimeError(f"{answer}")
        n += 1
        time.sleep(0.002)


def imports(_short, _kept):
    """(g) 200,000 parts from the first byte sent to in force, and the other requests' p99 meanwhile."""
    server, took, text = filled(0), [], many_parts()
    try:
        server.start()
        admin = server.person(support.JIXI, "admin")
        case = server.person(support.JIXI, "c-001").report(support.event()).json["id"]
        paths = [f"/v1/341824/cases/{case}", "/v1/341824/locate?lon=118.59&lat=30.065", "/v1/341824/cases?limit=20"]
        for i in range(ROUNDS):
            done, times = threading.Event(), []
            askers = [threading.Thread(target=ask_until, args=(server.another(support.JIXI, "c-001"), paths, done, times),
                                       daemon=True) for _ in range(2)]
            for t in askers:
                t.start()
            began = time.monotonic()
            answer = admin.post("/v1/341824/import/parts", text + b"\n" * i, Content_Type="text/csv")
            took.append({"s": time.monotonic() - began})
            done.set()
            for t in askers:
                t.join()
            if answer.status != 201 or answer.json["edition"]["count"] != ROWS:
                raise RuntimeError(f"{answer}")
            times.sort()
            took[-1].update(p50=times[len(times) // 2] * 1000, p99=times[len(times) * 99 // 100] * 1000,
                            most=times[-1] * 1000)
            say(f"{took[-1]['s']:.2f} s, {len(times)} other requests, at most {took[-1]['most']:.1f} ms")
    finally:
        server.stop()
    line(f"g import of {ROWS:,} parts", median(took, "s"), "s", most=20)
    line("g other requests meanwhile, p50", median(took, "p50"), "ms")
    line("g other requests meanwhile, p99", median(took, "p99"), "ms", most=50)


# Newest first and oldest first: what is in a third of the cases, in one, in none; short; two words; two that never meet.
SEARCHES = {"common": "华阳镇", "one": "（第483920处", "absent": "无此词语", "serial": "000123", "number": "〔2026〕000106",
            "two characters": "井盖", "one character": "盖", "one, absent": "鑫", "two words": "龙川大道 占道经营",
            "never together": "占道经营 井盖缺失", "digits": "20 26", "near misses": "341826"}
PAGE = 100


def forget_pages(folder):
    """What the kernel holds of these files, as after the machine has started."""
    os.sync()
    for path in folder.rglob("*"):
        if path.is_file():
            fd = os.open(path, os.O_RDONLY)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(fd)


def took_ms(what):
    started = time.perf_counter()
    what()
    return (time.perf_counter() - started) * 1000


def get(who, path):
    answer = who.get(f"/v1/{support.JIXI}/{path}")
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer}")
    return answer.json


def copied(who):
    """All cases as rows for the peer, page by page."""
    n, cursor = 0, ""
    while cursor is not None:
        page = get(who, f"cases?limit=1000{'&cursor=' + cursor if cursor else ''}")
        for c in page["cases"]:
            n += 1
            text = " ".join(c[k] or "" for k in ("id", "number", "address", "description"))
            yield n, c["id"], c["state"], c["stage_due"] or c["due"] or c["opened"], text
        cursor = page["next"]


def desk(short, _):
    """(f) What a desk waits for: the start, a search, its tasks."""
    cases, left = (50_000, 5_000) if short else (1_000_000, 50_000)
    server, starts, peer = filled(cases, left=left), [], None
    for _ in range(ROUNDS):
        forget_pages(server.data)
        starts.append(took_ms(server.start))
        server.stop()
    line("f start, files not in memory", sorted(starts)[1] / 1000, "s", most=3)
    try:
        server.start()
        chief, dispatcher = (server.person(support.JIXI, who) for who in ("z-001", "p-001"))
        started = time.monotonic()
        while f'wangge_search_idle{{area="{support.JIXI}"}} 1' not in chief.get("/metrics").body.decode():
            time.sleep(0.2)
        say(f"the index has caught up after {time.monotonic() - started:.0f} s")
        peer = Sqlite(copied(chief))
        searches(chief, peer)
        rounds = [(took_ms(lambda: get(dispatcher, f"tasks?limit={PAGE}")), took_ms(lambda: peer.tasks("filed", PAGE)))
                  for _ in range(3 * ROUNDS)]
        x, y = (sorted(r[i] for r in rounds)[len(rounds) // 2] for i in (0, 1))
        waits = sum(get(dispatcher, "tasks?limit=1")["counts"].values())
        line(f"f tasks: the first of {waits}", x, "ms", peer=y, ratio=x / y, most=20, own=True)
        index = county(server) / "search/data.mdb"
        line("f index, of a case", index.stat().st_blocks * 512 / cases, "bytes")
    finally:
        if peer:
            peer.stop()
        server.stop()


def searches(who, peer):
    """The slower of both orders is what counts."""
    for what, q in SEARCHES.items():
        worst = (0, 0)
        for down in (True, False):
            path = f"cases?limit={PAGE}&sort={'-' if down else ''}opened&q={quote(q)}"
            ours, theirs = get(who, path)["cases"], peer.search(q, down, PAGE)
            if [c["id"] for c in ours] != [row[1] for row in theirs]:
                raise RuntimeError(f"{q}: {len(ours)} and {len(theirs)} cases")
            rounds = [(took_ms(lambda: get(who, path)), took_ms(lambda: peer.search(q, down, PAGE))) for _ in range(ROUNDS)]
            worst = max(worst, tuple(sorted(r[i] for r in rounds)[ROUNDS // 2] for i in (0, 1)))
        line(f"f search: {what}", worst[0], "ms", peer=worst[1], ratio=worst[0] / worst[1], most=50, own=True)


def complete(_short, _kept):
    """(h) Is somebody responsible, everywhere and all year: a large county's areas, made up."""
    rounds = [fields(subprocess.run([common.BUILD / "tests/bench_complete"], capture_output=True, text=True, check=True).stdout)
              for _ in range(ROUNDS)]
    line("h completeness of responsibility", median(rounds, "seconds"), "s", most=10)
    line("h class x grid x span, part x span", median(rounds, "checked") / median(rounds, "seconds"), "/s")


# ---- (i) rules that change under load

RATE = 2000       # requests a second
WARM = 100        # swaps that do not count for memory


def request(who, method, path, body=None):
    """A whole request, as bench_steady sends it."""
    body = json.dumps(body, ensure_ascii=False).encode() if body else b""
    head = f"{method} /v1/{support.JIXI}/{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {who.token}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def mixture(server, folder, cases=400):
    """Of twenty requests eight read a case, four locate, four are tasks, three reports, one asks for the rules."""
    chief, dispatcher, collector = (server.person(support.JIXI, who) for who in ("z-001", "p-001", "c-001"))
    out = []
    for i in range(cases):
        out += [request(chief, "GET", f"cases/{support.JIXI}-{year()}-{(i * 7919 + k) % cases + 1:06}") for k in range(8)]
        out += [request(chief, "GET", f"locate?lon=118.{5880 + (i * 4 + k) % 100}&lat=30.{620 + i % 60:04}") for k in range(4)]
        out += [request(dispatcher, "GET", "tasks?limit=20") for _ in range(4)]
        out += [request(collector, "POST", "cases", support.event(i=i * 3 + k)) for k in range(3)]
        out += [request(chief, "GET", "rules")]
    out = [out[i * 7 % 20 + i // 20 * 20] for i in range(len(out))][:4000]  # not one kind after the other
    path = folder / "requests"
    path.write_bytes(b"".join(b"%d\n%s" % (len(r), r) for r in out))
    return path


def steady(port, seconds, path):
    """The generator; wait for it with .result()."""
    words = [common.BUILD / "tests/bench_steady", port, RATE, seconds, common.CONNECTIONS, path]
    return subprocess.Popen([str(w) for w in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def result(proc):
    said, complaint = proc.communicate()
    if proc.returncode:
        raise RuntimeError(f"bench_steady: {complaint}")
    if complaint:
        say(complaint)
    got = fields(said)
    say(f"{got['requests'] / got['us'] * 1e6:.0f}/s, p50 {got['p50_us']:.0f} us, p99 {got['p99_us']:.0f} us, at most {got['most_us']:.0f} us")
    return got


def own_mib(server):
    status = Path(f"/proc/{server.proc.pid}/status").read_text()
    return int(re.search(r"^RssAnon:\s+(\d+) kB", status, re.M)[1]) / 1024


def swap(server, drafts, count, each_s):
    """So many releases of two drafts in turn, one every so many seconds; how long each took, in ms."""
    who, took = server.another(support.JIXI, "h-001"), []
    for i in range(count):
        began = time.monotonic()
        answer = who.post(f"/v1/{support.JIXI}/rules/{drafts[i % 2]}/approve")
        if answer.status != 200:
            raise RuntimeError(f"{answer}")
        took.append((time.monotonic() - began) * 1000)
        time.sleep(max(0, began + each_s - time.monotonic()))
    return took


def draft(server, milli):
    """The county's rules with another limit, as a draft: its hash, and how long its steps took."""
    began = time.monotonic()
    answer = server.person(support.JIXI, "g-001").post(f"/v1/{support.JIXI}/rules", support.rules_tar(support.tighter(milli)))
    if answer.status != 201:
        raise RuntimeError(f"{answer}")
    return answer.json["hash"], {"all": (time.monotonic() - began) * 1000, **{s["step"]: s["ms"] for s in answer.json["steps"]}}


def swaps(short, _):
    """(i) Requests at a steady rate while the county's rules are swapped, over and over."""
    count, rounds = (60, 3) if short else (200, 5)  # swaps of a round
    each_s = 0.05
    seconds, server, without, within, took, grown = int(count * each_s) + 1, filled(400), [], [], [], {"load": 0, "swaps": 0}
    try:
        server.start()
        made = [draft(server, milli) for milli in (1500, 1300, 1400, 1600, 1700)]
        drafts = [made[0][0], made[1][0]]
        path = mixture(server, server.folder)
        loaded = steady(server.port, int(WARM * each_s) + 1, path)
        swap(server, drafts, WARM, each_s)
        result(loaded)
        before = mib = own_mib(server)
        for i in range(rounds):
            without.append(result(steady(server.port, seconds, path)))
            grown["load"] -= mib - (mib := own_mib(server))
            loaded = steady(server.port, seconds, path)
            took += swap(server, drafts, count, each_s)
            within.append(result(loaded))
            grown["swaps"] -= mib - (mib := own_mib(server))
            if i == 0:  # the first round fills what is then used again: only what comes after is growth
                grown, before = {"load": 0, "swaps": 0}, mib
        say(f"memory of its own: {before:.1f} MiB before, {mib:.1f} MiB after; rounds without swaps {grown['load']:+.1f}, "
            f"with them {grown['swaps']:+.1f}")
        idle = own_mib(server)
        swap(server, drafts, rounds * count, 0)
        idle = own_mib(server) / idle
        check_swaps(server, drafts, WARM + 2 * len(took))
        said = server.client().get("/metrics").body.decode()
        states = [int(n) / 1024 for n in re.findall(r"wangge_rules_bytes{.*?} (\d+)", said)]
    finally:
        server.stop()
    took.sort()
    line("i failed requests while rules change", sum(r["wrong"] + r["broken"] for r in within + without), "", most=0)
    for p in ("p50", "p99"):
        x, y = median(within, p + "_us") / 1000, median(without, p + "_us") / 1000
        line(f"i {p} at {RATE}/s, {len(took)} swaps", x, "ms")
        line(f"i {p} without swaps", y, "ms")
        line(f"i {p} that swaps add", max(0, x - y), "ms", most=5 if p == "p99" else None)
    line("i one swap, asked for to answered, p50", took[len(took) // 2], "ms")
    line("i memory: what swaps add under load, after the first round", max(0, 100 * (grown["swaps"] - grown["load"]) / before), "%", most=5)
    line(f"i memory: {len(took)} swaps without load", max(0, 100 * (idle - 1)), "%", most=5)
    line("i memory: the Lua state of a county, largest", max(states), "KiB", most=8192)
    for step in made[0][1]:
        line(f"i a draft: {step if step != 'all' else 'sent to checked'}", median([m[1] for m in made], step), "ms")


def check_swaps(server, drafts, count):
    """All of them have happened, and the last one is in force."""
    chief = server.person(support.JIXI, "g-001")
    chief.close()
    now = get(chief, "rules")
    if now["hash"] != drafts[1] or now["in_force"]["n"] != count + 1:
        raise RuntimeError(f"{now} after {count} swaps")


def backtests(short, _):
    """(j) Every decision of a county's journal again, by the same rules: no difference may come of it."""
    cases = 5_000 if short else 100_000
    server = filled(cases, closed=True)
    rounds = [fields(program("backtest", server)) for _ in range(1 if short else ROUNDS)]
    line(f"j back-test of {rounds[0]['decisions']:,.0f} decisions", median(rounds, "seconds"), "s")
    line("j back-test, for 1,000,000 decisions", 1e6 / median(rounds, "decisions_per_s"), "s", most=30)
    line("j what the same rules decide otherwise", max(r["differ"] for r in rounds), "", most=0)


ALL = {"a": transitions, "b": reads, "c": rules, "d": replay, "e": sizes, "f": desk, "g": imports, "h": complete,
       "i": swaps, "j": backtests, "k": maps}
