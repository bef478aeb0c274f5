"""Packs that mean harm (tests/rules/hostile). What breaks while loading is refused with its file and line, in time and within
bounds; what breaks while deciding leaves the server, the county's next command and its neighbours as they were."""
import os
import re
import shutil
import subprocess
import json
import sys
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from support import JIXI, LANGXI, ROOT, WANGGE, CityTest, event, scripts_copy, temp, wait_until

HOSTILE = ROOT / "tests/rules/hostile"
SECONDS, MEGABYTES = 3, 256
SANITIZED = "asan" in str(WANGGE) or "tsan" in str(WANGGE)  # shadow memory and its bookkeeping are no pack's doing


def expanded(path):
    """The file's bytes; a line that begins with --[[repeat N]] stands there N times."""
    again = lambda m: (m[2] + b"\n") * int(m[1])
    return re.sub(rb"^--\[\[repeat (\d+)\]\] (.*)\n", again, path.read_bytes(), flags=re.M)


class Loading(unittest.TestCase):
    def tried(self, trap):
        """Exit code, output, seconds and megabytes of a check of the county with this trap in its folder. Seconds are the
        process's own: the machine may have other work."""
        scripts = scripts_copy(temp("hostile-" + trap.stem) / "scripts")
        shutil.copytree(ROOT / "standards", scripts.parent / "standards")
        county = scripts / "counties" / LANGXI
        for file in sorted(trap.iterdir()) if trap.is_dir() else [trap]:
            name = file.name if trap.is_dir() else "rules.lua"
            (county / name).write_bytes(expanded(file))
        p = subprocess.Popen([WANGGE, "rules", "test", county], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said = p.stdout.read().decode("utf-8", "replace")
        _, status, used = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        p.stdout.close()
        shutil.rmtree(scripts.parent, True)
        return p.returncode, said, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024

    def test_each_trap_is_refused_with_file_and_line_in_time_and_within_bounds(self):
        traps = sorted((HOSTILE / "load").iterdir())
        self.assertGreaterEqual(len(traps), 30)
        slowest = largest = 0
        pool = self.enterContext(ThreadPoolExecutor(2))
        for trap, (code, said, seconds, megabytes) in zip(traps, pool.map(self.tried, traps)):
            with self.subTest(trap.stem):
                self.assertEqual(code, 1, said)
                self.assertRegex(said, r"341821/[a-z]+\.lua(:\d+)?: ")
                if trap.stem != "bytecode":  # which has no lines
                    self.assertRegex(said, r"341821/[a-z]+\.lua:\d+: ")
                self.assertLess(seconds, SECONDS * (10 if SANITIZED else 1))
                self.assertNotIn("Sanitizer", said)
                if not SANITIZED:
                    self.assertLess(megabytes, MEGABYTES)
                slowest, largest = max(slowest, seconds), max(largest, megabytes)
        print(f"\n    {len(traps)} packs refused; slowest {slowest:.2f} s, largest {largest:.0f} MB", file=sys.stderr)


class Deciding(CityTest):
    @classmethod
    def setUpClass(cls):
        cls.config = {"dev": True}
        super().setUpClass()
        cls.server.stop()
        scripts = cls.server.config["scripts"] = scripts_copy(cls.server.folder / "scripts")
        rules = scripts / "counties" / LANGXI / "rules.lua"
        before, body, cls.traps = "local traps = {}\n", "", []
        for path in sorted((HOSTILE / "decide").glob("*.lua")):
            head, _, code = path.read_text("utf-8").partition("-- handler\n")
            name = path.stem
            cls.traps.append(name)
            # each in a block of its own, so that two may have locals of one name
            before += f"do\n{head}traps.{name} = function(case, ctx)\n{code}end\nend\n"
            body += f'if ctx.body.reason == "{name}" then return traps.{name}(case, ctx) end\n'
        plain = rules.read_text("utf-8").replace("return county {", before + "return county {")
        rules.write_text(plain.replace("  on = {\n", "  on = {\n    reject = function(case, ctx)\n" + body + "    end,\n", 1),
                         "utf-8")
        cls.server.start()
        who, now = cls.server.another(LANGXI, "z-001"), lambda: who.get(f"/v1/{LANGXI}/rules").json["hash"]
        old = now()
        if not wait_until(lambda: now() != old, 30):
            raise AssertionError(cls.server.said()[-2000:])

    def hit(self, client, name, i=0):
        """One hostile command on a case of its own; the case, the answer, seconds."""
        case = self.is_status(client["c"].report(event(LANGXI, i)), 201).json["id"]
        start = time.monotonic()
        a = client["a"].act(case, "reject", {"reason": name})
        return case, a, time.monotonic() - start

    def clients(self):
        return {"c": self.server.another(LANGXI, "c-001"), "a": self.server.another(LANGXI, "a-001")}

    def test_nothing_of_it_is_applied_and_the_next_command_works(self):
        client, slowest = self.clients(), 0
        self.assertGreaterEqual(len(self.traps), 30)
        for name in self.traps:
            with self.subTest(name):
                case, a, seconds = self.hit(client, name)
                slowest = max(slowest, seconds)
                self.assertIn(a.status, (200, 403, 422), a)
                self.assertLess(seconds, SECONDS)
                now = client["a"].case(case).json
                self.assertIn(now["state"], ("reported", "rejected"))
                self.assertIsNone(now["due"])
                self.assertNotIn("恶意", client["a"].case(case).body.decode())
                for o in client["a"].case(case, "/history").json[-1]["outcomes"]:
                    if o["k"] not in ("mark", "keep"):  # why it failed may be told in the rule's words
                        self.assertNotIn("恶意", json.dumps(o, ensure_ascii=False))
                case = self.is_status(client["c"].report(event(LANGXI, 1)), 201).json["id"]
                self.assertEqual(self.is_status(client["a"].act(case, "accept"), 200).json["state"], "accepted")
        # some traps come to nothing; most are caught
        self.assertGreater(self.who("z-001", LANGXI).get(f"/v1/{LANGXI}/status").json["rule_failures"], len(self.traps) // 2)
        self.assertEqual(self.who("z-001").get(f"/v1/{JIXI}/status").json["rule_failures"], 0)
        print(f"\n    {len(self.traps)} hostile decisions; slowest {slowest * 1000:.0f} ms", file=sys.stderr)

    def p99(self, count=400):
        took = []
        one, two = self.server.another(JIXI, "c-001"), self.server.another(JIXI, "z-001")
        case = self.reported(JIXI, 3)
        for i in range(count):
            start = time.monotonic()
            self.is_status(two.case(case) if i % 2 else one.report(event(JIXI, i)), 201 - i % 2)
            took.append(time.monotonic() - start)
        return sorted(took)[count * 99 // 100]

    def test_a_neighbour_goes_on_meanwhile(self):
        alone = self.p99()
        stop, hits = threading.Event(), []

        def attack():
            client = self.clients()
            while not stop.is_set():
                for name in self.traps:
                    if stop.is_set():
                        break
                    hits.append(self.hit(client, name)[1].status)

        thread = threading.Thread(target=attack)
        thread.start()
        try:
            beside = self.p99()
        finally:
            stop.set()
            thread.join()
        print(f"\n    a neighbour's p99: {alone * 1000:.1f} ms alone, {beside * 1000:.1f} ms beside {len(hits)} hostile "
              "decisions", file=sys.stderr)
        self.assertGreater(len(hits), 4)
        self.assertLess(beside, 1)


if __name__ == "__main__":
    unittest.main()
