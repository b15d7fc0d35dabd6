"""The real command in a process of its own, with pipes or a terminal, against a real server."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyte

from orchat.demo import DemoThread

ROOT = Path(__file__).parent.parent.parent
KEY = "sk-or-v1-" + "ab12" * 16
LINES = 24
"""Of a terminal."""
LIMIT_S = 30.0
"""Nothing takes as long, unless it hangs."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        """The error that stands on stderr as JSON."""
        found: dict[str, Any] = json.loads(self.err)["error"]
        return found


def environment(base_url: str | None, **more: str) -> dict[str, str]:
    """The environment of a command: this test's home, one key, one server, no retries."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    # Compiling everything anew in every process would take longer than all the rest.
    cache = Path(tempfile.gettempdir()) / f"orchat-tests-{os.getuid()}"
    environ.update(PYTHONPATH=str(ROOT), PYTHONPYCACHEPREFIX=str(cache), TERM="xterm", ORCHAT_RETRY__ATTEMPTS="0")
    if base_url is not None:
        environ.update(OPENROUTER_API_KEY=KEY, ORCHAT_API__BASE_URL=base_url, ORCHAT_API__DIALECT="openrouter")
    return {**environ, **more}


def command(*args: str, program: str | None = None) -> list[str]:
    """The command; `program` is Python code that takes its place."""
    return [sys.executable, *(("-m", "orchat") if program is None else ("-c", program)), *args]


def run(
    *args: str,
    base_url: str | None = None,
    stdin: bytes = b"",
    before: Callable[[], None] | None = None,
    environ: Mapping[str, str] | None = None,
    program: str | None = None,
    **more: str,
) -> Done:
    """Run a command to its end; keywords beyond these are environment variables."""
    done = subprocess.run(
        command(*args, program=program),
        input=stdin,
        capture_output=True,
        timeout=LIMIT_S,
        env=environ or environment(base_url, **more),
        preexec_fn=before,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


class Running:
    """A command that runs, with stdout and stderr in pipes, to be stopped, starved or watched."""

    def __init__(self, *args: str, environ: Mapping[str, str], before: Callable[[], None] | None = None) -> None:
        self.process = subprocess.Popen(
            command(*args),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environ,
            bufsize=0,
            preexec_fn=before,
        )

    def read_until(self, text: str) -> str:
        """Wait for a text on stdout."""
        assert self.process.stdout is not None
        return _read_until(self.process.stdout.fileno(), text)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> Done:
        out, err = self.process.communicate(timeout=LIMIT_S)
        return Done(self.process.returncode, out.decode(), err.decode())


class Terminal:
    """A command on a pseudo-terminal; stdout may go into a pipe instead."""

    def __init__(
        self,
        *args: str,
        environ: Mapping[str, str],
        pipe_stdout: bool = False,
        stdin: int | None = None,
        columns: int = 100,
        program: str | None = None,
    ) -> None:
        self._columns = columns
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, columns, 0, 0))
        self.process = subprocess.Popen(
            command(*args, program=program),
            stdin=slave if stdin is None else stdin,
            stdout=subprocess.PIPE if pipe_stdout else slave,
            stderr=slave,
            env=environ,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(2, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        self.seen = ""

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def read_until(self, text: str) -> str:
        """Wait for a text on the screen."""
        self.seen += _read_until(self._master, text)
        return self.seen

    def shows(self, text: str) -> str:
        """Wait until a text stands on the screen, also if it came before; gives back everything that was shown."""
        limit = time.monotonic() + LIMIT_S
        while text not in self.seen:
            data = _read(self._master)
            assert data and time.monotonic() < limit, f"never saw {text!r} in {self.seen!r}"
            self.seen += data.decode(errors="replace")
        return self.seen

    def stands(self, text: str) -> list[str]:
        """Wait until a text stands on the screen: what is painted anew may come in pieces. Gives back its lines."""
        screen = pyte.Screen(self._columns, LINES)
        stream, fed, limit = pyte.Stream(screen), 0, time.monotonic() + LIMIT_S
        while not any(text in line for line in screen.display):
            if fed == len(self.seen):
                ready, _, _ = select.select([self._master], [], [], LIMIT_S)
                assert ready and time.monotonic() < limit, "\n".join([f"never saw {text!r} on:", *screen.display])
                data = _read(self._master)
                self.seen += data.decode(errors="replace")
            # pyte takes the private modes it does not know for others.
            stream.feed(re.sub(r"\x1b\[[<=>?][0-9;]*(?:[a-zA-Z]|\$p)", "", self.seen[fed:]))
            fed = len(self.seen)
        return list(screen.display)

    def end(self) -> Done:
        """Everything that stood on the screen, newlines as the program wrote them."""
        piped = self.process.stdout.read() if self.process.stdout is not None else b""
        while data := _read(self._master):
            self.seen += data.decode(errors="replace")
        os.close(self._master)
        code = self.process.wait(timeout=LIMIT_S)
        if self.process.stdout is not None:
            self.process.stdout.close()
            return Done(code, piped.decode(), self.seen.replace("\r\n", "\n"))
        return Done(code, self.seen.replace("\r\n", "\n"), "")


def on_terminal(base_url: str, *argv: str, **more: str) -> list[str]:
    """The lines that a command shows on a terminal; keywords are environment variables."""
    done = Terminal(*argv, environ=environment(base_url, **more)).end()
    assert done.code == 0, done
    assert "\x1b" not in done.out
    return done.out.splitlines()


def _read(descriptor: int) -> bytes:
    ready, _, _ = select.select([descriptor], [], [], LIMIT_S)
    assert ready, "the command hangs"
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux: the other side of the terminal is closed
        return b""


def _read_until(descriptor: int, text: str) -> str:
    seen, limit = b"", time.monotonic() + LIMIT_S
    while text.encode() not in seen:
        data = _read(descriptor)
        assert data and time.monotonic() < limit, f"never saw {text!r} in {seen!r}"
        seen += data
    return seen.decode(errors="replace")


Orchat = Callable[..., Done]
"""Runs a command against the demo."""


def sent(demo: DemoThread) -> Any:
    """The body of the last chat request."""
    return demo.server.chats[-1].body
