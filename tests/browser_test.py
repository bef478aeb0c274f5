"""Clients of the map that run in JavaScript: our own pages in Chromium, a bare page of MapLibre's, ogc-client. Starts a city, then
node --test on tests/browser, file by file: a browser that draws without graphics takes all the processor there is."""
import os
import subprocess
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent))
import support
from support import JIXI, ROOT


def main():
    server = support.city("browser", plugins=["spatial"]).start()
    env = {**os.environ, "MAP_BASE": f"http://127.0.0.1:{server.port}/ogc/{JIXI}", "MAP_USER": "z-001",
           "MAP_PASSWORD": support.password(JIXI, "z-001")}
    words, failed = sys.argv[1:], False
    for file in sorted((ROOT / "tests/browser").glob("*.test.mjs")):
        if not words or any(w in file.name for w in words):
            failed |= subprocess.run(["node", "--test", "--test-reporter=tap", file], env=env, cwd=ROOT, check=False).returncode != 0
    code = server.stop()
    if code:
        sys.exit(f"the server ended with {code}: {server.said()[-2000:]}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
