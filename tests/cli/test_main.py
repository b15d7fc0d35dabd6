"""The command as a whole: finding commands, common options, what a fault looks like."""

from __future__ import annotations

import json
import sys
import types
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest

import orchat
from orchat.cli.main import COMMANDS, main
from tests.support.cli import run

Capture = pytest.CaptureFixture[str]


def test_the_version_is_said_on_stdout() -> None:
    done = run("--version")

    assert (done.code, done.out, done.err) == (0, f"orchat {orchat.__version__}\n", "")


def test_the_version_is_said_beside_other_options(capfd: Capture) -> None:
    assert main(["--demo", "--version"]) == 0
    assert capfd.readouterr() == (f"orchat {orchat.__version__}\n", "")


def test_a_version_that_nobody_can_read_is_a_failure() -> None:
    assert run("--version", before=close_stdout).code == 1


def close_stdout() -> None:
    import os

    os.close(1)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_of_commands_says_what_they_say_themselves(name: str) -> None:
    found: click.Command = import_module(f"orchat.cli.{name}").command

    assert (found.help or "").split("\n\n")[0] == COMMANDS[name]
    assert found.name == name


def test_help_shows_every_command(capfd: Capture) -> None:
    assert main(["--help"]) == 0

    out, err = capfd.readouterr()
    assert all(name in out and text in out for name, text in COMMANDS.items())
    assert err == ""


def help_of(path: tuple[str, ...]) -> list[tuple[str, ...]]:
    found = import_module(f"orchat.cli.{path[0]}").command
    return [path, *((*path, name) for name in getattr(found, "commands", ()))]


@pytest.mark.parametrize("path", [path for name in COMMANDS for path in help_of((name,))], ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...], capfd: Capture) -> None:
    assert main([*path, "--help"]) == 0

    out, _ = capfd.readouterr()
    assert out.startswith(f"Usage: orchat {' '.join(path)} ")
    # A docstring that names no period has no summary either.
    assert "." in out


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["ask", "--modle", "x"], "--modle"),
        (["ask", "one", "two"], "got unexpected extra argument (two)"),
        (["models", "--sort", "colour"], "invalid value for '--sort'"),
        (["--set", "temperature", "config", "path"], "'temperature' is not section.key=value"),
        (["--set", "nonsense=1", "config", "path"], "'nonsense=1' is not section.key=value"),
        (["sessions"], "missing command"),
        (["sessions", "show"], "missing argument 'id'"),
        (["usage", "--days", "-1"], "invalid value for '--days'"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_a_hint(argv: list[str], says: str, capfd: Capture) -> None:
    assert main(argv) == 2

    out, err = capfd.readouterr()
    message, hint = err.splitlines()
    assert out == ""
    assert message.startswith("orchat: ") and says in message.lower()
    assert hint.startswith("hint: See orchat") and hint.endswith(" --help.")


def test_a_wrong_command_line_is_json_where_json_is_wanted(capfd: Capture) -> None:
    assert main(["models", "--json", "--sort", "colour"]) == 2

    error = json.loads(capfd.readouterr().err)["error"]
    assert error["type"] == "UsageError"
    assert "--sort" in error["message"]


def test_an_option_behind_two_dashes_is_no_option(capfd: Capture) -> None:
    assert main(["ask", "-m", "--", "a", "b", "--json"]) == 2

    assert capfd.readouterr().err.startswith("orchat: ")


@pytest.mark.parametrize(
    "argv", [["config", "path"], ["config", "path", "--home", "{}"], ["--home", "{}", "config", "path"]]
)
def test_a_home_may_be_named_before_or_after_the_command(
    argv: list[str], tmp_path: Path, capfd: Capture, home: Path
) -> None:
    assert main([word.format(tmp_path) for word in argv]) == 0

    folder = tmp_path if "--home" in argv else home / "orchat"
    assert capfd.readouterr().out == f"{folder / 'config.toml'}\n"


def test_settings_may_be_changed_before_or_after_the_command(capfd: Capture) -> None:
    argv = ["--set", "chat.temperature=0.5", "config", "show", "--set", "chat.system=a=b", "--origin"]
    assert main(argv) == 0

    rows = dict(row.split("\t", 1) for row in capfd.readouterr().out.splitlines())
    assert rows["chat.temperature"] == "0.5\tflag chat.temperature"
    assert rows["chat.system"] == '"a=b"\tflag chat.system'


def test_verbose_makes_the_log_say_more_unless_told_otherwise(capfd: Capture) -> None:
    assert main(["-v", "config", "show"]) == 0
    assert 'log.level\t"debug"' in capfd.readouterr().out
    assert main(["-v", "--set", "log.level=error", "config", "show"]) == 0
    assert 'log.level\t"error"' in capfd.readouterr().out


def broken(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Put a command into the table that fails in a way nobody expects."""

    @click.command("broken")
    def command() -> None:
        secret = "sk-or-v1-topsecret"
        raise error if secret else SystemExit

    module: Any = types.ModuleType("orchat.cli.broken")
    module.command = command
    monkeypatch.setitem(sys.modules, "orchat.cli.broken", module)
    monkeypatch.setitem(COMMANDS, "broken", "Fails.")


def test_a_fault_is_one_line_and_its_traceback_is_in_the_log(
    monkeypatch: pytest.MonkeyPatch, capfd: Capture, home: Path
) -> None:
    broken(monkeypatch, ZeroDivisionError("the prompt: hello"))

    assert main(["broken"]) == 1

    out, err = capfd.readouterr()
    log = home / "orchat" / "logs" / "orchat.log"
    assert out == ""
    assert err == f"orchat: unexpected ZeroDivisionError\nhint: This is a fault of orchat; what happened is in {log}\n"
    (line,) = log.read_text().splitlines()
    assert json.loads(line)["error"]["type"] == "builtins.ZeroDivisionError"
    assert any("test_main" in frame for frame in json.loads(line)["error"]["frames"])
    assert "hello" not in line and "topsecret" not in line


def test_a_fault_in_the_demo_is_in_the_log_of_the_demo(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    broken(monkeypatch, KeyError("x"))

    assert main(["--demo", "broken"]) == 1
    assert (home / "orchat" / "logs" / "demo" / "orchat.log").exists()


def test_a_fault_without_a_place_for_the_log_is_still_one_line(monkeypatch: pytest.MonkeyPatch, capfd: Capture) -> None:
    broken(monkeypatch, KeyError("x"))
    monkeypatch.delenv("ORCHAT_HOME")
    monkeypatch.setenv("HOME", "relative")
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)

    assert main(["broken"]) == 1
    assert capfd.readouterr().err == "orchat: unexpected KeyError\nhint: This is a fault of orchat.\n"


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (MemoryError(), 1, "orchat: there is not enough memory\nhint: Send less at once.\n"),
        (KeyboardInterrupt(), 130, "orchat: interrupted\n"),
        (click.Abort(), 130, "orchat: interrupted\n"),
        (BrokenPipeError(), 141, ""),
    ],
)
def test_what_can_always_happen_has_its_words(
    error: BaseException, code: int, says: str, monkeypatch: pytest.MonkeyPatch, capfd: Capture
) -> None:
    broken(monkeypatch, error)

    assert main(["broken"]) == code
    assert capfd.readouterr() == ("", says)
