"""What every test gets: no colour, no animation, no real home, no real keyring, no network but loopback."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

# The same examples in every run, so that a failure is a change's own; `make search` looks for others.
hypothesis.settings.register_profile("suite", derandomize=True, database=None)
hypothesis.settings.register_profile("search", derandomize=False, print_blob=True)
hypothesis.settings.load_profile("suite")

pytest_plugins = ("tests.support.server", "tests.support.secret_service")

# A shell that starts the suite in the background has it ignore interrupts, and commands under test would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ["TEXTUAL_ANIMATIONS"] = "none"
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
for name in ("NO_COLOR", "COLORTERM", "TERM_PROGRAM", "OPENROUTER_API_KEY", "SSH_TTY", "SSH_CONNECTION", "TMUX"):
    os.environ.pop(name, None)
for name in [key for key in os.environ if key.startswith("ORCHAT_") and key != "ORCHAT_REQUIRE_SECRET_SERVICE"]:
    os.environ.pop(name)
for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
    os.environ.pop(name, None)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test lives in a home of its own."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("ORCHAT_HOME", str(folder / "orchat"))
    monkeypatch.setenv("TZ", "UTC")
    return folder


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A connection to anything but this machine is an error of the test."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple):
            host = str(address[0])
            assert host.startswith("127.") or host in ("::1", "localhost"), f"a test reached for {host}"
        connect(self, address)  # type: ignore[arg-type]  # the guard passes on what it was given

    monkeypatch.setattr(socket.socket, "connect", guarded)
    yield
