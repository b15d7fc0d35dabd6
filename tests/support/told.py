"""Runs the command and prints what it told, as one line of JSON. Usage: ``python -m tests.support.told ARGUMENT…``"""

from __future__ import annotations

import json
import subprocess
import sys

from tests.support.cli import LIMIT_S, command


def main() -> None:
    done = subprocess.run(command(*sys.argv[1:]), capture_output=True, text=True, timeout=LIMIT_S)
    print(json.dumps({"code": done.returncode, "out": done.stdout, "err": done.stderr}), flush=True)


if __name__ == "__main__":
    main()
