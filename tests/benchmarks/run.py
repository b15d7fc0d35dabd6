"""Runs every benchmark: each module beside this one that has a ``main``."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def main() -> None:
    """Run them in the order of their names."""
    del sys.argv[1:]
    for path in sorted(Path(__file__).parent.glob("*.py")):
        module = importlib.import_module(f"tests.benchmarks.{path.stem}")
        if path.stem != "run" and hasattr(module, "main"):
            print(f"\n{path.stem}: {(module.__doc__ or '').splitlines()[0]}", flush=True)
            module.main()


if __name__ == "__main__":
    main()
