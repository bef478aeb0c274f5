#!/usr/bin/env python3
"""Kill the server while rules are on their way into force: exactly one set of them is in force, and the journal says which.

release.py [--rounds N] [--seed S]. Each round: drafts, approvals, ways back and releases of the city in random order,
waited for or not, while another reports cases; kill -9 at a random moment. Then: what was acknowledged is in force, or
what was asked for after it; GET rules, the last of the releases and the journal's last word agree; each release names the
one before; a draft that was cut off can be sent again; a case is reported, accepted and filed by what is in force. Every
fifth round and at the end the audit decides all again.
"""
import json
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.append(str(Path(__file__).resolve().parents[1]))
import journal
import rounds
from support import CITY, JIXI, WANGGE, city, event, tighter
from support import rules_folder as folder, rules_tar as tar

STEPS = ["shape", "lint", "tests", "guard", "complete", "backtest"]


def of_city(n):
    files = {f"{CITY}/{name}": text for name, text in folder(CITY).items()}
    files[f"{CITY}/rules.lua"] += f"\n-- {n}\n"
    return files


class Rules(journal.Reader):
    """What a journal says of rules: releases as they came into force, the states that drafts went through."""

    def __init__(self, folder):
        super().__init__(folder)
        self.releases, self.drafts = [], {}

    def _take(self, frame):
        super()._take(frame)
        for e in frame.entries:
            for o in e["out"]:
                if o.get("k") == "keep" and o["kind"] == "rules":
                    self.releases.append(o["value"])
                if o.get("k") == "keep" and o["kind"] == "draft":
                    self.drafts.setdefault(o["id"], []).append(o["value"])


class Gone(Exception):
    """The server was killed meanwhile."""


class Author(threading.Thread):
    """Sends what changes rules, in random order, until the server is gone."""

    def __init__(self, crash):
        super().__init__(daemon=True)
        self.crash, self.rng, self.failed = crash, random.Random(crash.rng.getrandbits(32)), None
        self.who = {(a, u): crash.server.another(a, u) for a in (JIXI, CITY) for u in ("g-001", "h-001")}
        self.told = {JIXI: [], CITY: []}    # (n, hash): acknowledged as in force
        self.asked = {JIXI: set(), CITY: set()}  # hashes that somebody wanted in force; None: one of before
        self.checked = []                   # drafts acknowledged as checked

    def send(self, area, user, path, body=None):
        """The answer, or None where it was not waited for. A refusal is an answer."""
        later = self.rng.random() < 0.5
        try:
            a = self.who[area, user].post(f"/v1/{area}/rules{path}", body, **({"Prefer": "respond-async"} if later else {}))
            if a.status == 202:
                time.sleep(self.rng.uniform(0, 0.6))
                if self.rng.random() < 0.5:
                    return None
                job = self.who[area, user].get(a.json["url"]).json
                job = job.get("job", job)
                return job["result"] if job["state"] == "done" else None
        except Exception as e:
            if self.crash.killed:
                raise Gone from e
            raise
        if a.status not in (200, 201, 409):
            raise AssertionError(f"{area} {path}: {a}")
        return a.json if a.status != 409 else None

    def draft(self, area, body):
        a = self.send(area, "g-001", "", body)
        if a and area == JIXI:
            self.checked.append(a["hash"])
            self.crash.ready.append(a["hash"])
        return a and a["hash"]

    def approve(self, area, hash):
        self.asked[area].add(hash)
        self.released(area, self.send(area, "h-001", f"/{hash}/approve"))

    def rollback(self, area):
        self.asked[area].add(None)
        self.released(area, self.send(area, "g-001", "/rollback"))

    def released(self, area, answer):
        if answer:
            self.told[area].append((answer["in_force"]["n"], answer["rules"]))

    def one(self):
        what = self.rng.random()
        if what < 0.07:
            hash = self.draft(CITY, tar(of_city(self.rng.randrange(10 ** 6)), CITY))
            if hash:
                self.approve(CITY, hash)
        elif what < 0.1:
            self.rollback(CITY)
        elif what < 0.35:
            self.rollback(JIXI)
        elif what < 0.65 and self.crash.ready:  # refused, where the city's rules have changed since
            self.approve(JIXI, self.rng.choice(self.crash.ready[-6:]))
        else:
            hash = self.draft(JIXI, tar(tighter(self.rng.randrange(1001, 1990))))
            if hash and self.rng.random() < 0.8:
                self.approve(JIXI, hash)

    def run(self):
        try:
            while True:
                self.one()
        except Gone:
            pass
        except Exception as e:  # told by the main thread
            self.failed = e


class Reports(threading.Thread):
    """A light load: cases, each filed by whatever is in force."""

    def __init__(self, crash):
        super().__init__(daemon=True)
        self.crash, self.failed, self.cases = crash, None, []
        self.who = {u: crash.server.another(JIXI, u) for u in ("c-001", "a-001", "z-001")}

    def run(self):
        try:
            for i in range(10 ** 6):
                self.cases.append(filed(self.who, i))
                time.sleep(0.01)
        except Exception as e:
            if not self.crash.killed:
                self.failed = e


def must(a):
    if a.status not in (200, 201):
        raise AssertionError(f"{a}")
    return a.json


def filed(who, i):
    case = must(who["c-001"].report(event(i=i)))["id"]
    must(who["a-001"].act(case, "accept", {}))
    must(who["z-001"].act(case, "file", {"condition": "1"}))
    return case


class Crash:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.server = city("release")
        self.round, self.killed, self.ready = 0, False, []  # ready: drafts that may be approved
        self.journals = {a: Rules(self.server.data / a) for a in (JIXI, CITY)}
        self.counts = {"releases acknowledged": 0, "in force that nobody had been told of": 0, "drafts checked": 0,
                       "drafts cut off": 0, "cases filed meanwhile": 0}

    # ---- a round ----

    def load(self):
        self.killed = False
        for a in (JIXI, CITY):
            for u in ("g-001", "h-001"):
                self.server.person(a, u)
        for u in ("c-001", "a-001", "z-001"):
            self.server.person(JIXI, u)
        author, reports = Author(self), Reports(self)
        author.start()
        reports.start()
        time.sleep(self.rng.uniform(0.05, 1.2))
        self.killed = True
        self.server.kill()
        for w in (author, reports):
            w.join(30)
            if w.failed:
                raise w.failed
        self.counts["cases filed meanwhile"] += len(reports.cases)
        return author, reports

    def check_journal(self, area, author, before):
        """While it is down: releases follow each other, and what was acknowledged stands at its number."""
        j = self.journals[area].catch_up()
        for i, r in enumerate(j.releases):
            last = j.releases[i - 1]["rev"] if i else ""
            if (r["n"], r["before"] or "") != (i + 1, last) or r["rev"] == last:
                raise AssertionError(f"{area}: release {i + 1} is {r}, after {last}")
        for n, hash in author.told[area]:
            if len(j.releases) < n or j.releases[n - 1]["rev"] != hash:
                raise AssertionError(f"{area}: release {n} was acknowledged as {hash}: {j.releases[n - 1:]}")
        told = {n for n, _ in author.told[area]}
        for r in j.releases[before:]:
            back = "same_as" in r
            if (None if back else r["rev"]) not in author.asked[area]:
                raise AssertionError(f"{area}: nobody asked for {r}")
            if back and j.releases[r["same_as"] - 1]["rev"] != r["rev"]:
                raise AssertionError(f"{area}: {r} says it is {j.releases[r['same_as'] - 1]}")
            self.counts["in force that nobody had been told of"] += r["n"] not in told
        self.counts["releases acknowledged"] += len(told)

    def check_drafts(self, author):
        """Each step of each draft is an entry: of the steps done, the record never has fewer than the one before."""
        for j in self.journals.values():
            for hash, records in j.drafts.items():
                done = 0
                for r in records:
                    steps = [s["step"] for s in r["steps"]]
                    if steps != STEPS[:len(steps)] or (len(steps) not in (0, done + 1) and r["state"] != "released"):
                        raise AssertionError(f"{hash}: {steps} after {done} of them")
                    done = len(steps)
        known = {h: r[-1] for j in self.journals.values() for h, r in j.drafts.items()}
        for hash in author.checked:
            if hash not in known:
                raise AssertionError(f"{hash} was acknowledged and is not in the journal")
        self.counts["drafts checked"] += len(author.checked)

    def check_server(self):
        """While it is up again: one answer to what is in force, whoever is asked."""
        for area in (JIXI, CITY):
            want = self.journals[area].releases[-1]
            who = self.server.person(area, "g-001")
            now = must(who.get(f"/v1/{area}/rules"))
            releases = must(who.get(f"/v1/{area}/rules/releases"))["releases"]
            if (now["hash"], now["rules"], now["in_force"]["rev"], now["in_force"]["n"]) != (want["rev"],) * 3 + (want["n"],):
                raise AssertionError(f"{area}: in force {now}, the journal says {want}")
            if releases[-1] != now["in_force"] or len(releases) != want["n"]:
                raise AssertionError(f"{area}: the last release is {releases[-1]}, in force {now['in_force']}")
            files = must(who.get(f"/v1/{area}/rules/{now['hash']}/files"))
            if not any(name == f"{area}/rules.lua" for name, _ in files["files"]):
                raise AssertionError(f"{area}: {now['hash']} has no rules.lua")
        case = filed({u: self.server.person(JIXI, u) for u in ("c-001", "a-001", "z-001")}, self.round)
        got = must(self.server.person(JIXI, "z-001").case(case))
        if got["rules"] != self.journals[JIXI].releases[-1]["rev"]:
            raise AssertionError(f"{case} was filed by {got['rules']}")

    def send_again(self):
        """A draft that a kill cut off says so, can't be approved, and goes through when it is sent again."""
        drafts = must(self.server.person(JIXI, "g-001").get(f"/v1/{JIXI}/rules/drafts"))["drafts"]
        cut = [d for d in drafts if d["state"] == "checking"]
        self.counts["drafts cut off"] = max(len(cut), self.counts["drafts cut off"])
        if not cut:
            return
        d = self.rng.choice(cut)
        a = self.server.person(JIXI, "h-001").post(f"/v1/{JIXI}/rules/{d['rev']}/approve")
        if a.status != 409:
            raise AssertionError(f"a draft that is not checked: {a}")
        files = must(self.server.person(JIXI, "g-001").get(f"/v1/{JIXI}/rules/{d['rev']}/files"))["files"]
        own = {name: text for name, text in files if name.startswith(JIXI + "/")}
        a = must(self.server.person(JIXI, "g-001").post(f"/v1/{JIXI}/rules", tar(own)))
        base = must(self.server.person(CITY, "g-001").get(f"/v1/{CITY}/rules"))["hash"]
        self.ready.append(a["hash"])
        if a["state"] != "checked" or (d["base"] == base) != (a["hash"] == d["rev"]):
            raise AssertionError(f"{d} sent again: {a}")

    def audit(self):
        done = subprocess.run([WANGGE, "replay", "--audit", "-c", self.server.file], capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"replay --audit: {done.stdout}{done.stderr}")
        return done.stdout

    def run(self, n):
        for self.round in range(1, n + 1):
            self.server.start()
            before = {a: len(j.catch_up().releases) for a, j in self.journals.items()}
            author, reports = self.load()
            for area in (JIXI, CITY):
                self.check_journal(area, author, before[area])
            self.check_drafts(author)
            if self.round % 5 == 0:
                self.audit()
            self.server.start()
            self.check_server()
            self.send_again()
            for case in self.rng.sample(reports.cases, min(5, len(reports.cases))):
                must(self.server.person(JIXI, "z-001").case(case, "/explain"))
            if self.server.stop() != 0:
                raise AssertionError(f"the server did not end well: {self.server.said()[-2000:]}")
        return self.audit()


if __name__ == "__main__":
    sys.exit(rounds.main(__doc__, Crash, 40))
