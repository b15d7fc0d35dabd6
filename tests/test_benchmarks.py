"""The benchmarks measure and never fail; what they leave open would fail them."""

from __future__ import annotations

import subprocess
import sys

from tests.support.cli import LIMIT_S, ROOT


def test_the_stream_rate_is_measured_and_nothing_is_left_open() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-m", "tests.benchmarks.stream_rate", "50"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "orchat is 1.00 ×" in done.stdout
