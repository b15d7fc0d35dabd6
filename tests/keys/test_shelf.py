"""What a person does with keys, against a real server, a real database and a real key file."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchat.demo.accounts import DemoKey
from orchat.demo.faults import fault
from orchat.demo.script import fail, stall
from orchat.demo.server import DemoServer
from orchat.domain.money import PICO_PER_USD
from orchat.domain.scope import account_scope, free_scope, key_scope
from orchat.domain.secret import Secret
from orchat.errors import (
    KeyKnown,
    KeyLimitReached,
    KeyRejected,
    KeysError,
    LabelTaken,
    NoKeys,
    NotFound,
    OrchatError,
    TimedOut,
    UpstreamFailed,
    UsageError,
)
from orchat.keys.key_file import FileVault
from orchat.keys.shelf import Shelf
from orchat.openrouter.client import OpenRouter
from orchat.store import holds, key_state, reports
from tests.support.clock import START
from tests.support.key_desk import ENV, A, B, C, Desk, fingerprint

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(server: DemoServer) -> AsyncIterator[OpenRouter]:
    async with OpenRouter(base_url=server.base_url, dialect="openrouter") as client:
        yield client


@pytest.fixture
def shelf(desk: Desk, client: OpenRouter) -> Shelf:
    return Shelf(desk.ring(), client, desk.clock)


def shelf_of(desk: Desk, client: OpenRouter, environ: dict[str, str] | None = None, **more: Any) -> Shelf:
    return Shelf(desk.ring(environ), client, desk.clock, **more)


def kept(desk: Desk) -> dict[str, str]:
    return {label: secret.reveal() for label, secret in FileVault(desk.file).load().items()}


# ---- adding ----


async def test_an_added_key_is_checked_kept_and_reported(desk: Desk, shelf: Shelf, server: DemoServer) -> None:
    server.put_key(Secret(A), DemoKey(account="acme"))
    added = await shelf.add(" work ", f"{A}\n")

    assert (added.lease.label, added.lease.source, added.warning) == ("work", "file", None)
    assert added.status is not None and added.status.account is not None
    report = await desk.db.read(reports.get, fingerprint(A))
    assert report is not None
    assert (report.account, report.at, report.free_limit) == (added.status.account, START, 10)
    assert [request.path for request in server.requests] == ["/key"]
    assert kept(desk) == {"work": A}


async def test_a_key_that_the_server_does_not_know_is_not_kept(desk: Desk, shelf: Shelf, server: DemoServer) -> None:
    server.put_key(Secret(A), DemoKey(revoked=True))
    with pytest.raises(KeyRejected, match="the server refuses this key") as caught:
        await shelf.add("work", A)

    assert "openrouter.ai/settings/keys" in (caught.value.hint or "")
    assert kept(desk) == {}


async def test_a_management_key_is_not_kept(desk: Desk, shelf: Shelf, server: DemoServer) -> None:
    server.put_key(Secret(A), DemoKey(is_management_key=True))
    with pytest.raises(KeyRejected, match="a management key, which cannot chat"):
        await shelf.add("work", A)

    assert kept(desk) == {}


async def test_a_key_that_cannot_be_checked_is_kept_with_a_warning(
    desk: Desk, shelf: Shelf, server: DemoServer
) -> None:
    server.script(fail(503), path="/key")
    added = await shelf.add("work", A)

    assert added.status is None
    assert added.warning is not None and added.warning.startswith("it could not be checked: ")
    assert kept(desk) == {"work": A}
    assert await desk.db.read(reports.get, fingerprint(A)) is None


async def test_a_server_that_does_not_answer_is_left_in_time(
    desk: Desk, client: OpenRouter, server: DemoServer
) -> None:
    server.script(stall(), path="/key")
    added = await shelf_of(desk, client, timeout_s=0.05).add("work", A)

    assert added.warning == "it could not be checked: the server did not answer within 0.05 s"


async def test_unchecked_the_server_is_not_asked(desk: Desk, shelf: Shelf, server: DemoServer) -> None:
    added = await shelf.add("work", A, check=False)

    assert (added.status, added.warning) == (None, None)
    assert server.requests == []


async def test_a_server_of_another_kind_is_not_asked(desk: Desk, server: DemoServer) -> None:
    async with OpenRouter(base_url=server.base_url, dialect="openai") as client:
        added = await shelf_of(desk, client).add("work", A)

    assert (added.status, added.warning) == (None, None)
    assert server.requests == []


@pytest.mark.parametrize(
    ("label", "key", "kind"),
    [
        ("a/b", B, UsageError),
        ("env", B, UsageError),
        ("work", B, LabelTaken),
        ("home", A, KeyKnown),
        ("home", "", KeyRejected),
        ("home", "a b", KeyRejected),
    ],
)
async def test_what_cannot_be_added_is_not(
    desk: Desk, shelf: Shelf, label: str, key: str, kind: type[OrchatError]
) -> None:
    await shelf.add("work", A)
    with pytest.raises(kind):
        await shelf.add(label, key)

    assert kept(desk) == {"work": A}


# ---- keeping in order ----


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
    from orchat.clock import utc_day
    from orchat.store import ledger

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


# ---- testing ----


async def test_all_keys_are_tested_the_environments_first(desk: Desk, client: OpenRouter, server: DemoServer) -> None:
    desk.keep(a=A, b=B)
    server.put_key(Secret(B), DemoKey(revoked=True))
    await shelf_of(desk, client).set_disabled("a", True)
    tested = await shelf_of(desk, client, {"OPENROUTER_API_KEY": ENV}).test()

    assert [(each.label, each.fingerprint, each.ok) for each in tested] == [
        ("env", fingerprint(ENV), True),
        ("a", fingerprint(A), True),
        ("b", fingerprint(B), False),
    ]
    assert isinstance(tested[2].error, KeyRejected)
    assert set(await desk.db.read(reports.all)) == {fingerprint(ENV), fingerprint(A)}


async def test_keys_are_tested_by_their_labels(desk: Desk, client: OpenRouter, server: DemoServer) -> None:
    desk.keep(a=A, b=B)
    tested = await shelf_of(desk, client, {"OPENROUTER_API_KEY": ENV}).test(["b", "env"])

    assert [each.label for each in tested] == ["b", "env"]
    with pytest.raises(NotFound):
        await shelf_of(desk, client).test(["z"])
    assert len(server.requests) == 2


async def test_a_key_in_two_places_is_tested_once(desk: Desk, client: OpenRouter) -> None:
    desk.keep(a=A)

    assert [each.label for each in await shelf_of(desk, client, {"OPENROUTER_API_KEY": A}).test()] == ["a"]


async def test_a_key_that_is_none_and_one_that_is_gone_are_told(desk: Desk, client: OpenRouter) -> None:
    desk.keep(a=A, b=B)
    await desk.started()
    desk.keep(b=B)
    tested = await shelf_of(desk, client, {"OPENROUTER_API_KEY": "not a key"}).test()

    assert [(each.label, each.ok) for each in tested] == [("env", False), ("a", False), ("b", True)]
    assert "no longer in the file" in str(tested[1].error)


async def test_without_keys_there_is_nothing_to_test(shelf: Shelf) -> None:
    with pytest.raises(NoKeys, match="there is no key to test"):
        await shelf.test()


async def put_aside(desk: Desk, *scopes: str) -> None:
    for scope in scopes:
        await desk.put_aside(scope, kind="KeyRejected", reason="revoked")


async def test_a_key_that_can_serve_is_put_aside_no_longer(desk: Desk, client: OpenRouter, server: DemoServer) -> None:
    desk.keep(a=A)
    server.put_key(Secret(A), DemoKey(account="acme"))
    shelf = shelf_of(desk, client)
    [first] = await shelf.test()
    assert first.status is not None and first.status.account is not None
    account = first.status.account
    await put_aside(desk, key_scope(fingerprint(A)), account_scope(account), free_scope(account))
    await shelf.test()

    assert await desk.db.read(holds.active, START) == []


async def test_free_requests_that_are_used_up_stay_put_aside(
    desk: Desk, client: OpenRouter, server: DemoServer
) -> None:
    desk.keep(a=A)
    server.put_key(Secret(A), DemoKey(free_per_day=0))
    await put_aside(desk, key_scope(fingerprint(A)), free_scope(fingerprint(A)))
    [tested] = await shelf_of(desk, client).test()

    assert tested.ok
    assert [hold.scope.partition(":")[0] for hold in await desk.db.read(holds.active, START)] == ["free"]


@pytest.mark.parametrize(
    ("terms", "kind"),
    [
        ({"is_management_key": True}, KeyRejected),
        ({"limit": Decimal(0)}, KeyLimitReached),
        ({"revoked": True}, KeyRejected),
    ],
)
async def test_a_key_that_cannot_serve_stays_put_aside(
    desk: Desk, client: OpenRouter, server: DemoServer, terms: dict[str, Any], kind: type[KeysError]
) -> None:
    desk.keep(a=A)
    server.put_key(Secret(A), DemoKey(**terms))
    await put_aside(desk, key_scope(fingerprint(A)))
    [tested] = await shelf_of(desk, client).test()

    assert isinstance(tested.error, kind)
    assert tested.error.hint
    assert [hold.scope for hold in await desk.db.read(holds.active, START)] == [key_scope(fingerprint(A))]


async def test_a_server_that_fails_says_nothing_about_the_key(
    desk: Desk, client: OpenRouter, server: DemoServer
) -> None:
    desk.keep(a=A, b=B)
    server.script(fault("500"), path="/key")
    [tested] = await shelf_of(desk, client).test(["a"])
    assert isinstance(tested.error, UpstreamFailed)

    server.script(stall(), path="/key")
    [tested] = await shelf_of(desk, client, timeout_s=0.05).test(["b"])
    assert isinstance(tested.error, TimedOut)


async def test_a_limit_with_something_left_is_no_objection(desk: Desk, client: OpenRouter, server: DemoServer) -> None:
    desk.keep(a=A)
    server.put_key(Secret(A), DemoKey(limit=Decimal(3)))
    [tested] = await shelf_of(desk, client).test()

    assert tested.ok
    assert tested.status is not None and tested.status.limit_remaining_pico == 3 * PICO_PER_USD


# ---- from elsewhere ----


@pytest.fixture
def llm(tmp_path: Path) -> dict[str, str]:
    """An environment in which llm has two keys of OpenRouter."""
    (tmp_path / "llm").mkdir()
    (tmp_path / "llm" / "keys.json").write_text(json.dumps({"openrouter": B, "openrouter-c": C, "openai": "sk-1"}))
    return {"LLM_USER_PATH": str(tmp_path / "llm")}


async def test_found_keys_are_kept_at_the_end_of_the_ring(desk: Desk, client: OpenRouter, llm: dict[str, str]) -> None:
    desk.keep(a=A)
    await desk.started()
    shelf = shelf_of(desk, client, llm)
    imported = await shelf.import_keys((await shelf.found_elsewhere()).keys)

    assert [(item.added.lease.label, item.error) for item in imported if item.added] == [
        ("openrouter", None),
        ("openrouter-c", None),
    ]
    assert kept(desk) == {"a": A, "openrouter": B, "openrouter-c": C}
    assert await desk.current() == "a"
    assert set(await desk.db.read(reports.all)) == {fingerprint(B), fingerprint(C)}


async def test_one_that_is_refused_does_not_keep_the_others_out(
    desk: Desk, client: OpenRouter, server: DemoServer, llm: dict[str, str]
) -> None:
    server.put_key(Secret(B), DemoKey(revoked=True))
    shelf = shelf_of(desk, client, llm)
    refused, fine = await shelf.import_keys((await shelf.found_elsewhere()).keys)

    assert isinstance(refused.error, KeyRejected)
    assert fine.error is None
    assert kept(desk) == {"openrouter-c": C}
    assert await desk.started() == "openrouter-c"


async def test_unchecked_keys_are_kept_without_asking(
    desk: Desk, client: OpenRouter, server: DemoServer, llm: dict[str, str]
) -> None:
    shelf = shelf_of(desk, client, llm)
    imported = await shelf.import_keys((await shelf.found_elsewhere()).keys, check=False)

    assert [item.added is not None and item.added.status is None for item in imported] == [True, True]
    assert server.requests == []


async def test_keys_that_are_kept_already_are_marked(desk: Desk, client: OpenRouter, llm: dict[str, str]) -> None:
    desk.keep(mine=B)
    found = (await shelf_of(desk, client, llm).found_elsewhere()).keys

    assert [key.kept_as for key in found] == ["mine", None]
