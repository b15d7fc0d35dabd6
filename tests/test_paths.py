"""Where files live, and what happens when they cannot."""

from __future__ import annotations

import os
import pwd
import sys
from pathlib import Path

import pytest

from orchat.errors import ConfigError, StoreUnwritable
from orchat.paths import Paths, environment, make_private


def folders(paths: Paths) -> tuple[Path, Path, Path, Path]:
    return paths.config_dir, paths.data_dir, paths.cache_dir, paths.log_dir


def test_orchat_home_moves_everything_under_one_folder() -> None:
    paths = Paths.discover({"ORCHAT_HOME": "/srv/me", "HOME": "/home/me", "XDG_DATA_HOME": "/elsewhere"})

    assert paths.config_file == Path("/srv/me/config.toml")
    assert paths.database == Path("/srv/me/data/orchat.db")
    assert paths.log_file == Path("/srv/me/logs/orchat.log")
    for place in (*folders(paths), paths.drafts):
        assert place.is_relative_to("/srv/me")


@pytest.mark.parametrize(
    ("home", "expected"),
    [
        ("~", "/home/me"),
        ("~/notes", "/home/me/notes"),
        ("~other", str(Path.cwd() / "~other")),
        ("here", str(Path.cwd() / "here")),
    ],
)
def test_orchat_home_may_be_written_short(home: str, expected: str) -> None:
    assert Paths.discover({"ORCHAT_HOME": home, "HOME": "/home/me"}).config_dir == Path(expected)


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"XDG_CONFIG_HOME": "/c", "XDG_DATA_HOME": "/d", "XDG_CACHE_HOME": "/k", "XDG_STATE_HOME": "/s"},
        {"XDG_CONFIG_HOME": "relative/is/ignored", "XDG_DATA_HOME": ""},
    ],
)
def test_linux_folders_are_those_of_platformdirs(
    variables: dict[str, str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ORCHAT_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    ours = Paths.discover(environment())

    monkeypatch.setattr(sys, "platform", "darwin")
    theirs = Paths.discover(environment())

    assert folders(ours) == folders(theirs)


def test_without_home_the_user_database_knows_it() -> None:
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)

    assert Paths.discover({"ORCHAT_HOME": "~/x"}).config_dir == home / "x"


def test_a_user_without_any_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_294_967_000)

    with pytest.raises(ConfigError, match="no home folder") as caught:
        Paths.discover({"HOME": "not/absolute", "ORCHAT_HOME": "~"})
    assert caught.value.layer == "environment"
    assert "ORCHAT_HOME" in (caught.value.hint or "")


def test_the_demo_shares_no_folder_with_the_user() -> None:
    user = Paths.discover({"ORCHAT_HOME": "/srv/me"})
    demo = user.for_demo()

    assert [place.name for place in folders(demo)] == ["demo"] * 4
    assert demo.database != user.database
    assert demo.config_file != user.config_file


def test_the_environment_is_a_copy() -> None:
    taken = environment()
    taken["ORCHAT_NEW"] = "1"

    assert "ORCHAT_NEW" not in environment()
    assert environment()["HOME"] == os.environ["HOME"]


def test_folders_are_created_for_their_owner_alone(tmp_path: Path) -> None:
    paths = Paths.discover({"ORCHAT_HOME": str(tmp_path / "a" / "b")})
    paths.ensure()
    paths.ensure()

    for place in (tmp_path / "a", tmp_path / "a" / "b", paths.data_dir, paths.cache_dir):
        assert place.stat().st_mode & 0o777 == 0o700
    assert not paths.log_dir.exists()


def test_a_data_folder_open_to_others_is_closed_and_its_parent_left_alone(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    (shared / "data").mkdir()
    (shared / "data").chmod(0o755)

    make_private(shared / "data")

    assert (shared / "data").stat().st_mode & 0o777 == 0o700
    assert shared.stat().st_mode & 0o777 == 0o755


def test_a_folder_that_cannot_be_created_is_named_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    for blocked in ("file", "file/inside"):
        with pytest.raises(StoreUnwritable, match=r"cannot create the folder .*file") as caught:
            make_private(tmp_path / blocked)
        assert "ORCHAT_HOME" in (caught.value.hint or "")


def test_a_read_only_place_is_named_with_a_hint() -> None:
    with pytest.raises(StoreUnwritable, match="cannot create the folder /proc/orchat"):
        Paths.discover({"ORCHAT_HOME": "/proc/orchat"}).ensure()
