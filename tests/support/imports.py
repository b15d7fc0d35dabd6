"""What a program has loaded by its end, seen in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.support.cli import LIMIT_S, ROOT

_PROGRAM = """
import os, sys
os._exit = sys.exit  # the command leaves without a word to whoever watches it
try:
    {statement}
finally:
    with open({path!r}, "w") as out:
        out.write(" ".join(sys.modules))
"""


def loaded(statement: str, environ: Mapping[str, str]) -> set[str]:
    """The names of all modules that a statement has loaded in the end.

    ``-X importtime`` would not do: it leaves out what `importlib.import_module` loads, and so every command of ours.
    """
    # Measuring coverage would load half of the standard library by itself.
    environ = {name: value for name, value in environ.items() if not name.startswith("COV")}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "modules")
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM.format(statement=statement, path=str(path))],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return set(path.read_text().split())


def orchat(*arguments: str) -> str:
    """The statement that runs ``orchat ARGUMENTS``."""
    return f"sys.argv = {['orchat', *arguments]!r}; from orchat.__main__ import main; main()"
