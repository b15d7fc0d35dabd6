"""Answers whose cost was not certain get the cost that the server charged."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from orchat.demo.accounts import DemoKey
from orchat.demo.answer import Step
from orchat.demo.script import cut_after, fail, raw
from orchat.demo.stage import Stage
from orchat.dispatch.reconcile import BETWEEN_RUNS_S, MOST_LOOKUPS, Reconciler
from orchat.domain.money import Cost
from orchat.errors import UpstreamFailed
from orchat.keys.ring import KeyLease
from orchat.store import ledger, lookups
from tests.support.clock import FakeClock
from tests.support.house import KEY, House
from tests.support.reconciling import GUESS, asked, document, house, lease, reconciler, server, settled_row

__all__ = ["house", "lease", "reconciler", "server"]

pytestmark = pytest.mark.anyio


async def row_of(house: House, row: int) -> ledger.Entry:
    return next(entry for entry in await house.entries() if entry.id == row)


async def test_a_cut_answer_gets_the_cost_that_the_server_charged(
    house: House, reconciler: Reconciler, lease: KeyLease
) -> None:
    house.server.script(cut_after(20))
    await house.fail()
    (before,) = await house.entries()
    assert before.settlement.cost.source == "estimated"
    assert before.settlement.usage is not None
    assert before.settlement.usage.estimated

    reconciler.answered(lease)
    await reconciler.until_idle()
    (after,) = await house.entries()

    assert asked(house.server) == [before.settlement.generation_id]
    assert after.settlement.cost.source == "reported"
    assert after.settlement.cost.pico != before.settlement.cost.pico
    assert after.settlement.usage is not None
    assert not after.settlement.usage.estimated
    assert after.settlement.outcome == "cut"


async def test_a_generation_that_is_not_there_yet_is_asked_for_ever_more_seldom_and_then_never(
    house: House, reconciler: Reconciler, lease: KeyLease
) -> None:
    began = house.clock.time
    row = await settled_row(house)
    times: list[float] = []
    house.server.script(*[noted(times, clock=house.clock) for _ in range(9)], path="/generation")
    reconciler.answered(lease)
    await reconciler.until_idle()

    assert [at - began for at in times] == [2.0, 12.0, 72.0, 372.0, 2172.0]
    assert (await row_of(house, row)).settlement.cost == GUESS.cost
    assert await house.runtime.parts.db.read(lookups.waiting) == {}
    reconciler.answered(lease)
    await reconciler.until_idle()
    assert len(times) == 5


def noted(times: list[float], *, clock: FakeClock) -> Step:
    """A 404 that remembers when it was asked for."""

    class Noted:
        async def play(self, stage: Stage) -> None:
            times.append(clock.now())
            await fail(404).play(stage)

    return Noted()


async def test_a_run_is_bounded_and_what_is_left_waits(house: House, reconciler: Reconciler, lease: KeyLease) -> None:
    for number in range(MOST_LOOKUPS + 3):
        await settled_row(house, replace(GUESS, generation_id=f"gen-{number}"))
    times: list[float] = []
    house.server.script(*[noted(times, clock=house.clock) for _ in range(MOST_LOOKUPS + 3)], path="/generation")
    house.clock.advance(2.0)
    assert await reconciler.look_up_due() == 0
    assert len(times) == MOST_LOOKUPS
    assert set(times) == {house.clock.now()}
    assert reconciler._lookup_at == house.clock.now() + BETWEEN_RUNS_S
    assert await reconciler.look_up_due() == 0
    assert len(times) == MOST_LOOKUPS + 3
    assert asked(house.server) == [f"gen-{number}" for number in range(MOST_LOOKUPS + 3)]


async def test_a_row_whose_key_is_elsewhere_is_left_for_whoever_has_it(
    house: House, reconciler: Reconciler, lease: KeyLease
) -> None:
    await settled_row(house, fingerprint="00000000")
    reconciler.answered(lease)
    await reconciler.until_idle()

    assert asked(house.server) == []
    waiting = await house.runtime.parts.db.read(lookups.waiting)
    assert set(waiting) == {"00000000"}


async def test_a_server_that_cannot_be_asked_is_left_alone_until_the_next_answer(
    house: House, reconciler: Reconciler, lease: KeyLease
) -> None:
    await settled_row(house)
    await settled_row(house, replace(GUESS, generation_id="gen-second"))
    house.server.script(document({"data": {"usage": 1}}), path="/key")
    house.server.script(fail(503), path="/generation")
    reconciler.answered(lease)
    await reconciler.until_idle()

    assert asked(house.server) == ["gen-unknown"]
    waiting = await house.runtime.parts.db.read(lookups.waiting)
    assert waiting[KEY.fingerprint] <= house.clock.now()
    reconciler.answered(lease)
    await server_asked(house, "gen-second")


async def server_asked(house: House, generation_id: str) -> None:
    count = len(asked(house.server))
    while generation_id not in asked(house.server):
        count += 1
        await house.server.finished(count, path="/generation")


async def test_whoever_asks_hears_that_the_server_cannot_be_asked(house: House, reconciler: Reconciler) -> None:
    await house.runtime.lease()
    await settled_row(house)
    house.clock.advance(2.0)
    house.server.script(raw(b"not JSON"), path="/generation")
    with pytest.raises(UpstreamFailed):
        await reconciler.look_up_due()


async def test_a_dead_key_is_asked_with_only_once(house: House, reconciler: Reconciler, lease: KeyLease) -> None:
    for number in range(3):
        await settled_row(house, replace(GUESS, generation_id=f"gen-{number}"))
    house.server.put_key(KEY, DemoKey(revoked=True))
    reconciler.answered(lease)
    await reconciler.until_idle()
    assert asked(house.server) == ["gen-0"]


@pytest.mark.parametrize("data", [{"total_cost": None}, {"tokens_prompt": 3}, {}])
async def test_an_answer_without_a_cost_changes_nothing(
    house: House, reconciler: Reconciler, lease: KeyLease, data: object
) -> None:
    row = await settled_row(house)
    house.clock.advance(2.0)
    house.server.script(document({"data": data}), path="/generation")
    assert await reconciler.look_up_due() == 0
    assert (await row_of(house, row)).settlement.cost == GUESS.cost


async def test_a_cost_without_tokens_keeps_the_tokens_that_we_counted(
    house: House, reconciler: Reconciler, lease: KeyLease
) -> None:
    row = await settled_row(house)
    house.clock.advance(2.0)
    house.server.script(document({"data": {"total_cost": 0}}), path="/generation")
    assert await reconciler.look_up_due() == 1
    settlement = (await row_of(house, row)).settlement
    assert settlement.cost == Cost(pico=0, source="reported")
    assert settlement.usage is not None
    assert (settlement.usage.prompt_tokens, settlement.usage.estimated) == (10, True)


async def test_two_programs_ask_for_a_row_once(house: House, lease: KeyLease) -> None:
    await settled_row(house)
    house.clock.advance(2.0)
    parts = house.runtime.parts
    both = [Reconciler(parts.ground, parts.ring) for _ in range(2)]
    await asyncio.gather(*(each.look_up_due() for each in both))
    assert asked(house.server) == ["gen-unknown"]
