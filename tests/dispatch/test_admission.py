"""The wait for a turn: countdown, order, cancellation, and what it costs a request that need not wait."""

from __future__ import annotations

import asyncio

import pytest

from orchat.config import Config
from orchat.demo.accounts import DemoKey
from orchat.demo.faults import fault
from orchat.demo.script import say, stall
from orchat.demo.server import DemoServer
from orchat.dispatch.admission import Admission, Terms
from orchat.domain.events import Attempted, Event, Finished, Queued
from orchat.domain.ledger import Attempt
from orchat.errors import StoreError
from orchat.store.connection import Connection
from orchat.store.reservations import Claim, Limits
from tests.support.clock import FakeClock
from tests.support.house import House, make_runtime
from tests.support.key_pool import FREE, Houses, kinds, share_account, terms

pytestmark = pytest.mark.anyio


def waits(events: list[Event]) -> list[float]:
    return [event.wait_s for event in events if isinstance(event, Queued)]


def line(connection: Connection) -> int:
    """How many stand in the queue."""
    return int(connection.execute("SELECT count(*) FROM queue").fetchone()[0])


async def queued(house: House) -> int:
    return await house.runtime.parts.db.read(line)


async def test_a_request_that_waits_counts_down_every_second(
    house: House, server: DemoServer, clock: FakeClock
) -> None:
    async with make_runtime(server, clock, limits__min_interval_s=4.5) as runtime:
        await runtime.start()
        hurried = House(runtime, server, clock)
        await hurried.ask()
        events = await hurried.ask()
        assert waits(events) == [4.5, 3.5, 2.5, 1.5, 0.5]
        assert kinds(events)[5:] == ["Attempted", "Opened", "Finished"]
        assert await queued(house) == 0


async def test_the_free_minute_is_counted_for_the_account_over_all_its_keys_and_processes(
    houses: Houses, demo: DemoServer, clock: FakeClock
) -> None:
    mine = DemoKey(account="mine", free_per_minute=99, free_per_day=99)
    terms(demo, first=mine, second=mine, third=DemoKey(account="another", free_per_minute=99))
    settings = {"limits__free_per_minute": 2}
    async with (
        houses("first", "second", "third", **settings) as one,
        houses("first", "second", "third", **settings) as other,
    ):
        await one.runtime.lease()
        await share_account(one, "mine", "first", "second")
        await one.ask(model=FREE)
        await other.ask(model=FREE, key_label="second")
        assert not waits(await one.ask(model=FREE, key_label="third"))
        assert not waits(await one.ask(key_label="first"))
        before = clock.now()
        events = await other.ask(model=FREE)
        assert waits(events)[0] == 60
        assert clock.now() - before == 60


async def test_no_more_requests_of_a_key_run_at_once_than_allowed(server: DemoServer, clock: FakeClock) -> None:
    async with make_runtime(server, clock, limits__max_in_flight=1) as runtime:
        await runtime.start()
        house = House(runtime, server, clock)
        go = asyncio.Event()
        server.script(stall(until=go, text="one"), say("two"))
        first = asyncio.get_running_loop().create_task(house.ask())
        await server.received(1)
        async with house.stream() as stream:
            event = await stream.__anext__()
            assert isinstance(event, Queued)
            assert "1 requests of this key" in event.reason
            assert len(server.chats) == 1
            go.set()
            rest = [event async for event in stream]
        assert isinstance(rest[-1], Finished)
        assert isinstance((await first)[-1], Finished)
        assert await queued(house) == 0


async def test_requests_that_wait_go_in_the_order_in_which_they_came(server: DemoServer, clock: FakeClock) -> None:
    async with make_runtime(server, clock, limits__max_in_flight=1) as runtime:
        await runtime.start()
        house = House(runtime, server, clock)
        go = asyncio.Event()
        server.script(stall(until=go, text="one"))
        first = asyncio.get_running_loop().create_task(house.ask("0"))
        await server.received(1)
        streams = [house.stream(str(number)) for number in (1, 2, 3)]
        for place, stream in enumerate(streams):
            event = await stream.__anext__()
            assert isinstance(event, Queued)
            assert event.ahead == place
        go.set()

        async def rest(number: int) -> None:
            async with streams[number] as stream:
                async for _ in stream:
                    pass

        # The last one asks first, and still goes last.
        await asyncio.gather(rest(2), rest(1), rest(0), first)
        assert [chat.body["messages"][0]["content"] for chat in server.chats] == ["0", "1", "2", "3"]


async def test_a_request_that_is_given_up_leaves_the_queue(server: DemoServer, clock: FakeClock) -> None:
    async with make_runtime(server, clock, limits__min_interval_s=60.0) as runtime:
        await runtime.start()
        house = House(runtime, server, clock)
        await house.ask()
        async with house.stream() as stream:
            assert isinstance(await stream.__anext__(), Queued)
            assert await queued(house) == 1
        assert await queued(house) == 0
        assert len(await house.entries()) == 1


async def test_a_request_that_is_cancelled_as_it_waits_leaves_the_queue(server: DemoServer) -> None:
    clock = StoppedClock()
    async with make_runtime(server, clock, limits__min_interval_s=60.0) as runtime:
        await runtime.start()
        house = House(runtime, server, clock)
        await house.ask()
        reading = asyncio.get_running_loop().create_task(house.ask())
        await clock.asleep.wait()
        assert await queued(house) == 1
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert await queued(house) == 0


class StoppedClock(FakeClock):
    """A clock on which no sleep ends."""

    def __init__(self) -> None:
        super().__init__()
        self.asleep = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.asleep.set()
        await asyncio.Event().wait()


def claim(house: House, **limits: float) -> Claim:
    attempt = Attempt(started_at=0.0, model=FREE, key_label="work", key_fingerprint="k")
    return Claim(
        attempt=attempt,
        owner=house.runtime.parts.ground.owner,
        limits=Limits(min_interval_s=limits.get("interval", 0.0)),
    )


@pytest.mark.parametrize("interval", [0.0, 60.0], ids=["granted", "told to wait"])
async def test_what_is_given_out_to_someone_who_has_just_left_is_given_back(house: House, interval: float) -> None:
    admission = Admission(house.runtime.parts.ground, claim(house))
    assert await admission.ask() is None
    late = Admission(house.runtime.parts.ground, claim(house, interval=interval))
    asking = asyncio.get_running_loop().create_task(late.ask())
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await late.leave()
    await house.runtime.parts.ground.tasks.close(cancel=False)
    outcomes = [(entry.settlement.outcome, entry.settlement.cost.pico) for entry in await house.entries()]
    assert outcomes == [("open", None), ("stopped", 0)][: 1 if interval else 2]
    assert await queued(house) == 0


async def test_a_question_that_fails_after_its_caller_left_is_nobodys_concern(house: House) -> None:
    await house.runtime.parts.db.write(_without_ledger)
    late = Admission(house.runtime.parts.ground, claim(house))
    asking = asyncio.get_running_loop().create_task(late.ask())
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await house.runtime.parts.ground.tasks.close(cancel=False)
    with pytest.raises(StoreError):
        await late.ask()


def _without_ledger(connection: Connection) -> None:
    connection.execute("DROP TABLE attempts")


async def test_whoever_leaves_before_the_request_is_sent_pays_nothing(house: House) -> None:
    async with house.stream() as stream:
        assert isinstance(await stream.__anext__(), Attempted)
    (entry,) = await house.entries()
    assert (entry.settlement.outcome, entry.settlement.cost.pico) == ("stopped", 0)
    assert not house.server.chats


async def test_a_wait_takes_no_time_away_from_the_retries(server: DemoServer, clock: FakeClock) -> None:
    async with make_runtime(server, clock, limits__min_interval_s=100.0, retry__attempts=1) as runtime:
        await runtime.start()
        house = House(runtime, server, clock)
        await house.ask()
        server.script(fault("502"), say("here"))
        assert isinstance((await house.ask())[-1], Finished)


async def test_an_ordinary_request_writes_no_more_often_than_it_has_to(house: House) -> None:
    await house.ask()
    said: list[str] = []
    await house.runtime.parts.db.read(_listen, said.append)
    await house.ask()
    await house.settled()
    await house.runtime.parts.db.read(_listen, None)
    # Reserve, note the generation id, settle.
    assert sum(statement.startswith("BEGIN IMMEDIATE") for statement in said) == 3
    assert not any(request.path.endswith("/models") for request in house.server.requests)


def _listen(connection: Connection, hear: object) -> None:
    connection.set_trace_callback(hear)  # type: ignore[arg-type]  # a listener or None


def test_terms_without_budgets_have_none() -> None:
    assert Terms.of(Config()).budgets == ()
