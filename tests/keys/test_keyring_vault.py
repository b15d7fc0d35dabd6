"""Secrets in the keyring, over backends that behave like those people have."""

from __future__ import annotations

import json
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

from orchat.domain.secret import Secret
from orchat.errors import KeyringUnavailable, StoreBusy, StoreUnwritable, UsageError
from orchat.keys.vault import KeyringVault
from orchat.store.locks import FileLock
from tests.support.keyrings import ShortItems, installed
from tests.support.vault import KEY, keys


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
