"""Keys that are kept can be renamed, disabled, moved and removed."""

from __future__ import annotations

from typing import Any

import pytest

from orchat.clock import utc_day
from orchat.errors import (
    KeysError,
    LabelTaken,
    NotFound,
    OrchatError,
    UsageError,
)
from orchat.keys.shelf import Shelf
from orchat.openrouter.client import OpenRouter
from orchat.store import key_state, ledger
from tests.support.clock import START
from tests.support.key_desk import ENV, A, B, C, Desk, fingerprint
from tests.support.shelf import kept, shelf_of

pytestmark = pytest.mark.anyio


async def test_a_key_can_be_renamed_and_keeps_its_place(desk: Desk, shelf: Shelf) -> None:
    desk.keep(a=A, b=B)
    assert await shelf.rename("a", " office ") == "office"

    assert list(kept(desk)) == ["office", "b"]
    states = await desk.db.read(key_state.list_keys)
    assert [(state.label, state.fingerprint) for state in states] == [("office", fingerprint(A)), ("b", fingerprint(B))]


@pytest.mark.parametrize(
    ("old", "new", "kind", "message"),
    [
        ("a", "b", LabelTaken, "there is another key called b"),
        ("a", "x/y", UsageError, "a label has"),
        ("a", "demo", UsageError, "is reserved"),
        ("c", "d", NotFound, "there is no key c"),
        ("env", "d", UsageError, "it comes from OPENROUTER_API_KEY"),
    ],
)
async def test_a_rename_that_cannot_be_changes_nothing(
    desk: Desk, client: OpenRouter, old: str, new: str, kind: type[OrchatError], message: str
) -> None:
    desk.keep(a=A, b=B)
    with pytest.raises(kind, match=message):
        await shelf_of(desk, client, {"OPENROUTER_API_KEY": ENV}).rename(old, new)

    assert kept(desk) == {"a": A, "b": B}


async def test_a_label_that_only_the_vault_knows_is_taken_too(desk: Desk, shelf: Shelf) -> None:
    desk.keep(a=A)
    await desk.started()
    desk.keep(a=A, b=B)
    with pytest.raises(LabelTaken):
        await shelf.rename("a", "b")

    assert kept(desk) == {"a": A, "b": B}


async def test_a_disabled_key_is_passed_over_until_it_is_put_back(desk: Desk, shelf: Shelf) -> None:
    desk.keep(a=A, b=B)
    await shelf.set_disabled("a", True)
    assert await desk.started() == "b"

    await shelf.set_disabled("a", False)
    assert await desk.started() == "b"  # the ring has moved on
    await desk.spend(B, 41)
    assert await desk.started() == "a"


async def test_the_order_of_the_ring_can_be_set(desk: Desk, shelf: Shelf) -> None:
    desk.keep(a=A, b=B, c=C)
    await shelf.reorder(["c", "a"])

    assert [state.label for state in await desk.db.read(key_state.list_keys)] == ["c", "a", "b"]
    with pytest.raises(UsageError, match="a label comes twice"):
        await shelf.reorder(["a", "a"])
    with pytest.raises(NotFound):
        await shelf.reorder(["a", "z"])


async def test_a_removed_key_is_gone_and_its_books_stay(desk: Desk, client: OpenRouter) -> None:
    desk.keep(a=A, b=B, c=C)
    ring = desk.ring()
    shelf = Shelf(ring, client, desk.clock)
    await ring.lease()
    await desk.spend(A, 3)
    assert await shelf.remove("a") == fingerprint(A)

    assert kept(desk) == {"b": B, "c": C}
    assert (await ring.lease()).label == "b"
    assert await desk.current() == "b"
    assert sum(row.attempts for row in (await desk.db.read(_usage)).values()) == 3


def _usage(connection: Any) -> Any:
    return ledger.usage_by_key(connection, utc_day(START))


async def test_when_the_current_key_goes_the_next_one_in_the_ring_takes_its_place(desk: Desk, shelf: Shelf) -> None:
    desk.keep(a=A, b=B, c=C)
    await desk.ring().use("b")
    await shelf.remove("a")
    assert await desk.current() == "b"
    await shelf.remove("b")
    assert await desk.current() == "c"

    await shelf.remove("c")
    assert await desk.current() is None
    assert kept(desk) == {}


async def test_a_key_whose_secret_is_gone_can_be_removed(desk: Desk, shelf: Shelf) -> None:
    desk.keep(a=A, b=B)
    await desk.started()
    desk.keep(b=B)
    await shelf.remove("a")

    assert [state.label for state in await desk.db.read(key_state.list_keys)] == ["b"]


async def test_without_a_place_for_keys_nothing_can_be_changed(desk: Desk, client: OpenRouter) -> None:
    desk.keep(a=A)
    await desk.started()
    shelf = Shelf(desk.ring(settings={"store": "env"}), client, desk.clock)
    with pytest.raises(KeysError, match="no place for keys is configured"):
        await shelf.remove("a")

    assert await desk.current() == "a"
