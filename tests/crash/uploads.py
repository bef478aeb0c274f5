#!/usr/bin/env python3
"""Kill the server while photos come in: no name ever stands on other bytes, and what was acknowledged is there."""
import hashlib
import json
import random
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from support import JIXI, WANGGE, CityTest, jpeg

ROUNDS = 12


class Uploads(CityTest):
    config = {"uploads": {"per_hour": 10000}}

    def send(self, client, rng, told):
        try:
            while True:
                body = jpeg(rng.getrandbits(62), size=rng.choice([2000, 200000, 3000000]), taken="2026:03:06 17:00:00")
                a = client.ask("PUT", f"/v1/{JIXI}/blobs", body)
                if a.status == 201:
                    told.append(a.json["sha256"])
        except Exception:
            return                                           # the server is gone

    def check_blobs(self, told):
        folder = self.server.data / JIXI / "blobs"
        there = {p.name: p for p in folder.glob("??/*")}
        for name, path in there.items():
            if name.endswith(".json"):
                json.loads(path.read_text("utf-8"))          # whole, if it is there
            else:
                self.assertEqual(hashlib.sha256(path.read_bytes()).hexdigest(), name)
        for name in told:
            self.assertIn(name, there)
            self.assertIn(name + ".json", there)

    def test_a_kill_while_photos_come_in_leaves_no_half_blob(self):
        rng, told, seed = random.Random(), [], random.SystemRandom().getrandbits(32)
        rng.seed(seed)
        with self.subTest(seed=seed):
            for _ in range(ROUNDS):
                self.who("c-001")
                workers = [threading.Thread(target=self.send, daemon=True, args=(
                    self.server.another(JIXI, "c-001"), random.Random(rng.getrandbits(32)), told)) for _ in range(4)]
                for w in workers:
                    w.start()
                time.sleep(rng.uniform(0.02, 0.4))
                self.server.kill()
                for w in workers:
                    w.join(30)
                self.check_blobs(told)
                self.server.start()
            self.assertGreater(len(told), ROUNDS)
            case = self.reported(photos=told[:5])
            self.assertEqual(self.who("z-001").get(f"/v1/{JIXI}/blobs/{told[0]}").headers["content-type"], "image/jpeg")
            self.assertEqual([p["sha256"] for p in self.who("z-001").case(case).json["photos"]], told[:5])
            self.assertEqual(self.server.stop(), 0)
            audit = subprocess.run([WANGGE, "replay", "--audit", "-c", self.server.file, JIXI], capture_output=True, text=True)
            self.assertEqual(audit.returncode, 0, audit)
            self.server.start()


if __name__ == "__main__":
    unittest.main()
