"""When the server is asked after answers, and when it is not."""

from __future__ import annotations

import asyncio

import pytest

from orchat.clock import utc_day
from orchat.demo.script import cut_after, say
from orchat.demo.server import DemoServer
from orchat.dispatch.reconcile import LONGEST_S, QUIET_S, Reconciler
from orchat.domain.secret import Secret
from orchat.errors import StoreError
from orchat.keys.ring import KeyLease
from orchat.runtime import Runtime
from tests.support.clock import FakeClock
from tests.support.house import KEY, House, make_runtime
from tests.support.reconciling import (
    SlowClock,
    house,
    lease,
    opened,
    paths,
    reconciler,
    report_of,
    server,
    settled_row,
    slow,
)

__all__ = ["house", "lease", "reconciler", "server", "slow"]

pytestmark = pytest.mark.anyio


async def test_the_key_is_asked_about_once_after_a_burst(house: House, reconciler: Reconciler, lease: KeyLease) -> None:
    began = house.clock.time
    for _ in range(5):
        reconciler.answered(lease)
    await reconciler.until_idle()

    assert paths(house.server) == ["/key"]
    assert house.clock.time - began == QUIET_S
    report = await report_of(house, lease)
    assert report is not None
    assert (report.at, report.is_of_today(house.clock.now())) == (house.clock.now(), True)


async def test_every_key_of_a_burst_is_asked_about(house: House, reconciler: Reconciler, lease: KeyLease) -> None:
    other = Secret("sk-or-v1-" + "0ther0" * 10)
    second = KeyLease(label="second", fingerprint=other.fingerprint, secret=other, source="given")
    reconciler.answered(lease)
    reconciler.answered(second)
    await reconciler.until_idle()

    assert paths(house.server) == ["/key", "/key"]
    assert await report_of(house, second) is not None


async def test_nothing_runs_before_an_answer_nor_after_the_last_question(
    house: House, reconciler: Reconciler, lease: KeyLease
) -> None:
    await reconciler.until_idle()
    assert len(reconciler._tasks) == 0
    reconciler.answered(lease)
    assert len(reconciler._tasks) == 1
    await reconciler.until_idle()
    await asyncio.sleep(0)
    assert len(reconciler._tasks) == 0
    assert paths(house.server) == ["/key"]


async def test_an_answer_puts_the_question_off_but_not_for_ever(server: DemoServer, slow: SlowClock) -> None:
    async with opened(server, slow) as house:
        lease = await house.runtime.lease()
        reconciler = Reconciler(house.runtime.parts.ground, house.runtime.parts.ring)
        reconciler.answered(lease)
        for _ in range(round(LONGEST_S)):
            await slow.until_asleep()
            slow.advance(1.0)
            reconciler.answered(lease)
        await server.finished(1, path="/key")
        await reconciler.until_idle()
        await reconciler.aclose()

    assert paths(server) == ["/key"]
    assert slow.slept[:3] == [QUIET_S, QUIET_S, QUIET_S]
    assert slow.slept[-1] == 1.0


async def test_a_row_that_falls_due_earlier_does_not_hurry_the_question(server: DemoServer, slow: SlowClock) -> None:
    async with opened(server, slow) as house:
        lease = await house.runtime.lease()
        reconciler = Reconciler(house.runtime.parts.ground, house.runtime.parts.ring)
        await settled_row(house)
        reconciler.answered(lease)
        await slow.until_asleep()
        slow.advance(QUIET_S)
        slow.wakes[-1].set_result(None)
        await server.finished(1, path="/generation")
        await slow.until_asleep()
        assert slow.slept[-1] == 10.0
        slow.advance(9.0)
        reconciler.answered(lease)
        await slow.until_asleep()
        assert slow.slept[-1] == 1.0
        slow.advance(1.0)
        slow.wakes[-1].set_result(None)
        await server.finished(2, path="/generation")
        assert paths(server) == ["/key", "/generation", "/generation"]
        await slow.until_asleep()
        await reconciler.aclose()


async def test_leaving_breaks_off_what_is_waited_for(server: DemoServer, slow: SlowClock) -> None:
    async with opened(server, slow) as house:
        lease = await house.runtime.lease()
        reconciler = Reconciler(house.runtime.parts.ground, house.runtime.parts.ring)
        reconciler.answered(lease)
        await slow.until_asleep()
        await reconciler.aclose()
        await reconciler.aclose()
        reconciler.answered(lease)
        assert len(reconciler._tasks) == 0
    assert paths(server) == []


async def test_another_server_is_not_asked(server: DemoServer, clock: FakeClock) -> None:
    async with make_runtime(server, clock, api__dialect="openai") as runtime:
        await runtime.start()
        reconciler = Reconciler(runtime.parts.ground, runtime.parts.ring)
        reconciler.answered(await runtime.lease())
        await reconciler.until_idle()
    assert paths(server) == []


async def test_a_database_that_is_gone_ends_the_questions(
    house: House, reconciler: Reconciler, lease: KeyLease
) -> None:
    reconciler.answered(lease)
    parts = house.runtime.parts
    await parts.instance.release(parts.db)
    await parts.db.close()
    await reconciler.until_idle()
    with pytest.raises(StoreError):
        await reconciler.refresh(lease)


async def test_a_program_that_stays_compares_its_figures_after_an_answer(server: DemoServer, clock: FakeClock) -> None:
    async with make_runtime(server, clock, keys__reconcile=True) as runtime:
        await runtime.start()
        house = House(runtime, server, clock)
        server.script(say("Hello"), cut_after(20))
        await house.ask()
        await house.fail()
        reconciler = runtime.parts.reconciler
        assert reconciler is not None
        await reconciler.until_idle()
        lease = await runtime.lease()
        report = await report_of(house, lease)
        assert report is not None
        assert report.usage_daily_pico == (await runtime.today()).cost_pico
        assert {entry.settlement.cost.source for entry in await house.entries()} == {"reported"}
    assert utc_day(report.at) == utc_day(clock.now())


async def test_leaving_right_after_an_answer_waits_for_no_question(server: DemoServer, slow: SlowClock) -> None:
    async with make_runtime(server, slow, keys__reconcile=True) as runtime:
        await runtime.start()
        await House(runtime, server, slow).ask()
        await slow.until_asleep()
    assert [path for path in paths(server) if path != "/chat/completions"] == []


async def test_commands_and_whoever_does_not_want_it_ask_nothing(server: DemoServer, clock: FakeClock) -> None:
    async with make_runtime(server, clock) as runtime:
        await runtime.start()
        assert runtime.parts.reconciler is None
    settings = {"api.base_url": server.base_url, "api.dialect": "openrouter"}
    async with Runtime.create(front_end="ask", settings=settings, key=KEY, clock=clock) as runtime:
        await runtime.start()
        assert runtime.parts.reconciler is None
