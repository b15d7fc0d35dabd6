"""``orchat config``: the settings."""

from __future__ import annotations

from pathlib import Path

from orchat.config.template import example
from orchat.demo import DemoThread
from tests.support.cli import KEY, Done, Orchat, on_terminal


def test_the_settings_file_is_begun_once(orchat: Orchat, home: Path) -> None:
    file = home / "orchat" / "config.toml"

    assert orchat("config", "path").out == f"{file}\n"
    assert orchat("config", "init") == Done(0, f"{file}\n", "")
    assert file.read_text() == example() == orchat("config", "example").out
    again = orchat("config", "init")
    assert again.code == 2 and "exists already" in again.err


def test_the_settings_file_may_be_another_one(orchat: Orchat, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"

    assert orchat("--config", str(file), "config", "init").out == f"{file}\n"
    file.write_text("[chat]\ntemperature = 0.1\n")
    shown = orchat("--config", str(file), "config", "show", "--origin").out
    assert f"chat.temperature\t0.1\t{file}:2\n" in shown


def test_settings_are_shown_with_their_origin(orchat: Orchat, demo: DemoThread) -> None:
    rows = {row["key"]: row for row in orchat("config", "show", "--json").json}

    assert rows["retry.attempts"] == {"key": "retry.attempts", "value": "0", "origin": "env ORCHAT_RETRY__ATTEMPTS"}
    assert rows["models.default"]["origin"] == "default"
    assert rows["OPENROUTER_API_KEY"]["value"] == "set"
    assert KEY not in orchat("config", "show", "--origin").out
    assert orchat("config", "show").err == ""
    assert on_terminal(demo.base_url, "config", "show")[0].split() == ["SETTING", "VALUE"]


def test_keys_that_cannot_be_are_told_of(orchat: Orchat) -> None:
    done = orchat("config", "show", "--json", "--set", "keymap.modle=f4")
    assert done.err == "flag keymap.modle: there is no such command (Did you mean model?)\n"
    assert {"key": "keymap.modle", "value": '"f4"', "origin": "flag keymap.modle"} in done.json
    assert "[keymap]" in orchat("config", "show", "--set", "keys.model=f4").err
