#!/usr/bin/env python3
"""Damage that must not heal in silence: a journal that lost what someone knew of is told, by file and offset, and not
served; and what only looks like damage (a vault one batch ahead, views of elsewhere) is put right."""
import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
import journal
from support import JIXI, LANGXI, WANGGE, city, event

LONG = "长" * 1300


class Cut(unittest.TestCase):
    def setUp(self):
        self.server = city("cut", segment_mb=1)
        self.folder = self.server.data / JIXI
        self.server.start()
        self.addCleanup(shutil.rmtree, self.server.folder, True)
        self.addCleanup(lambda: self.server.proc and self.server.stop())

    def report(self, i, user="c-001", **changes):
        a = self.server.person(JIXI, user).report(event(i=i, **changes), Idempotency_Key=f"k-{i}")
        self.assertEqual(a.status, 201, a)
        return a.json["id"]

    def call(self, i):
        return self.report(i, "a-001", source="hotline", caller={"name": f"某{i}", "phone": f"1390000{i:04}"})

    def frames(self):
        return [f for path in journal.segments(self.folder) for f in journal.frames(path)]

    def keep(self, *names):
        """Copies of parts of the folder: {name: copy}."""
        copies = {n: self.server.folder / "kept" / n for n in names}
        for name, copy in copies.items():
            shutil.rmtree(copy, True)
            shutil.copytree(self.folder / name, copy)
        return copies

    def put_back(self, copies):
        for name, copy in copies.items():
            journal.replace(self.folder, name, copy)

    def refuses(self, *words):
        """It does not come up, and says why in these words; what lies there stays as it is."""
        before = [p.read_bytes() for p in journal.segments(self.folder)]
        with self.assertRaises(RuntimeError) as told:
            self.server.start()
        self.server.proc.stdout.close()
        self.server.proc = None
        for word in (JIXI, *map(str, words)):
            self.assertIn(word, str(told.exception))
        self.assertEqual([p.read_bytes() for p in journal.segments(self.folder)], before)

    def audit(self):
        return subprocess.run([WANGGE, "replay", "--audit", "-c", self.server.file, JIXI], capture_output=True, text=True)

    # ---- what was known is gone ----

    def test_a_cut_frame_that_the_views_know_is_refused_with_file_and_offset(self):
        for i in range(6):
            self.report(i)
        for end in (self.server.stop, self.server.kill):
            end()
            last = self.frames()[-1]
            whole = last.path.read_bytes()
            for at in (last.at, last.at + 5, last.at + journal.HEAD.size, (last.at + last.end) // 2, last.end - 1):
                journal.cut(last, at)
                self.refuses(last.path.name, f"at {last.at}", f"entry {last.first_n} is missing")
                last.path.write_bytes(whole[:at])  # the file ends there
                self.refuses(last.path.name, f"at {last.at}")
                last.path.write_bytes(whole)
            self.server.start()
            self.report(5)

    def test_a_cut_frame_that_only_the_vault_knows_is_refused_too(self):
        views = self.keep("views")
        self.call(1)
        self.call(2)  # now the vault knows the first to be durable
        self.server.kill()
        cut = self.frames()
        for frame in cut[-2:]:
            journal.cut(frame, frame.at)
        self.put_back(views)
        self.refuses(cut[-2].path.name, f"at {cut[-2].at}")

    def test_a_changed_byte_before_whole_frames_is_refused(self):
        for i in range(4):
            self.report(i)
        self.server.stop()
        bad = self.frames()[-3]
        for at in (bad.at, bad.at + 4, bad.at + 8, bad.at + journal.HEAD.size + 3, bad.end - 2):
            whole = bad.path.read_bytes()
            bad.path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
            self.refuses(bad.path.name, f"at {bad.at}")
            shutil.rmtree(self.folder / "views")  # nor when nothing is known of it
            self.refuses(bad.path.name, f"at {bad.at}")
            bad.path.write_bytes(whole)
        self.server.start()
        self.assertEqual(self.report(3), self.report(3))

    def test_lost_segments_are_refused(self):
        for i in range(700):
            self.report(i, description=LONG)
        self.server.stop()
        paths = journal.segments(self.folder)
        self.assertGreaterEqual(len(paths), 3)
        aside = self.server.folder / "aside"
        for lost in (paths[0], paths[-1]):
            lost.rename(aside)
            self.refuses("entry")
            aside.rename(lost)
        paths[1].rename(aside)  # in the middle: met by whoever reads all
        done = self.audit()
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("is missing", done.stdout + done.stderr)
        aside.rename(paths[1])
        self.server.start()
        self.report(699, description=LONG)

    def test_an_audit_finds_a_changed_byte_in_an_old_segment(self):
        for i in range(400):
            self.report(i, description=LONG)
        self.server.stop()
        old = list(journal.frames(journal.segments(self.folder)[0]))[20]
        whole = old.path.read_bytes()
        old.path.write_bytes(whole[:old.end - 9] + b"?" + whole[old.end - 8:])
        done = self.audit()
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(f"{old.path.name} at {old.at}", done.stdout + done.stderr)

    def test_an_audit_finds_a_forged_entry_by_the_chain(self):
        for i in range(4):
            self.report(i, address="绩溪县真实地址")
        self.server.stop()
        forged = self.frames()[-2]
        whole = forged.path.read_bytes()
        body = whole[forged.at + journal.HEAD.size:forged.end].replace("真实".encode(), "伪造".encode())
        head = bytearray(whole[forged.at:forged.at + journal.HEAD.size])
        head[8:12] = bytes(4)
        head[8:12] = journal.crc32c(bytes(head) + body).to_bytes(4, "little")
        forged.path.write_bytes(whole[:forged.at] + bytes(head) + body + whole[forged.end:])
        done = self.audit()
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout + done.stderr, rf"entry {forged.last_n + 1}\b")

    # ---- what only looks like damage ----

    def test_a_vault_one_batch_ahead_loses_its_orphans(self):
        self.call(1)
        self.server.kill()
        before = self.keep("views", "journal")
        self.server.start()
        self.call(2)
        self.server.kill()
        self.put_back(before)
        self.server.start()
        told = re.findall(r"dropped words that no entry names.*?\"rows\":(\d+)", self.server.said())
        self.assertEqual(told[-1:], ["2"])  # what was said, and by whom
        self.assertEqual(self.server.person(JIXI, "z-001").case(self.call(1)).json["caller"]["name"], "某1")
        again = self.call(2)
        self.assertEqual(self.server.person(JIXI, "z-001").case(again).json["caller"]["name"], "某2")

    def test_views_of_another_county_are_folded_anew(self):
        cases = [self.report(i) for i in range(3)]
        self.server.stop()
        journal.replace(self.folder, "views", self.server.data / LANGXI / "views")
        self.server.start()
        self.assertIn("folding anew", self.server.said())
        self.assertEqual([c["id"] for c in self.server.person(JIXI, "z-001").get(f"/v1/{JIXI}/cases").json["cases"]], cases)

    def test_a_folder_without_views_is_folded_from_its_journal(self):
        cases = [self.report(i) for i in range(3)]
        self.server.kill()
        shutil.rmtree(self.folder / "views")
        self.server.start()
        self.assertEqual([c["id"] for c in self.server.person(JIXI, "z-001").get(f"/v1/{JIXI}/cases").json["cases"]], cases)
        self.assertEqual(self.report(2), cases[2])


if __name__ == "__main__":
    unittest.main()
