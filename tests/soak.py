"""The pool under load, for minutes: ``python -m tests.soak``. It fails when the two sides do not agree.

Thirty-two processes send 500 requests each over four keys, eight of each at the same time; then as many send for a
minute while one of them, chosen by chance, is killed every 50 ms.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.support.soak import Plan, soak

PLANS = {
    "nobody is killed": Plan(processes=32, requests=500, keys=4, cap=8, pace=1),
    "one is killed every 50 ms": Plan(processes=32, seconds=60, keys=4, cap=8, pace=1, kill_every_s=0.05),
}


def main() -> None:
    """Run all plans; the exit code is 1 where anything does not agree."""
    faults = 0
    for name, plan in PLANS.items():
        print(f"\n{name}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            outcome = soak(plan, Path(folder))
        for line in outcome.report():
            print(f"  {line}", flush=True)
        faults += len(outcome.faults)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
