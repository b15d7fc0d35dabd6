"""What the server says later: about the key, and about answers whose cost was not certain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal

import pytest

from orchat.clock import utc_day
from orchat.demo.accounts import DemoKey
from orchat.demo.answer import Step
from orchat.demo.lookups import Page
from orchat.demo.script import cut_after, fail, raw, say
from orchat.demo.server import DemoServer
from orchat.demo.stage import Stage
from orchat.dispatch.reconcile import BETWEEN_RUNS_S, LONGEST_S, MOST_LOOKUPS, QUIET_S, Reconciler
from orchat.domain.ledger import Attempt, Settlement
from orchat.domain.money import Cost, Usage
from orchat.domain.scope import free_scope
from orchat.domain.secret import Secret
from orchat.errors import KeyRejected, StoreError, UpstreamFailed
from orchat.keys.ring import KeyLease
from orchat.runtime import Runtime
from orchat.store import holds, ledger, lookups, reports
from orchat.store.connection import Connection
from orchat.store.holds import Hold
from orchat.store.reports import Report
from tests.support.clock import FakeClock
from tests.support.house import KEY, House, clock, make_runtime

__all__ = ["clock"]

pytestmark = pytest.mark.anyio

GUESS = Settlement(
    outcome="cut",
    generation_id="gen-unknown",
    usage=Usage(prompt_tokens=10, completion_tokens=5, estimated=True),
    cost=Cost(pico=1, source="estimated"),
)
MIDNIGHT = (FakeClock().now() // 86_400 + 1) * 86_400


@pytest.fixture
async def server(anyio_backend: str, clock: FakeClock) -> AsyncIterator[DemoServer]:
    """One that knows the time of the test: a generation can be asked for only some time after its end."""
    async with DemoServer(pace=0, clock=clock) as running:
        yield running


@asynccontextmanager
async def opened(server: DemoServer, clock: FakeClock) -> AsyncIterator[House]:
    async with make_runtime(server, clock) as runtime:
        await runtime.start()
        yield House(runtime, server, clock)


@pytest.fixture
async def house(server: DemoServer, clock: FakeClock) -> AsyncIterator[House]:
    async with opened(server, clock) as found:
        yield found


@pytest.fixture
async def reconciler(house: House) -> AsyncIterator[Reconciler]:
    found = Reconciler(house.runtime.parts.ground, house.runtime.parts.ring)
    yield found
    await found.aclose()


@pytest.fixture
async def lease(house: House) -> KeyLease:
    return await house.runtime.lease()


def paths(server: DemoServer) -> list[str]:
    return [request.path for request in server.requests]


def asked(server: DemoServer) -> list[str]:
    """The generations that were asked for."""
    return [request.query["id"] for request in server.requests if request.path == "/generation"]


async def report_of(house: House, lease: KeyLease) -> Report | None:
    return await house.runtime.parts.db.read(reports.get, lease.fingerprint)


async def free_hold(house: House, lease: KeyLease) -> Hold | None:
    def read(connection: Connection) -> Hold | None:
        return holds.get(connection, free_scope(reports.account_of(connection, lease.fingerprint)))

    return await house.runtime.parts.db.read(read)


async def settled_row(house: House, settlement: Settlement = GUESS, *, fingerprint: str | None = None) -> int:
    """A row that was sent and settled now."""
    db, now = house.runtime.parts.db, house.clock.now()
    entry = Attempt(
        started_at=now, model="demo/writer", key_label="work", key_fingerprint=fingerprint or KEY.fingerprint
    )
    row = await db.write(ledger.begin, entry, house.runtime.parts.instance.id)
    await db.write(ledger.settle, row, settlement)
    return row


async def row_of(house: House, row: int) -> ledger.Entry:
    return next(entry for entry in await house.entries() if entry.id == row)


# ---- the key


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


class SlowClock(FakeClock):
    """Sleeping takes until somebody says that the time has come."""

    def __init__(self) -> None:
        super().__init__()
        self.wakes: list[asyncio.Future[None]] = []
        self.asleep = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.wakes.append(wake)
        self.asleep.set()
        await wake

    async def until_asleep(self) -> None:
        await self.asleep.wait()
        self.asleep.clear()


@pytest.fixture
def slow() -> SlowClock:
    return SlowClock()


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


# ---- the free requests of the account


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


# ---- rows whose cost is not certain


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


# ---- in a program


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


def document(value: object) -> Step:
    return Page(value=value)
