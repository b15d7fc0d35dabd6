"""Secrets in the keyring and in a file; the real Secret Service is in test_secret_service.py."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keyring
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import InitError, KeyringLocked

from orchat.config import KeySettings
from orchat.domain.secret import Secret
from orchat.errors import KeyringUnavailable, KeysError, StoreBusy, StoreUnwritable, UsageError
from orchat.keys import secret_service
from orchat.keys.key_file import FileVault
from orchat.keys.vault import KeyringVault, Vault, vault_for
from orchat.store.locks import FileLock
from tests.support.keyrings import ShortItems, installed

KEY = "sk-or-v1-0123456789abcdef"


def keys(count: int) -> dict[str, Secret]:
    return {f"key {number}": Secret(f"{KEY}{number:04}") for number in range(count)}


@pytest.fixture
def backend() -> Iterator[ShortItems]:
    found = ShortItems()
    with installed(found):
        yield found


@pytest.fixture
def open_vault(tmp_path: Path) -> Callable[..., KeyringVault]:
    def build(**changes: Any) -> KeyringVault:
        return KeyringVault(**{"timeout_s": 5.0, "lock": tmp_path / "locks" / "keyring.lock", **changes})

    return build


# ---- the keyring ----


@pytest.mark.parametrize("count", [0, 1, 12, 40, 400])
def test_keys_come_back_from_items_that_windows_would_take(
    backend: ShortItems, open_vault: Callable[..., KeyringVault], count: int
) -> None:
    open_vault().save(keys(count))

    assert open_vault().load() == keys(count)
    assert all(len(item) <= 1200 for item in backend.items.values())


@settings(max_examples=25, deadline=None)
@given(counts=st.lists(st.integers(0, 60), min_size=1, max_size=4))
def test_no_part_is_left_behind_when_keys_go(tmp_path_factory: pytest.TempPathFactory, counts: list[int]) -> None:
    found, lock = ShortItems(), tmp_path_factory.mktemp("lock") / "lock"
    with installed(found):
        for count in counts:
            KeyringVault(timeout_s=5, lock=lock).save(keys(count))
            head = json.loads(found.items["keys"])
            assert len(found.items) == 1 + head.get("parts", 0)
            assert KeyringVault(timeout_s=5, lock=lock).load() == keys(count)


@settings(max_examples=25, deadline=None)
@given(before=st.integers(0, 40), after=st.integers(0, 40), dies_at=st.integers(1, 8))
def test_a_crash_while_saving_leaves_the_old_or_the_new_keys(
    tmp_path_factory: pytest.TempPathFactory, before: int, after: int, dies_at: int
) -> None:
    found, lock = ShortItems(), tmp_path_factory.mktemp("lock") / "lock"
    writes = 0

    def dies(call: str, name: str) -> None:
        nonlocal writes
        writes += call == "set"
        if writes >= dies_at and call != "get":
            raise OSError(KEY)

    with installed(found):
        KeyringVault(timeout_s=5, lock=lock).save(keys(before))
        found.failing = dies
        try:
            KeyringVault(timeout_s=5, lock=lock).save(keys(after))
            expected = [keys(after)]
        except KeyringUnavailable as error:
            assert KEY not in f"{error} {error.hint}"
            expected = [keys(before), keys(after)]
        found.failing = lambda call, name: None
        assert KeyringVault(timeout_s=5, lock=lock).load() in expected


def test_the_keyring_is_read_once_and_never_probed_by_writing(
    backend: ShortItems, open_vault: Callable[..., KeyringVault]
) -> None:
    vault = open_vault()
    assert vault.load() == {}
    vault.load()["mine"] = Secret("not kept")

    assert vault.load() == {}
    assert backend.calls == [("get", "keys")]


def test_what_was_saved_is_known_without_reading_again(
    backend: ShortItems, open_vault: Callable[..., KeyringVault]
) -> None:
    vault = open_vault()
    vault.save(keys(1))
    calls = len(backend.calls)

    assert vault.load() == keys(1)
    assert len(backend.calls) == calls


def test_an_edit_that_is_refused_saves_nothing(backend: ShortItems, open_vault: Callable[..., KeyringVault]) -> None:
    def refuse(kept: dict[str, Secret]) -> None:
        kept.clear()
        raise UsageError("no")

    open_vault().save(keys(2))
    with pytest.raises(UsageError, match="no"):
        open_vault().update(refuse)
    assert open_vault().load() == keys(2)


def test_an_item_that_is_missing_for_a_moment_is_asked_for_again(
    backend: ShortItems, open_vault: Callable[..., KeyringVault]
) -> None:
    class ItemNotFoundException(Exception):
        pass

    def once(call: str, name: str) -> None:
        if len(backend.calls) == 1:
            raise ItemNotFoundException

    backend.items["keys"] = json.dumps({"v": 1, "keys": {"work": KEY}})
    backend.failing = once

    assert open_vault().load() == {"work": Secret(KEY)}


class LockedException(Exception):
    pass


class PromptDismissedException(Exception):
    pass


class SecretServiceNotAvailableException(Exception):
    pass


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (InitError(KEY), "was never unlocked"),
        (caused(InitError(KEY), PromptDismissedException(KEY)), "was never unlocked"),
        (caused(InitError(KEY), SecretServiceNotAvailableException(KEY)), "went away during the call"),
        (KeyringLocked(KEY), "is locked"),
        (LockedException(KEY), "is locked"),
        (PromptDismissedException(KEY), "stayed locked"),
        (SecretServiceNotAvailableException(KEY), "went away during the call"),
        (ConnectionResetError(KEY), r"failed \(ConnectionResetError\)"),
        (SystemExit(KEY), r"failed \(SystemExit\)"),
    ],
)
def test_every_failure_of_a_keyring_has_its_words_and_a_way_out(
    backend: ShortItems, open_vault: Callable[..., KeyringVault], error: BaseException, message: str
) -> None:
    def fail(call: str, name: str) -> None:
        raise error

    backend.failing = fail
    for attempt in (open_vault().load, lambda: open_vault().save({})):
        with pytest.raises(KeyringUnavailable, match=message) as caught:
            attempt()
        assert "ORCHAT_KEYS_FILE" in (caught.value.hint or "")
        assert KEY not in f"{caught.value} {caught.value.hint}"
        assert caught.value.__cause__ is None


def test_a_system_without_keyring_is_told_so(open_vault: Callable[..., KeyringVault]) -> None:
    nothing = NoKeyring()  # type: ignore[no-untyped-call]  # keyring's own constructors have no types
    with installed(nothing), pytest.raises(KeyringUnavailable, match="has no keyring"):
        open_vault().load()


def assert_soon(event: threading.Event) -> None:
    assert event.wait(60)


def test_a_mute_keyring_is_left_behind(backend: ShortItems, open_vault: Callable[..., KeyringVault]) -> None:
    answer = threading.Event()
    backend.failing = lambda call, name: assert_soon(answer)
    with pytest.raises(KeyringUnavailable, match=r"did not answer within 0\.05 s"):
        open_vault(timeout_s=0.05).load()
    left = [thread for thread in threading.enumerate() if thread.name == "orchat-keyring"]
    assert [thread.daemon for thread in left] == [True]
    answer.set()
    left[0].join()


class OnABus(ShortItems):
    pass


OnABus.__module__ = "keyring.backends.SecretService"


@pytest.mark.parametrize("kind", [ShortItems, OnABus])
def test_where_a_password_may_be_typed_only_a_secret_service_has_to_show_a_sign_of_life(
    kind: type[ShortItems], open_vault: Callable[..., KeyringVault], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
    found = kind({"keys": json.dumps({"v": 1, "keys": {"work": KEY}})})
    with installed(found):
        assert open_vault(timeout_s=30.0, mute_after_s=5.0).load() == {"work": Secret(KEY)}


@pytest.mark.parametrize("name", ["", "nothing", "no.such.Keyring"])
def test_a_backend_that_does_not_load_is_named(
    open_vault: Callable[..., KeyringVault], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", name)
    monkeypatch.setattr("keyring.core._keyring_backend", None)

    with pytest.raises(KeyringUnavailable, match=r"PYTHON_KEYRING_BACKEND or keyringrc\.cfg names does not load"):
        open_vault().load()


def test_the_keyring_that_answers_is_named(backend: ShortItems, open_vault: Callable[..., KeyringVault]) -> None:
    assert open_vault().backend() == "tests.support.keyrings.ShortItems"
    assert backend.calls == []


def test_the_null_keyring_has_no_keys_and_takes_none(open_vault: Callable[..., KeyringVault]) -> None:
    assert type(keyring.get_keyring()).__module__ == "keyring.backends.null"
    assert open_vault().load() == {}
    with pytest.raises(KeyringUnavailable, match="is switched off"):
        open_vault().save(keys(1))


class Plaintext(ShortItems):
    pass


Plaintext.__module__ = "keyrings.alt.file"


class Chain(ShortItems):
    """Like keyring's own chain: asks its backends in turn."""

    def __init__(self, *backends: ShortItems) -> None:
        super().__init__(backends[0].items)
        self.backends = backends


def test_a_keyring_in_plain_text_is_refused_unless_it_is_wanted(open_vault: Callable[..., KeyringVault]) -> None:
    for plain in (Plaintext(), Chain(Plaintext(), ShortItems())):
        with installed(plain):
            for attempt in (open_vault().load, lambda: open_vault().save(keys(1))):
                with pytest.raises(KeyringUnavailable, match="in plain text") as caught:
                    attempt()
                assert "keys.allow_plaintext_keyring" in (caught.value.hint or "")
            assert plain.items == {}
            open_vault(allow_plaintext=True).save(keys(1))
            assert open_vault(allow_plaintext=True).load() == keys(1)
    with installed(Chain(ShortItems(), Plaintext())):
        assert open_vault().load() == {}


@pytest.mark.parametrize(
    "item",
    [
        "",
        "{",
        "[]",
        "3",
        "null",
        '{"keys": 3}',
        '{"keys": {"work": 3}}',
        '{"keys": {"a\\nb": "x"}}',
        '{"keys": {"work": "a b"}}',
        '{"parts": 2}',
        '{"parts": "2", "tag": "x"}',
        '{"parts": 2, "tag": "01234567"}',
    ],
)
def test_a_damaged_item_is_named_and_not_overwritten(
    backend: ShortItems, open_vault: Callable[..., KeyringVault], item: str
) -> None:
    backend.items["keys"] = item
    for attempt in (open_vault().load, lambda: open_vault().save(keys(1))):
        with pytest.raises(KeyringUnavailable, match="is damaged"):
            attempt()
    assert backend.items == {"keys": item}


def test_two_writers_take_turns(backend: ShortItems, open_vault: Callable[..., KeyringVault], tmp_path: Path) -> None:
    (tmp_path / "locks").mkdir()
    with FileLock(tmp_path / "locks" / "keyring.lock", 1), pytest.raises(StoreBusy):
        open_vault(timeout_s=0.2).save(keys(1))
    open_vault(timeout_s=0.2).save(keys(1))


def test_a_lock_that_cannot_be_made_is_named(
    backend: ShortItems, open_vault: Callable[..., KeyringVault], tmp_path: Path
) -> None:
    with pytest.raises(StoreUnwritable, match=r"cannot lock .*: is a directory"):
        open_vault(lock=tmp_path).save(keys(1))


# ---- the file ----


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


# ---- which of them ----


@pytest.mark.parametrize(
    ("settings", "environ", "place"),
    [
        ({}, {}, "the system's keyring, service orchat"),
        ({}, {"ORCHAT_KEYS_FILE": "/k.json"}, "the file /k.json"),
        ({}, {"ORCHAT_KEYS_FILE": "~/k.json", "HOME": "/home/me"}, "the file /home/me/k.json"),
        ({"file": "/s.json"}, {}, "the file /s.json"),
        ({"file": "/s.json"}, {"ORCHAT_KEYS_FILE": "/k.json"}, "the file /k.json"),
        (
            {"store": "keyring", "file": "/s.json"},
            {"ORCHAT_KEYS_FILE": "/k.json"},
            "the system's keyring, service orchat",
        ),
        ({"store": "file"}, {}, "the file /data/keys.json"),
        ({"store": "file", "file": "/s.json"}, {}, "the file /s.json"),
        ({"store": "env"}, {"ORCHAT_KEYS_FILE": "/k.json"}, None),
    ],
)
def test_the_place_is_the_one_asked_for(settings: dict[str, Any], environ: dict[str, str], place: str | None) -> None:
    vault = vault_for(KeySettings(**settings), environ, Path("/data"))

    assert (None if vault is None else vault.place) == place


@pytest.mark.parametrize(
    ("environ", "platform", "seconds"),
    [
        ({}, "linux", 5.0),
        ({"DISPLAY": ":0"}, "linux", 30.0),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", 30.0),
        ({}, "darwin", 30.0),
    ],
)
def test_where_a_password_may_be_asked_for_there_is_time_to_type_it(
    environ: dict[str, str], platform: str, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    vault: Vault | None = vault_for(KeySettings(), environ, Path("/data"))

    assert isinstance(vault, KeyringVault)
    assert vault._timeout_s == seconds


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({}, "linux", True),
        ({"XDG_CURRENT_DESKTOP": "ubuntu:GNOME"}, "linux", True),
        ({"XDG_CURRENT_DESKTOP": "KDE"}, "linux", False),
        ({"PYTHON_KEYRING_BACKEND": ""}, "linux", False),
        ({"KEYRING_PROPERTY_SCHEME": "KeePassXC"}, "linux", False),
        ({}, "darwin", False),
        ({}, "win32", False),
        ({"XDG_CONFIG_HOME": "{home}/config"}, "linux", False),
    ],
)
def test_keyring_is_passed_by_only_where_nobody_asked_for_another_one(
    environ: dict[str, str], platform: str, expected: bool, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    (home / "config" / "python_keyring").mkdir(parents=True)
    (home / "config" / "python_keyring" / "keyringrc.cfg").touch()
    told = {name: value.format(home=home) for name, value in environ.items()}

    assert secret_service.is_default({"HOME": str(home), **told}) is expected
