"""Exit codes, and what stands on stderr."""

from __future__ import annotations

import json
import os

import pytest

from orchat import errors
from orchat.cli.diagnostics import Diagnostics, ExitCode, exit_code
from orchat.domain.fold import Reply


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.OrchatError("x"), 1),
        (errors.ConnectionFailed("x"), 1),
        (errors.TimedOut("x", stage="idle"), 1),
        (errors.RateLimited("x"), 1),
        (errors.ModelUnknown("x"), 1),
        (errors.CircuitOpen("x", until=1.0), 1),
        (errors.StreamInterrupted("x", partial=Reply(), reason="cut"), 1),
        (errors.ConfigError("x", layer="file"), 2),
        (errors.UsageError("x"), 2),
        (errors.NotFound("x"), 2),
        (errors.MediaNotFound("x"), 2),
        (errors.MediaDamaged("x"), 2),
        (errors.NoKeys("x"), 3),
        (errors.KeyRejected("x"), 3),
        (errors.CreditsExhausted("x"), 3),
        (errors.KeyringUnavailable("x"), 3),
        (errors.StoreBusy("x"), 4),
        (errors.StoreNewer("x"), 4),
        (errors.StoreUnwritable("x"), 4),
    ],
)
def test_every_error_has_its_exit_code(error: errors.OrchatError, code: int) -> None:
    assert exit_code(error) == code


def test_an_error_is_one_line_and_a_hint(capfd: pytest.CaptureFixture[str]) -> None:
    error = errors.NoKeys("no\nkey \x1b[2Jhere", hint="set\x07 one")

    code = Diagnostics({}).error(error)

    assert code is ExitCode.KEYS
    assert capfd.readouterr() == ("", "orchat: no key here\nhint: set one\n")


def test_an_error_without_a_hint_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    Diagnostics({}).error(errors.UsageError("no"))

    assert capfd.readouterr().err == "orchat: no\n"


def test_an_error_as_json_is_one_object(capfd: pytest.CaptureFixture[str]) -> None:
    Diagnostics({}, as_json=True).error(errors.BadRequest("no \x1b[2J", hint="change it"))

    err = capfd.readouterr().err
    assert json.loads(err) == {"error": {"type": "BadRequest", "message": "no \x1b[2J", "hint": "change it"}}
    assert "\x1b" not in err


def test_notes_are_for_terminals_unless_asked_for(capfd: pytest.CaptureFixture[str]) -> None:
    diagnostics = Diagnostics({})
    diagnostics.note("unheard")
    diagnostics.note("asked", always=True)
    diagnostics.verbose = True
    diagnostics.note("verbose")

    assert capfd.readouterr().err == "asked\nverbose\n"


def test_a_closed_stderr_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as broken:
        monkeypatch.setattr("sys.stderr", broken)
        assert Diagnostics({}).error(errors.UsageError("no")) == ExitCode.USAGE
        monkeypatch.setattr("sys.stderr", None)
        assert Diagnostics({}).error(errors.UsageError("no")) == ExitCode.USAGE
        monkeypatch.undo()
        # What could not be written must not fail again when the file is closed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), write)
