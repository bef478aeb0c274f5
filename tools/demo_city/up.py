"""Make the demo city where it is not there yet, then become the server. tools/up installs and builds first."""
import argparse
import fcntl
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import load

ROOT = Path(__file__).resolve().parents[2]
WANGGED = ROOT / "build" / "core" / "wangged"
CLIENT = ROOT / "build" / "tools" / "wangge" / "wangge"
CITY = "341800"
COUNTIES = ["341802", "341821", "341823", "341824", "341825", "341881", "341882"]

CONFIG = """-- The demo city. tools/up sets listen, scripts and standards at each start; the rest is yours.
return {{
  data = "data",
  listen = "{listen}",
  city = "{city}",
  counties = {{ {counties} }},
  scripts = "{scripts}",
  standards = "{standards}",
  plugins = {{ "spatial" }},
  dev = true, -- rules are taken over as they are saved
}}
"""


def seen_from(folder, path):
    """A path as the configuration names it: relative where the demo lies in the checkout."""
    return os.path.relpath(path, folder) if ROOT in folder.parents else str(path)


def settings(folder, listen):
    """What depends on where things are and how we were called."""
    return {"listen": listen, "scripts": seen_from(folder, ROOT / "scripts"),
            "standards": seen_from(folder, ROOT / "standards")}


def put(path, text):
    """Write a file whole or not at all."""
    new = path.with_name(path.name + ".new")
    new.write_text(text, encoding="utf-8")
    new.rename(path)


def write_config(folder, listen):
    """A new configuration."""
    text = CONFIG.format(city=CITY, counties=", ".join(f'"{c}"' for c in COUNTIES), **settings(folder, listen))
    put(folder / "wangged.lua", text)


def adjust_config(folder, listen):
    """The same in one that is there; what its owner added stays."""
    path = folder / "wangged.lua"
    text = old = path.read_text(encoding="utf-8")
    for key, value in settings(folder, listen).items():
        text = re.sub(rf'(?m)^(\s*{key}\s*=\s*)"[^"]*"', lambda m, v=value: f'{m[1]}"{v}"', text, count=1)
    if text != old:
        put(path, text)


# ---- making

def accounts_of(base):
    """Every account with a random password, as demo-accounts.json holds them."""
    made = []
    for area in [CITY] + COUNTIES:
        for p in load.people_of(base / area):
            made.append({"area": area, "user": p["user"], "password": secrets.token_urlsafe(15), "roles": p["roles"],
                         "unit": p.get("unit")})
    return made


def write_accounts(path, accounts):
    """For its owner only, from the first byte on."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(fd, "w", encoding="utf-8") as f:
        f.write("[\n" + ",\n".join(json.dumps(a, ensure_ascii=False) for a in accounts) + "\n]\n")


def first_admins(folder, accounts):
    """There is nobody to ask yet: the server makes one admin for each area."""
    for a in accounts:
        if a["user"] == "admin":
            subprocess.run([WANGGED, "-c", folder / "wangged.lua", "--first-admin", a["area"], "admin"],
                           input=a["password"], text=True, check=True)


def fill(folder, base, accounts):
    """Serve on a port of our own, load, stop."""
    passwords = {}
    for a in accounts:
        passwords.setdefault(a["area"], {})[a["user"]] = a["password"]
    with open(folder / "making.log", "w", encoding="utf-8") as log:
        server = subprocess.Popen([WANGGED, "-c", folder / "wangged.lua"], stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        ready = re.match(r"ready (http://\S+)", server.stdout.readline())
        if not ready:
            raise load.Refused((folder / "making.log").read_text(encoding="utf-8"))
        load.load(ready[1], base, [CITY] + COUNTIES, passwords)
    finally:
        server.terminate()
        server.wait()
    if server.returncode:
        raise load.Refused(f"the server ended with {server.returncode}; see {folder / 'making.log'}")
    (folder / "making.log").unlink()


def make(folder):
    """The whole demo in DIR/making, then its parts in place; the configuration comes last and says that all is there."""
    part = folder / "making"
    for name in ("making", "data", "base"):  # of a start that was interrupted
        shutil.rmtree(folder / name, ignore_errors=True)
    part.mkdir()
    load.say(f"making the demo city in {folder} (once; half a minute)")
    subprocess.run([sys.executable, ROOT / "tools" / "democity.py", part / "base"], check=True)
    accounts = accounts_of(part / "base")
    write_accounts(part / "demo-accounts.json", accounts)
    write_config(part, "127.0.0.1:0")
    first_admins(part, accounts)
    fill(part, part / "base", accounts)
    for name in ("base", "data", "demo-accounts.json"):
        (part / name).rename(folder / name)
    write_config(folder, "127.0.0.1:0")
    shutil.rmtree(part)


# ---- serving

def is_made(folder):
    """Is a whole demo there? What is neither a demo nor the beginning of one is not ours to touch."""
    if (folder / "wangged.lua").exists():
        return True
    if not (folder / "making").exists() and set(os.listdir(folder)) - {".lock"}:
        sys.exit(f"up: {folder} holds something else than a demo; say another --data")
    return False


def arguments():
    """The command line; tools/up --help tells what it means."""
    args = argparse.ArgumentParser(prog="tools/up")
    args.add_argument("--data", type=Path, default=ROOT / "var" / "demo")
    args.add_argument("--listen", default="127.0.0.1:12319")
    args = args.parse_args()
    if not re.fullmatch(r"[^\s\"\\]+:\d{1,5}", args.listen):
        sys.exit("up: --listen must be HOST:PORT")
    args.data = args.data.absolute()
    return args


def main():
    """Make it, say how to get in, serve."""
    args = arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    args.data.mkdir(parents=True, exist_ok=True)
    with open(args.data / ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two starts at once: one makes, the other waits
        if not is_made(args.data):
            make(args.data)
        adjust_config(args.data, args.listen)
    load.say(f"accounts and passwords: {args.data / 'demo-accounts.json'}\n"
             f"to sign in:             {os.path.relpath(CLIENT)} login 341824 z-001 --url "
             "(the address below)")
    sys.stdout.flush()
    os.execv(WANGGED, [str(WANGGED), "-c", str(args.data / "wangged.lua")])


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except (load.Refused, OSError, subprocess.CalledProcessError) as fault:
        sys.exit(f"up: {fault}")
