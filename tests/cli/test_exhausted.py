"""Keys that are used up, budgets and waits, as they are told on stderr."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchat import errors
from orchat.cli.diagnostics import Diagnostics
from orchat.demo import DemoThread
from orchat.demo.accounts import DemoKey
from orchat.demo.script import say
from orchat.demo.server import DemoServer
from orchat.domain.secret import Secret
from tests.support.cli import Orchat

DEAD, GOOD = Secret("sk-or-v1-" + "dead" * 15), Secret("sk-or-v1-" + "600d" * 15)


@pytest.fixture
def two_keys(home: Path, demo: DemoThread, orchat: Orchat, monkeypatch: pytest.MonkeyPatch) -> DemoServer:
    """A file with a revoked key and a good one."""
    file = home / "keys.json"
    file.write_text(json.dumps({"dead": DEAD.reveal(), "good": GOOD.reveal()}))
    file.chmod(0o600)
    monkeypatch.setenv("ORCHAT_KEYS_FILE", str(file))
    monkeypatch.setenv("OPENROUTER_API_KEY", "")
    demo.server.put_key(DEAD, DemoKey(revoked=True))
    return demo.server


@pytest.mark.parametrize("save", ["--save", "--no-save"])
def test_a_dead_key_stops_and_says_how_to_go_on(save: str, two_keys: DemoServer, orchat: Orchat) -> None:
    done = orchat("ask", save, "hi")

    assert (done.code, done.out) == (3, "")
    first, hint, way = done.err.splitlines()
    assert re.fullmatch(r"orchat: The key was refused: .+ \(until \d{4}-\d\d-\d\d \d\d:\d\d UTC\)", first)
    assert hint.startswith("hint: The key was revoked")
    assert way == "hint: The key good can take over: --on-exhausted switch"


def test_stop_names_no_other_key(two_keys: DemoServer, orchat: Orchat) -> None:
    done = orchat("ask", "--on-exhausted", "stop", "hi")

    assert done.code == 3
    assert "good" not in done.err


@pytest.mark.parametrize("save", ["--save", "--no-save"])
def test_another_key_takes_over_where_that_is_wished(save: str, two_keys: DemoServer, orchat: Orchat) -> None:
    two_keys.script(say("here"))

    done = orchat("ask", save, "--on-exhausted", "switch", "hi")

    assert (done.code, done.out) == (0, "here\n")
    assert done.err == "The key was refused: User not found.; going on with the key good, not dead\n"


def test_with_json_the_object_alone_tells_which_key_paid(two_keys: DemoServer, orchat: Orchat) -> None:
    two_keys.script(say("here"))

    done = orchat("ask", "--json", "--on-exhausted", "switch", "hi")

    assert (done.err, done.json["key"]) == ("", "good")


def test_with_json_the_error_tells_until_when_and_who_comes_next(two_keys: DemoServer, orchat: Orchat) -> None:
    done = orchat("ask", "--json", "hi")

    assert set(done.error) == {"type", "message", "hint", "until", "next_key"}
    assert done.error["next_key"] == "good"
    assert done.error["until"] > 1_700_000_000
    assert "UTC" not in done.error["message"]


@pytest.mark.parametrize("save", ["--save", "--no-save"])
def test_a_budget_refuses_warns_and_is_overruled(save: str, demo: DemoThread, orchat: Orchat) -> None:
    budget = ("ask", save, "--set", "budget.day_usd=0.01", "-m", "demo/writer")
    done = orchat(*budget, "hi")

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("orchat: the budget of $0.01 for today may not last: $0.00 is spent, and this may cost")
    assert done.err.endswith("hint: Send it all the same: --over-budget\n")

    demo.server.script(say("here"))
    done = orchat(*budget, "--over-budget", "hi")

    assert (done.code, done.out) == (0, "here\n")
    assert done.err == "the budget of $0.01 for today is nearly used up: $0.00 is spent\n"


def test_an_unknown_way_to_go_on_is_refused(orchat: Orchat) -> None:
    assert orchat("ask", "--on-exhausted", "ask", "hi").code == 2


@contextmanager
def terminal(columns: int = 40) -> Iterator[list[str]]:
    """Stderr is a terminal for a while; what it was told stands in the list afterwards."""
    told: list[str] = []
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    saved, before = os.dup(2), sys.stderr
    os.dup2(slave, 2)
    try:
        with os.fdopen(slave, "w", encoding="utf-8") as sys.stderr:
            yield told
            sys.stderr.write("END")
            sys.stderr.flush()
            while not "".join(told).endswith("END"):
                told.append(os.read(master, 65_536).decode().replace("\r\n", "\n"))
        told[:] = ["".join(told).removesuffix("END")]
    finally:
        sys.stderr = before
        os.dup2(saved, 2)
        os.close(saved)
        os.close(master)


def test_a_terminal_counts_down_in_one_line_that_goes_away() -> None:
    with terminal() as told:
        diagnostics = Diagnostics({"TERM": "xterm"})
        diagnostics.count_down("a reason that is longer than the line \x1b[2J", 1.4)
        diagnostics.count_down("short", 0.4)
        diagnostics.end_count_down()
        diagnostics.end_count_down()
        diagnostics.note("here")

    long, short, rest = told[0].split("\r\x1b[K")[1:]
    assert re.fullmatch(r"\x1b\[2mwaiting 2 s: a reason that is .+…\x1b\[0m", long)
    assert len(long) <= 39 + len("\x1b[2m\x1b[0m")
    assert (short, rest) == ("\x1b[2mwaiting 1 s: short\x1b[0m", "\x1b[2mhere\x1b[0m\n")


def test_whatever_is_said_takes_the_place_of_the_countdown() -> None:
    with terminal() as told:
        diagnostics = Diagnostics({"TERM": "xterm", "NO_COLOR": "1"})
        diagnostics.count_down("short", 5)
        diagnostics.error(errors.UsageError("no"))

    assert told == ["\r\x1b[Kwaiting 5 s: short\r\x1b[Korchat: no\n"]


def test_a_dull_terminal_is_told_once() -> None:
    with terminal() as told:
        diagnostics = Diagnostics({"TERM": "dumb"})
        diagnostics.count_down("short", 5)
        diagnostics.count_down("short", 4)

    assert told == ["waiting 5 s: short\n"]


def test_a_terminal_that_tells_no_width_has_a_usual_one() -> None:
    with terminal() as told:
        diagnostics = Diagnostics({"TERM": "xterm", "NO_COLOR": "1"})
        with Path(os.devnull).open("wb") as nothing:
            os.dup2(nothing.fileno(), 2)
        diagnostics.count_down("x" * 100, 5)

    assert len(told[0]) == len("\r\x1b[K") + 79


def test_a_pipe_hears_of_a_wait_once(demo: DemoThread, orchat: Orchat) -> None:
    slow = ("--set", "limits.min_interval_s=1.5", "-m", "demo/writer")
    orchat("ask", *slow, "hi")
    demo.server.script(say("here"))
    done = orchat("ask", *slow, "hi")

    assert (done.code, done.out) == (0, "here\n")
    assert re.fullmatch(r"waiting \d s: 1.5 s between requests\n", done.err)


def test_a_wait_tells_who_comes_first(capfd: pytest.CaptureFixture[str]) -> None:
    diagnostics = Diagnostics({})
    diagnostics.count_down("the \x1b[2Jlimit", 0.0, 2)
    diagnostics.count_down("the \x1b[2Jlimit", 0.0, 1)
    diagnostics.end_count_down()
    diagnostics.count_down("the \x1b[2Jlimit", 3.2)

    assert capfd.readouterr().err == "waiting 1 s: the limit, 2 before this one\nwaiting 4 s: the limit\n"


def test_a_limit_says_until_when(capfd: pytest.CaptureFixture[str]) -> None:
    Diagnostics({}).error(errors.RateLimited("enough", scope="free_day", resets_at=86_400.0))

    assert capfd.readouterr().err == "orchat: enough (until 1970-01-02 00:00 UTC)\n"
