"""An added key serves from now on, kept where keys can be kept."""

from __future__ import annotations

import pytest

from orchat.domain.secret import Secret
from orchat.errors import KeyRejected, KeyringUnavailable, KeysError, NoKeys, UsageError
from orchat.keys.key_file import FileVault
from orchat.store import key_state
from tests.support.key_desk import A, B, Desk, fingerprint

pytestmark = pytest.mark.anyio


async def test_an_added_key_is_kept_and_serves_from_now_on(desk: Desk) -> None:
    desk.keep(work=A)
    ring = desk.ring()
    await ring.lease()
    lease = await ring.add(" home ", f"{B}\n")

    assert (lease.label, lease.source) == ("home", "file")
    assert await ring.lease() is lease
    assert await desk.started() == "home"
    assert FileVault(desk.file).load() == {"work": Secret(A), "home": Secret(B)}


async def test_the_first_key_may_be_added_after_there_was_none(desk: Desk) -> None:
    ring = desk.ring()
    with pytest.raises(NoKeys):
        await ring.lease()
    await ring.add("work", A)

    assert (await ring.lease()).label == "work"


async def test_adding_the_same_key_again_takes_it_back_into_service(desk: Desk) -> None:
    desk.keep(work=A, home=B)
    ring = desk.ring()
    await ring.lease()
    await desk.hold(A)
    await desk.db.write(key_state.set_disabled, fingerprint(A), True)
    await ring.add("work", A)

    state = await desk.db.read(key_state.get, fingerprint(A))
    assert (state.disabled, state.held_reason, state.is_current) == (False, None, True)


@pytest.mark.parametrize(
    ("label", "key", "kind", "message"),
    [
        ("work", B, UsageError, "there is another key called work"),
        ("home", A, UsageError, "this key is there already, as work"),
        ("a/b", B, UsageError, "a label has"),
        ("home", f"{B} {B}", KeyRejected, "a space"),
        ("home", "", KeyRejected, "is empty"),
    ],
)
async def test_what_cannot_be_added_changes_nothing_and_is_never_repeated(
    desk: Desk, label: str, key: str, kind: type[Exception], message: str
) -> None:
    desk.keep(work=A)
    ring = desk.ring()
    before = await ring.lease()
    with pytest.raises(kind, match=message) as caught:
        await ring.add(label, key)

    assert await ring.lease() is before
    assert FileVault(desk.file).load() == {"work": Secret(A)}
    assert "bbbb" not in repr(caught.value)
    assert "bbbb" not in str(getattr(caught.value, "hint", ""))


async def test_a_refused_key_file_takes_no_key(desk: Desk) -> None:
    desk.keep(work=A)
    desk.file.chmod(0o644)
    ring = desk.ring()
    with pytest.raises(KeysError, match="is open to others"):
        await ring.add("home", B)

    assert ring.trouble is None


async def test_where_no_keyring_answers_an_added_key_serves_this_process(desk: Desk) -> None:
    ring = desk.ring(settings={"store": "keyring"})  # the null keyring of the tests takes nothing
    lease = await ring.add("work", A)

    assert (lease.label, lease.source) == ("work", "process")
    assert await ring.lease() is lease
    assert isinstance(ring.trouble, KeyringUnavailable)
    assert await desk.db.read(key_state.list_keys) == []


async def test_without_a_place_for_keys_an_added_key_serves_this_process(desk: Desk) -> None:
    ring = desk.ring(settings={"store": "env"})

    assert (await ring.add("work", A)).source == "process"
    assert "keys.store = env" in str(ring.trouble)
