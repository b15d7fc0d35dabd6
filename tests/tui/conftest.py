"""What tests of several screens find."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.look import look
from tests.support.scans import scans

__all__ = ["folder", "look"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with pictures, in which the program was started."""
    made = scans(tmp_path / "scans")
    monkeypatch.chdir(made)
    return made
