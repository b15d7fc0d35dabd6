"""Secrets in a file."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from orchat.domain.secret import Secret
from orchat.errors import KeysError
from orchat.keys.key_file import FileVault
from tests.support.vault import KEY, keys


def written(path: Path, content: object, mode: int = 0o600) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    path.chmod(mode)
    return path


def test_a_file_keeps_keys_for_its_owner_alone(tmp_path: Path) -> None:
    vault = FileVault(tmp_path / "new" / "keys.json")
    assert vault.load() == {}
    vault.save(keys(3))
    vault.update(lambda kept: kept.update(work=Secret(KEY)))

    assert FileVault(tmp_path / "new" / "keys.json").load() == {**keys(3), "work": Secret(KEY)}
    for place, mode in (("new", 0o700), ("new/keys.json", 0o600), ("new/keys.json.lock", 0o600)):
        assert (tmp_path / place).stat().st_mode & 0o777 == mode
    assert not (tmp_path / "new" / "keys.json.new").exists()


def test_a_file_behind_a_link_stays_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real = written(tmp_path / "real" / "keys.json", {"work": KEY})
    (tmp_path / "link.json").symlink_to(real)
    FileVault(tmp_path / "link.json").save(keys(1))

    assert (tmp_path / "link.json").is_symlink()
    assert FileVault(real).load() == keys(1)


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660, 0o620, 0o777])
def test_a_file_that_others_can_open_is_refused_and_left_alone(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path / "keys.json", {"work": KEY}, mode)
    for attempt in (FileVault(path).load, lambda: FileVault(path).save({})):
        with pytest.raises(KeysError, match=f"is open to others \\(mode {mode:04o}\\)") as caught:
            attempt()
        assert caught.value.hint == f"Run: chmod 600 {path}"
    assert json.loads(path.read_text()) == {"work": KEY}


def test_a_file_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "keys.json", {"work": KEY})
    somebody = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: somebody)

    with pytest.raises(KeysError, match="belongs to somebody else"):
        FileVault(path).load()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is not JSON"),
        ("sk-or-v1-0123456789abcdef", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ([KEY], "is not a JSON object of labels and keys"),
        ({"work": {"key": KEY}}, "is not a JSON object of labels and keys"),
        ({"home": KEY, "a\nb": KEY}, "entry 2: a label has"),
        ({"work": f"{KEY} {KEY}"}, "entry 1: the key has a space"),
    ],
)
def test_a_file_that_is_something_else_is_named_without_what_is_in_it(
    tmp_path: Path, content: object, message: str
) -> None:
    path = written(tmp_path / "keys.json", content)
    with pytest.raises(KeysError, match=message) as caught:
        FileVault(path).load()
    assert str(path) in caught.value.message
    assert KEY not in f"{caught.value} {caught.value.hint}"


def test_a_pipe_or_a_folder_is_no_key_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir()
    with pytest.raises(KeysError, match="is not a plain file"):
        FileVault(tmp_path / "pipe").load()
    with pytest.raises(KeysError, match="cannot be read: is a directory"):
        FileVault(tmp_path / "folder").load()


def test_a_file_that_cannot_be_written_keeps_its_keys(tmp_path: Path) -> None:
    path = written(tmp_path / "keys.json", {"work": KEY})
    (tmp_path / "keys.json.new").mkdir()
    with pytest.raises(KeysError, match="cannot be written"):
        FileVault(path).save({})
    assert FileVault(path).load() == {"work": Secret(KEY)}
