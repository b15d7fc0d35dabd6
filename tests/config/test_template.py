"""config.example.toml is what the declarations say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchat.config import Config
from orchat.config.template import example, write_initial
from orchat.errors import StoreUnwritable, UsageError
from orchat.paths import Paths

ROOT = Path(__file__).parents[2]


@pytest.fixture
def paths(home: Path) -> Paths:
    return Paths.discover({"ORCHAT_HOME": str(home / "orchat")})


def test_the_example_in_the_repository_is_the_generated_one() -> None:
    assert (ROOT / "config.example.toml").read_text(encoding="utf-8") == example()


def test_the_example_says_the_defaults(paths: Paths) -> None:
    paths.config_dir.mkdir()
    active = re.sub(r"(?m)^#(?=[a-z])", "", example())
    paths.config_file.write_text(active, encoding="utf-8")
    loaded = Config.load(paths, {})

    assert loaded.config == Config()
    assert len(loaded.origins) == len(re.findall(r"(?m)^#[a-z]", example()))
    assert {"api.base_url", "tui.send_on_enter", "models.text"} <= set(loaded.origins)
    assert all(row.key in loaded.origins for row in loaded.show())


def test_the_examples_of_settings_without_default_are_legal(paths: Paths) -> None:
    paths.config_dir.mkdir()
    paths.config_file.write_text(re.sub(r"(?m)^# (?=[a-z_]+ = )", "", example()), encoding="utf-8")
    chat = Config.load(paths, {}).config.chat

    assert (chat.temperature, chat.max_tokens, chat.reasoning_effort) == (0.7, 4096, "medium")


def test_the_first_file_is_private_and_changes_nothing(paths: Paths) -> None:
    written = write_initial(paths)

    assert written == paths.config_file
    assert written.stat().st_mode & 0o777 == 0o600
    assert Config.load(paths, {}).config == Config()


def test_an_existing_file_is_never_overwritten(paths: Paths) -> None:
    paths.config_dir.mkdir()
    paths.config_file.write_text("[chat]\nsave = false\n")

    with pytest.raises(UsageError, match="exists already"):
        write_initial(paths)
    assert paths.config_file.read_text() == "[chat]\nsave = false\n"


def test_the_folder_of_the_settings_keeps_its_mode(home: Path) -> None:
    home.chmod(0o755)
    write_initial(Paths.discover({"ORCHAT_HOME": str(home)}))

    assert home.stat().st_mode & 0o777 == 0o755


def test_a_place_that_cannot_be_written_is_named() -> None:
    with pytest.raises(StoreUnwritable, match=r"cannot write /proc/config\.toml"):
        write_initial(Paths.discover({"ORCHAT_HOME": "/proc"}))
