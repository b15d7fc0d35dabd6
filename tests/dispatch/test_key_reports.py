"""What the server says of a key is kept, and puts free models aside when none of its requests is left."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orchat.demo.accounts import DemoKey
from orchat.dispatch.reconcile import Reconciler
from orchat.domain.scope import free_scope
from orchat.domain.secret import Secret
from orchat.errors import KeyRejected
from orchat.keys.ring import KeyLease
from orchat.store import holds, reports
from orchat.store.connection import Connection
from orchat.store.holds import Hold
from tests.support.clock import FakeClock
from tests.support.house import KEY, House
from tests.support.reconciling import document, house, lease, reconciler, report_of, server

__all__ = ["house", "lease", "reconciler", "server"]

pytestmark = pytest.mark.anyio

MIDNIGHT = (FakeClock().now() // 86_400 + 1) * 86_400


async def free_hold(house: House, lease: KeyLease) -> Hold | None:
    def read(connection: Connection) -> Hold | None:
        return holds.get(connection, free_scope(reports.account_of(connection, lease.fingerprint)))

    return await house.runtime.parts.db.read(read)


async def test_a_key_that_is_refused_does_not_hide_the_others(
    house: House, reconciler: Reconciler, lease: KeyLease
) -> None:
    house.server.put_key(KEY, DemoKey(revoked=True))
    other = Secret("sk-or-v1-" + "0ther0" * 10)
    reconciler.answered(lease)
    reconciler.answered(KeyLease(label="second", fingerprint=other.fingerprint, secret=other, source="given"))
    await reconciler.until_idle()

    assert await report_of(house, lease) is None
    assert other.fingerprint in await house.runtime.parts.db.read(reports.all)


async def test_a_question_on_demand_tells_why_it_failed(house: House, reconciler: Reconciler, lease: KeyLease) -> None:
    house.server.put_key(KEY, DemoKey(limit=Decimal(10)))
    assert (await reconciler.refresh(lease)).limit_remaining_pico == 10 * 10**12
    house.server.put_key(KEY, DemoKey(revoked=True))
    with pytest.raises(KeyRejected):
        await reconciler.refresh(lease)


async def test_whoever_shows_figures_hears_of_new_ones(house: House, reconciler: Reconciler, lease: KeyLease) -> None:
    heard: list[int] = []
    reconciler.changed = lambda: heard.append(1)
    await reconciler.refresh(lease)
    assert heard == [1]


async def test_free_models_are_put_aside_until_midnight_when_none_is_left(
    house: House, reconciler: Reconciler, lease: KeyLease
) -> None:
    house.server.put_key(KEY, DemoKey(free_per_day=1))
    await house.ask(model="demo/tiny:free")
    await reconciler.refresh(lease)
    hold = await free_hold(house, lease)

    assert hold is not None
    assert (hold.source, hold.until, hold.times) == ("report", MIDNIGHT, 1)
    await reconciler.refresh(lease)
    again = await free_hold(house, lease)
    assert again is not None
    assert again.times == 1

    house.clock.time = MIDNIGHT + 1
    await reconciler.refresh(lease)
    assert await free_hold(house, lease) is None


async def put_hold(house: House, lease: KeyLease) -> None:
    def put(connection: Connection) -> None:
        scope = free_scope(reports.account_of(connection, lease.fingerprint))
        holds.put(
            connection, scope, kind="RateLimited", reason="full", source="server", now=house.clock.now(), until=MIDNIGHT
        )

    await house.runtime.parts.db.write(put)


async def test_what_the_server_refused_is_not_lifted_by_its_late_count(
    house: House, reconciler: Reconciler, lease: KeyLease
) -> None:
    await reconciler.refresh(lease)
    await put_hold(house, lease)
    await reconciler.refresh(lease)
    hold = await free_hold(house, lease)
    assert hold is not None
    assert hold.source == "server"


@pytest.mark.parametrize("free", [None, {"used": 0, "limit": 0, "remaining": 0}])
async def test_an_account_that_is_told_no_limit_is_not_put_aside(
    house: House, reconciler: Reconciler, lease: KeyLease, free: object
) -> None:
    data = {"usage": 1} if free is None else {"usage": 1, "free_model_daily_requests": free}
    house.server.script(document({"data": data}), path="/key")
    await reconciler.refresh(lease)
    assert await free_hold(house, lease) is None
