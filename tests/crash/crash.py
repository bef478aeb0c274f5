#!/usr/bin/env python3
"""Kill the server under load, cut the power in thought, start it again, and count what it had promised.

crash.py [--rounds N] [--seed S]. Each round: clients report and step, make parts of the map and change them, with keys of their own;
kill -9 at a random moment; perhaps the views go back to an earlier copy or lose their marks, the end of the journal is torn, a frame
that nobody was told of is cut. Then: all that was acknowledged is there, nothing is there twice, a repeated key gives
the same case or part; every tenth round and at the end the audit decides all again and the views are folded anew and compared.
"""
import json
import random
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
import journal
import rounds
from support import JIXI, LANGXI, STEPS, WANGGE, city, event, temp

WORKERS = [JIXI, JIXI, JIXI, LANGXI]
STATES = ["reported", "accepted", "filed", "dispatched", "disposing", "disposed", "checking", "checked", "closed"]
COPIES = 4


class Case:
    """One case as its only client knows it: steps taken, perhaps one more."""

    def __init__(self, area, case):
        self.area, self.id, self.steps = area, case, 0


class Command:
    """One request, and what came of it; answer None: nobody knows."""

    def __init__(self, area, user, key, path, body, case):
        self.area, self.user, self.key, self.path, self.body, self.case = area, user, key, path, body, case
        self.id = self.version = None

    def send(self, client):
        a = client.post(self.path, self.body, Idempotency_Key=self.key, Content_Type="application/json")
        if a.status not in (200, 201):
            raise AssertionError(f"{self.user} {self.path} {self.key}: {a}")
        return a.json

    def settle(self, answer):
        """It was acknowledged. A known one must be answered alike."""
        if self.id not in (None, answer["id"]) or (self.version or 0) > answer["version"]:
            raise AssertionError(f"{self.key}: was {self.id} version {self.version}, now {answer}")
        if self.id is None:
            self.id, self.version = answer["id"], answer["version"]
            if self.case is None:
                self.case = Case(self.area, self.id)
                return self.case
            self.case.steps += 1
        return None


class Part:
    """One part as its only editor knows it."""

    def __init__(self, area, part, rev):
        self.area, self.id, self.rev = area, part, rev


class Edit:
    """One part made, or given another revision; as Command."""

    def __init__(self, area, key, rev, lon, part=None):
        self.area, self.user, self.key, self.rev, self.lon, self.part = area, "admin", key, rev, lon, part
        self.id = self.case = None
        self.fresh = part is None

    def send(self, client):
        path, body = f"/ogc/{self.area}/collections/parts/items", {"properties": {"rev": self.rev}}
        if self.fresh:
            body |= {"type": "Feature", "geometry": {"type": "Point", "coordinates": [self.lon, 30.07]}}
            body["properties"]["category"] = "0103"
        a = client.ask("POST" if self.fresh else "PATCH", path if self.fresh else f"{path}/{self.part.id}", json.dumps(body).encode(),
                       Idempotency_Key=self.key, Content_Type=f"application/{'geo' if self.fresh else 'merge-patch'}+json")
        if a.status != (201 if self.fresh else 204):
            raise AssertionError(f"{path} {self.key}: {a}")
        return a.headers["location"].rsplit("/", 1)[1] if self.fresh else self.part.id

    def settle(self, answer):
        if self.id not in (None, answer):
            raise AssertionError(f"{self.key}: was {self.id}, now {answer}")
        if self.id is None:
            self.id = answer
            if self.part is None:
                self.part = Part(self.area, answer, self.rev)
                return self.part
            self.part.rev = self.rev
        return None


class Worker(threading.Thread):
    """One client: reports, and takes its own cases further, until the server is gone."""

    def __init__(self, crash, number):
        super().__init__(daemon=True)
        self.crash, self.number, self.area = crash, number, WORKERS[number]
        self.rng = random.Random(crash.rng.getrandbits(32))
        self.clients, self.sent, self.failed = {}, [], None

    def client(self, user):
        if user not in self.clients:
            self.clients[user] = self.crash.server.another(self.area, user)
        return self.clients[user]

    def next_command(self, i):
        key = f"r{self.crash.round}-w{self.number}-{i}"
        if self.rng.random() < 0.2:
            parts = self.crash.parts[self.number][-10:]
            part = self.rng.choice(parts) if parts and self.rng.random() < 0.6 else None
            return Edit(self.area, key, self.crash.round * 100000 + i, 118.5 + self.rng.randrange(1000) / 1e4, part)
        mine = [c for c in self.crash.cases[self.number][-40:] if c.steps < len(STEPS)]
        if mine and self.rng.random() < 0.6:
            case = self.rng.choice(mine)
            action, user, body = STEPS[case.steps]
            return Command(self.area, user, key, f"/v1/{self.area}/cases/{case.id}/{action}", json.dumps(body).encode(), case)
        body, user = event(self.area, self.rng.randrange(1000)), self.rng.choice(["c-001", "c-002"])
        if self.rng.random() < 0.3:
            body |= {"source": "hotline", "caller": {"name": f"某{i}", "phone": f"139{self.rng.randrange(10 ** 8):08}"}}
            user = "a-001"
        return Command(self.area, user, key, f"/v1/{self.area}/cases", json.dumps(body).encode(), None)

    def run(self):
        try:
            for i in range(100000):
                command = self.next_command(i)
                self.sent.append(command)
                try:
                    answer = command.send(self.client(command.user))
                except (OSError, EOFError, subprocess.SubprocessError):
                    return
                except Exception as e:
                    if isinstance(e, AssertionError) or not self.crash.killed:
                        raise
                    return  # half an answer
                made = command.settle(answer)
                if made:
                    self.crash.keep(self.number, made)
        except Exception as e:  # told by the main thread
            self.failed = e


class Crash:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.server = city("crash", plugins=["spatial"])
        self.areas = [JIXI, LANGXI]
        self.round, self.killed = 0, False
        self.cases = [[] for _ in WORKERS]
        self.parts = [[] for _ in WORKERS]
        self.readers = {a: journal.Reader(self.folder(a)) for a in self.areas}
        self.copies = {a: [] for a in self.areas}  # (last entry, folder)
        self.acknowledged, self.asked_again = {}, []
        self.counts = {"acknowledged": 0, "of these edits": 0, "open": 0, "open that had happened": 0, "cut": 0, "torn": 0, "views back": 0,
                       "views lost": 0}

    def keep(self, number, made):
        (self.parts if isinstance(made, Part) else self.cases)[number].append(made)

    def folder(self, area):
        return self.server.data / area

    # ---- a round ----

    def load(self):
        """Clients at work until the server is killed; what they sent."""
        self.killed = False
        for area, user in {(a, u) for a in self.areas for u in ("c-001", "c-002", "a-001", "z-001", "p-001", "u-hw-1", "admin")}:
            self.server.person(area, user)
        workers = [Worker(self, i) for i in range(len(WORKERS))]
        for w in workers:
            w.start()
        time.sleep(self.rng.uniform(0.02, 0.5))
        self.killed = True
        self.server.kill()
        for w in workers:
            w.join(30)
            if w.failed:
                raise w.failed
        return [c for w in workers for c in w.sent]

    def check_journal(self, sent):
        """While it is down: each acknowledged key stands in the journal, once."""
        for area in self.areas:
            known = self.readers[area].catch_up().by_key
            lost = [c.key for c in sent if c.area == area and c.id and (c.user, c.key) not in known]
            if lost:
                raise AssertionError(f"{area}: acknowledged, and not in the journal: {lost[:5]} and {len(lost)} in all")

    def check_server(self, sent):
        """While it is up: what is open gets decided, what was acknowledged is answered alike."""
        for c in sent:
            if c.id is None:
                self.counts["open"] += 1
                self.counts["open that had happened"] += (c.user, c.key) in self.readers[c.area].by_key
                made = c.settle(c.send(self.server.person(c.area, c.user)))
                if made:
                    self.keep(WORKERS.index(c.area), made)
        told = [c for c in sent if c.id]
        for c in self.rng.sample(told, min(len(told), 120)):
            c.settle(c.send(self.server.person(c.area, c.user)))
        for part in {c.part for c in told if isinstance(c, Edit)}:
            a = self.server.person(part.area, "admin").get(f"/ogc/{part.area}/collections/parts/items/{part.id}")
            if a.status != 200 or a.json["properties"].get("rev") != part.rev:
                raise AssertionError(f"part {part.id}, which is at {part.rev}: {a}")
        told = [c for c in told if isinstance(c, Command)]
        for case in {c.case for c in self.rng.sample(told, min(len(told), 25))}:
            story = self.server.person(case.area, "z-001").case(case.id, "/history").json
            want = ["report"] + [s[0] for s in STEPS[:case.steps]]
            now = self.server.person(case.area, "z-001").case(case.id).json
            if [e["action"] for e in story] != want or now["state"] != STATES[case.steps]:
                raise AssertionError(f"{case.id}: {now['state']} by {[e['action'] for e in story]}, should be {want}")

    # ---- what a power cut may do ----

    def cut_power(self, area, sent):
        """Harm that must heal: never a frame of which anyone was told."""
        folder, reader = self.folder(area), self.readers[area]
        back = self.rng.random() < 0.5
        # also what was told of before the load began, when the last round's open ones were asked again
        told = {(c.user, c.key) for c in sent + self.asked_again if c.id}
        last = reader.last
        mine = last and last.entries and all("key" in e and (e["by"], e["key"]) not in told for e in last.entries)
        if mine and self.rng.random() < 0.7:
            journal.cut(last, self.rng.randrange(last.at, last.end))
            reader.forget(last)
            self.counts["cut"] += 1
            back = True  # the views must not know of it
        elif self.rng.random() < 0.4 and reader.path:
            journal.tear(reader.path, reader.at, self.rng)
            self.counts["torn"] += 1
        old = [copy for n, copy in self.copies[area] if n <= reader.n]
        if back and old and self.rng.random() < 0.7:
            journal.replace(folder, "views", self.rng.choice(old))
            self.counts["views back"] += 1
        elif back:
            self.lose_views(folder / "views")
            self.counts["views lost"] += 1

    def lose_views(self, views):
        """Pages that can't be trusted: another boot, no clean mark, perhaps rubbish in them, perhaps nothing at all."""
        kind = self.rng.randrange(3)
        (views / "clean").unlink(True)
        if kind == 0:
            shutil.rmtree(views)
            return
        (views / "boot").write_text("another boot\n" if kind == 1 else "")
        with open(views / "data.mdb", "r+b") as f:
            for _ in range(20):
                f.seek(self.rng.randrange(0, 4096 * 200))
                f.write(self.rng.randbytes(512))

    def keep_copy(self, area):
        """Views as they are now, with what they may know."""
        if self.rng.random() < 0.4 and (self.folder(area) / "views").is_dir():
            copy = temp("views")
            shutil.copytree(self.folder(area) / "views", copy)
            self.copies[area].append((self.readers[area].n, copy))
            for _, old in self.copies[area][:-COPIES]:
                shutil.rmtree(old, True)
            self.copies[area] = self.copies[area][-COPIES:]

    # ---- the end ----

    def replay(self):
        """Stopped: every decision again, every view again."""
        for what in ("--audit", "--rebuild"):
            done = subprocess.run([WANGGE, "replay", what, "-c", self.server.file], capture_output=True, text=True)
            if done.returncode != 0:
                raise AssertionError(f"replay {what}: {done.stdout}{done.stderr}")
        return done.stdout

    def run(self, n):
        sent = []
        for self.round in range(1, n + 1):
            self.server.start()
            self.check_server(sent)
            self.asked_again, sent = sent, self.load()
            self.counts["acknowledged"] += sum(c.id is not None for c in sent)
            self.counts["of these edits"] += sum(c.id is not None and isinstance(c, Edit) for c in sent)
            self.check_journal(sent + self.asked_again)
            for area in self.areas:
                self.keep_copy(area)
                self.cut_power(area, sent)
            if self.round % 10 == 0:
                self.replay()
        self.server.start()
        self.check_server(sent)
        if self.server.stop() != 0:
            raise AssertionError(f"the server did not end well: {self.server.said()[-2000:]}")
        self.check_journal(sent)
        return self.replay()


if __name__ == "__main__":
    sys.exit(rounds.main(__doc__, Crash, 20))
