"""What a test writes into a log of its own, and what stands there then."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchat import logs
from orchat.config import LogSettings
from orchat.domain.secret import Secret
from orchat.paths import Paths

logger = logging.getLogger("orchat.tests")


class Book:
    """The log of one test, and what stands in it."""

    def __init__(self, folder: Path) -> None:
        self.paths = Paths.discover({"ORCHAT_HOME": str(folder)})
        self.open: list[logs.Log] = []

    def begin(self, *secrets: Secret, capture: tuple[str, ...] = (), **changes: Any) -> logs.Log:
        log = logs.configure(self.paths, LogSettings(**changes), secrets=secrets, capture=capture)
        self.open.append(log)
        return log

    @property
    def text(self) -> str:
        return self.paths.log_file.read_text(encoding="ascii")

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines() if line]


@pytest.fixture
def book(home: Path) -> Iterator[Book]:
    found = Book(home / "log home")
    yield found
    for log in found.open:
        log.close()
    assert all(isinstance(handler, logging.NullHandler) for handler in logging.getLogger("orchat").handlers)
