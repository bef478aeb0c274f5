"""Us and our peers, side by side in one run: python3 tests/bench/run.py [a b c d e f g h i j k] [--short]. README.md says what each is.
It prints figures and bars; one that is not met fails nothing, a measurement that could not be made says why, and the exit code is 1."""
import sys

sys.dont_write_bytecode = True

import common  # noqa: E402  it builds, and finds tests/support
import measures  # noqa: E402


def main():
    words = sys.argv[1:]
    short = "--short" in words
    chosen = [w for w in words if w in measures.ALL] or list(measures.ALL)
    unknown = [w for w in words if w not in measures.ALL and w != "--short"]
    if unknown:
        print(__doc__ + f"\nunknown: {' '.join(unknown)}")
        return True
    common.heading()
    kept, failed = {}, False
    for name in chosen:
        try:
            measures.ALL[name](short, kept)
        except Exception as e:  # the others are still worth having
            print(f"{name} could not be measured: {type(e).__name__}: {e}", flush=True)
            failed = True
    return failed


if __name__ == "__main__":
    sys.exit(main())
