"""The server is asked about a key when it is added and when it is tested."""

from __future__ import annotations

from decimal import Decimal
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
from orchat.keys.shelf import Shelf
from orchat.openrouter.client import OpenRouter
from orchat.store import holds, reports
from tests.support.clock import START
from tests.support.key_desk import ENV, A, B, Desk, fingerprint
from tests.support.shelf import kept, shelf_of

pytestmark = pytest.mark.anyio


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
