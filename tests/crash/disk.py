#!/usr/bin/env python3
"""A disk that is full, and one that fails at the worst moment: what was acknowledged stays, what was not is told."""
import ctypes
import json
import os
import shutil
import subprocess
import sys
import threading
import unittest
from pathlib import Path

sys.path += [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[1] / "http")]
import journal
import test_plugin
from support import BUILD, JIXI, LANGXI, STEPS, WANGGE, CityTest, Server, city, event, jpeg, temp, template, wait_until

LONG = "长" * 1300


def audit(test, server):
    """Stopped: every decision and every view again."""
    for what in ("--audit", "--rebuild"):
        done = subprocess.run([WANGGE, "replay", what, "-c", server.file], capture_output=True, text=True)
        test.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class Small(CityTest):
    """The data lies on a small file system of its own."""

    plugins = []

    @classmethod
    def setUpClass(cls):
        folder = temp("small")
        (folder / "data").mkdir(parents=True)
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mount(b"tmpfs", bytes(folder / "data"), b"tmpfs", 0, b"size=96m") != 0:
            why = os.strerror(ctypes.get_errno())
            print(f"SKIP a full disk: a tmpfs can't be mounted here: {why}", file=sys.stderr, flush=True)
            raise unittest.SkipTest(f"a tmpfs can't be mounted: {why}")
        cls.addClassCleanup(libc.umount2, bytes(folder / "data"), 2)
        shutil.copytree(template(), folder / "data", dirs_exist_ok=True)
        cls.server = Server(folder, plugins=cls.plugins)
        cls.server.start()

    def setUp(self):
        self.filler = self.server.data / "filler"
        self.addCleanup(self.filler.unlink, True)

    def fill(self):
        with open(self.filler, "ab", buffering=0) as f:
            try:
                while f.write(bytes(1 << 20)) == 1 << 20:
                    pass
                while f.write(bytes(4096)) == 4096:
                    pass
            except OSError:
                pass

    def until_full(self, tag, user="c-001", area=JIXI, **more):
        """Report until there is no room; the acknowledged, by key, and the key that was refused."""
        told = {}
        for i in range(6000):
            key = f"{tag}-{i}"
            a = self.who(user, area).report(event(area, i, description=LONG, **more), Idempotency_Key=key)
            if a.status == 507:
                self.is_status(a, 507)
                return told, key, i
            told[key] = self.is_status(a, 201).json["id"]
        self.fail("the disk never was full")

    def all_there(self, told, tag, user="c-001", area=JIXI, **more):
        for key, case in list(told.items())[-50:]:
            i = int(key.rsplit("-", 1)[1])
            a = self.who(user, area).report(event(area, i, description=LONG, **more), Idempotency_Key=key)
            self.assertEqual(self.is_status(a, 201).json["id"], case)


class Full(Small):
    def test_reads_go_on_while_writes_say_507_and_nothing_is_lost(self):
        self.fill()
        told, refused, i = self.until_full("full")
        before = self.who("s-001").get(f"/v1/{JIXI}/status").json
        case = next(iter(told.values()), None) or self.who("z-001").get(f"/v1/{JIXI}/cases").json["cases"][0]["id"]
        for _ in range(3):
            self.is_status(self.who("c-001").report(event(i=i, description=LONG), Idempotency_Key=refused), 507)
            self.is_status(self.who("z-001").case(case), 200)
            self.is_status(self.who("z-001").get(f"/v1/{JIXI}/cases?limit=10"), 200)
            self.is_status(self.who("z-001").case(case, "/history"), 200)
        self.is_status(self.server.sign_in(JIXI, "l-001"), 201)
        after = self.who("s-001").get(f"/v1/{JIXI}/status").json
        self.assertEqual((after["entries"], after["writable"]), (before["entries"], True))
        self.filler.unlink()
        made = self.is_status(self.who("c-001").report(event(i=i, description=LONG), Idempotency_Key=refused), 201).json
        self.assertNotIn(made["id"], told.values())
        self.all_there(told, "full")
        self.is_status(self.who("a-001").act(made["id"], "accept"), 200)

    def test_a_photo_and_an_import_that_do_not_fit_are_refused(self):
        self.fill()
        for a in (self.who("c-001").ask("PUT", f"/v1/{JIXI}/blobs", jpeg(size=1 << 20)),
                  self.who("admin").post(f"/v1/{JIXI}/import/parts", b"x" * (1 << 20), Content_Type="text/csv")):
            self.is_status(a, 507)
        self.filler.unlink()
        self.is_status(self.who("c-001").ask("PUT", f"/v1/{JIXI}/blobs", jpeg(size=1 << 20)), 201)

    def test_citizens_words_that_do_not_fit_leave_no_case(self):
        self.fill()
        more = {"source": "hotline", "caller": {"name": "某人", "phone": "13900000000"}}
        told, refused, i = self.until_full("words", "a-001", LANGXI, **more)
        self.filler.unlink()
        cases = self.who("z-001", LANGXI).get(f"/v1/{LANGXI}/cases?limit=1000&source=hotline").json["cases"]
        self.assertEqual(sorted(told.values())[-900:], [c["id"] for c in cases][-900:])
        a = self.who("a-001", LANGXI).report(event(LANGXI, i, description=LONG, **more), Idempotency_Key=refused)
        self.is_status(a, 201)
        self.all_there(told, "words", "a-001", LANGXI, **more)

    def test_a_kill_on_a_full_disk_loses_nothing(self):
        self.fill()
        told, _, _ = self.until_full("kill")
        self.server.kill()
        try:
            self.server.start()          # it may come up
            self.all_there(told, "kill")
            self.server.kill()
        except RuntimeError as e:        # or say why not
            self.assertIn("No space left", str(e))
            self.server.proc.stdout.close()
        self.filler.unlink()
        self.server.start()
        self.all_there(told, "kill")
        self.reported(i=1)

    def test_z_after_all_that_the_audit_is_clean(self):
        self.assertEqual(self.server.stop(), 0)
        audit(self, self.server)
        self.server.start()


class Effects(Small):
    """A plugin's note that has gone out while the journal could not take it down."""

    @classmethod
    def setUpClass(cls):
        cls.notes = temp("notes")
        cls.plugins = [{"path": test_plugin.build(), "config": {"file": cls.notes, "stubborn": True}}]
        super().setUpClass()

    def test_what_could_not_be_noted_is_noted_later_and_not_sent_again(self):
        case = self.reported(LANGXI, category="0199")
        self.is_status(self.who("a-001", LANGXI).act(case, "accept"), 200)
        self.is_status(self.who("z-001", LANGXI).act(case, "file", {"condition": "1"}), 200)
        self.fill()
        self.until_full("note", area=LANGXI)  # before the plugin is tried again
        self.assertFalse(self.notes.exists())
        self.assertTrue(wait_until(self.notes.exists))
        self.assertTrue(wait_until(lambda: "No space left" in self.server.said()))
        done = lambda: b'"do":"done"' in b"".join(p.read_bytes() for p in journal.segments(self.server.data / LANGXI))
        self.assertFalse(done())
        self.filler.unlink()
        self.assertTrue(wait_until(done))
        self.assertEqual(self.notes.read_text("utf-8").count("\n"), 1)


class FailedSync(unittest.TestCase):
    """One county's journal can't be synced any more; each test has a server of its own."""

    def setUp(self):
        shim = BUILD / "tests/failsync.so"
        self.assertTrue(shim.exists(), f"{shim} is not built")
        self.server = city("failsync")
        self.now = self.server.folder / "fail-now"
        self.server.env = {"LD_PRELOAD": str(shim), "FAILSYNC": f"/{JIXI}/journal/", "FAILSYNC_NOW": str(self.now),
                           "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
        self.server.start()
        self.addCleanup(shutil.rmtree, self.server.folder, True)
        self.addCleanup(self.server.stop)

    def report(self, key, i=0, area=JIXI):
        return self.server.person(area, "c-001").report(event(area, i), Idempotency_Key=key)

    def fail_once(self):
        """One report whose outcome is open; its key is open-1. What was acknowledged before: {key: case}."""
        told = {f"before-{i}": self.report(f"before-{i}", i).json["id"] for i in range(5)}
        self.now.touch()
        a = self.report("open-1", 7)
        self.now.unlink()
        self.assertEqual(a.status, 503, a)
        self.assertIn("unknown", a.json["detail"])
        self.assertIn("same key", a.json["detail"])
        self.assertNotIn(str(self.server.folder), a.body.decode())
        self.assertTrue(a.headers["retry-after"])
        return told

    def test_the_county_turns_read_only_and_the_others_go_on(self):
        told = self.fail_once()
        case = told["before-1"]
        for key in ("open-1", "other-1"):
            self.assertEqual(self.report(key, 8).status, 503)
        self.assertEqual(self.server.person(JIXI, "a-001").act(case, "accept").status, 503)
        self.assertEqual(self.server.person(JIXI, "z-001").case(case).status, 200)
        self.assertEqual(self.server.person(JIXI, "z-001").case(case, "/history").status, 200)
        ready = self.server.client().get("/readyz")
        self.assertEqual(ready.status, 503)
        self.assertEqual({a["area"]: a["writable"] for a in ready.json["areas"]}[JIXI], False)
        self.assertEqual(self.server.client().get("/healthz").status, 200)
        self.assertEqual(self.report("there-1", area=LANGXI).status, 201)
        self.assertIn("Input/output error", self.server.said())

    def reopened(self, told, had_happened):
        """After a restart the outcome is decided, and the same key tells it."""
        last = max(told.values())
        self.server.start()
        a = self.report("open-1", 7)
        self.assertEqual(a.status, 201, a)
        self.assertGreater(a.json["id"], last)
        self.assertEqual(self.report("open-1", 7).json["id"], a.json["id"])
        for i, (key, case) in enumerate(told.items()):
            self.assertEqual(self.report(key, i).json["id"], case)
        keys = journal.Reader(self.server.data / JIXI).catch_up().by_key
        self.assertIn(("c-001", "open-1"), keys)
        for action, user, body in STEPS:
            self.assertEqual(self.server.person(JIXI, user).act(a.json["id"], action, body).status, 200)
        self.assertEqual(self.server.stop(), 0)
        self.assertEqual("cut a torn last frame" in self.server.said(), not had_happened)
        audit(self, self.server)

    def test_after_a_restart_what_reached_the_disk_has_happened(self):
        told = self.fail_once()
        self.assertEqual(self.server.stop(), 0)
        self.assertIn(("c-001", "open-1"), journal.Reader(self.server.data / JIXI).catch_up().by_key)
        self.reopened(told, True)

    def test_after_a_power_cut_what_did_not_has_not(self):
        told = self.fail_once()
        self.server.kill()
        last = journal.Reader(self.server.data / JIXI).catch_up().last
        self.assertEqual([e["key"] for e in last.entries], ["open-1"])
        journal.cut(last, last.at + (last.end - last.at) // 2)
        self.reopened(told, False)

    def test_a_failure_under_load_leaves_no_key_undecided(self):
        told, unknown, lock = {}, [], threading.Lock()

        def work(user, w):
            client = self.server.another(JIXI, user)
            for i in range(1000):
                key = f"w{w}-{i}"
                a = client.report(event(i=i), Idempotency_Key=key)
                with lock:
                    if a.status == 201:
                        told[user, key, i] = a.json["id"]
                    else:
                        unknown.append((user, key, i, a.status))
                        return

        for user in ("c-001", "c-002"):
            self.server.person(JIXI, user)
        threads = [threading.Thread(target=work, args=(("c-001", "c-002")[w % 2], w)) for w in range(4)]
        for t in threads:
            t.start()
        self.assertTrue(wait_until(lambda: len(told) > 40))
        self.now.touch()
        for t in threads:
            t.join()
        self.now.unlink()
        self.assertEqual({u[3] for u in unknown}, {503})
        self.server.kill()
        self.server.start()
        ids = dict(told)
        for user, key, i, _ in unknown:
            ids[user, key, i] = self.server.person(JIXI, user).report(event(i=i), Idempotency_Key=key).json["id"]
        for (user, key, i), case in ids.items():
            self.assertEqual(self.server.person(JIXI, user).report(event(i=i), Idempotency_Key=key).json["id"], case)
        self.assertEqual(len(set(ids.values())), len(ids))
        self.assertEqual(self.server.stop(), 0)
        audit(self, self.server)


if __name__ == "__main__":
    unittest.main()
