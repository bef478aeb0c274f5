"""Rounds of kill -9: the options, the seed and what is said of them, for crash.py and release.py."""
import argparse
import random
import shutil
import time
from pathlib import Path


def main(doc, make, rounds):
    """make(seed) has a server, a round, counts, and run(rounds), which gives what to say. 1: it failed, its folder is kept."""
    args = argparse.ArgumentParser(description=doc.splitlines()[0])
    args.add_argument("--rounds", type=int, default=rounds)
    args.add_argument("--seed", type=int, default=None, help="to make the same choices again; default: others each time")
    args = args.parse_args()
    seed = args.seed if args.seed is not None else random.SystemRandom().getrandbits(32)
    print(f"seed {seed}, {args.rounds} rounds", flush=True)
    crash, start = make(seed), time.monotonic()
    try:
        said = crash.run(args.rounds)
    except BaseException as e:
        crash.server.kill()
        if isinstance(e, KeyboardInterrupt):
            raise
        keep = Path(shutil.copytree(crash.server.folder, Path.cwd() / f"crash-{seed}"))
        print(f"round {crash.round}: {type(e).__name__}: {e}\n"
              f"the folder is kept as {keep.name}; --seed {seed} makes the same choices again")
        return 1
    print("; ".join(f"{n} {what}" for what, n in crash.counts.items()))
    print(said + f"{args.rounds} rounds in {time.monotonic() - start:.0f} s")
    return 0
