"""What is put aside, until when, and what is not."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orchat import errors
from orchat.demo.accounts import DemoKey
from orchat.demo.faults import fault
from orchat.demo.script import Step, fail
from orchat.demo.server import DemoServer
from orchat.domain.events import Queued, SwitchedKey
from orchat.domain.scope import account_scope, free_scope, key_scope
from orchat.store import holds
from tests.support.clock import FakeClock
from tests.support.key_pool import FREE, PAID, SWITCH, Houses, asked, held, kinds, only, print_of, prints, terms

pytestmark = pytest.mark.anyio

MINUTE, DAY = 60.0, 86_400.0


@pytest.mark.parametrize(
    "same",
    [fault("400-unknown-model"), fail(429, message="Too many requests from this address"), fault("401-bad-key")],
    ids=["bad model", "the address", "every key refused"],
)
@pytest.mark.parametrize("model", [PAID, FREE])
async def test_the_same_failure_on_all_keys_puts_none_aside(
    same: Step, model: str, houses: Houses, demo: DemoServer
) -> None:
    labels = ("first", "second", "third")
    terms(demo, **{label: DemoKey(account=label, fault=same) for label in labels})
    async with houses(*labels, **SWITCH) as house:
        _, error = await house.fail(model=model)
        assert not isinstance(error, errors.NoKeys)
        assert not isinstance(error, errors.KeysError) or error.until is None
        assert not await held(house)
        await house.fail(model=model)
        assert not await held(house)


async def test_marks_that_are_undone_leave_what_stood_there_before(
    houses: Houses, demo: DemoServer, clock: FakeClock
) -> None:
    terms(demo, first=DemoKey(revoked=True), second=DemoKey(account="other"))
    async with houses("first", "second", **SWITCH) as house:
        await house.ask()
        before = (await held(house))[key_scope(print_of("first"))]
        clock.advance(11 * MINUTE)
        terms(demo, second=DemoKey(account="other", revoked=True))
        await house.fail()
        assert not await held(house)
        found = await house.runtime.parts.db.read(holds.get, key_scope(print_of("first")))
        assert found == before
        assert await house.runtime.parts.db.read(holds.get, key_scope(print_of("second"))) is None


async def test_keys_that_fail_in_different_ways_stay_aside(houses: Houses, demo: DemoServer) -> None:
    terms(demo, first=DemoKey(revoked=True), second=DemoKey(account="other", credits=Decimal(0)))
    async with houses("first", "second", **SWITCH) as house:
        _, error = await house.fail()
        assert isinstance(error, errors.CreditsExhausted)
        assert set(await held(house)) == {key_scope(print_of("first")), account_scope(print_of("second"))}
    assert asked(demo) == prints("first", "second")


async def test_the_first_success_clears_what_was_held(houses: Houses, demo: DemoServer, clock: FakeClock) -> None:
    terms(demo, first=DemoKey(revoked=True))
    async with houses("first") as house:
        db, scope = house.runtime.parts.db, key_scope(print_of("first"))
        for times, minutes in ((1, 10), (2, 20), (3, 40)):
            await house.fail()
            hold = (await held(house))[scope]
            assert (hold.times, hold.until) == (times, clock.now() + minutes * MINUTE)
            clock.advance(minutes * MINUTE)
        await db.write(holds.put, account_scope(print_of("first")), kind="CreditsExhausted", reason="no",
                       source="server", now=clock.now() - 9, until=clock.now() - 1)  # fmt: skip
        await db.write(holds.put, free_scope(print_of("first")), kind="free_day", reason="no",
                       source="server", now=clock.now(), until=clock.now() + DAY)  # fmt: skip
        terms(demo, first=DemoKey())
        await house.ask()
        assert await db.read(holds.get, scope) is None
        assert await db.read(holds.get, account_scope(print_of("first"))) is None
        assert list(await held(house)) == [free_scope(print_of("first"))]
        clock.advance(DAY)
        await house.ask(model=FREE)
        assert await db.read(holds.get, free_scope(print_of("first"))) is None


async def test_a_hold_is_seen_by_another_process(houses: Houses, demo: DemoServer) -> None:
    terms(demo, first=DemoKey(), second=DemoKey(account="other"))
    async with houses("first", "second") as one, houses("first", "second", **SWITCH) as other:
        await one.ask()
        await other.ask()
        terms(demo, first=DemoKey(revoked=True))
        await one.fail()
        # The other one has the same key, but need not ask the server to know.
        events = await other.ask()
        assert kinds(events) == ["SwitchedKey", "Attempted", "Opened", "Finished"]
        assert "User not found" in only(events, SwitchedKey).error.message
        async with houses("first", "second") as third:
            assert (await third.runtime.lease()).label == "second"
    assert asked(demo) == prints("first", "first", "first", "second")


async def test_the_only_key_is_asked_although_it_is_put_aside(houses: Houses, demo: DemoServer) -> None:
    terms(demo, first=DemoKey(fault=fault("402-insufficient-credits")))
    async with houses("first") as house:
        for _ in range(2):
            events, error = await house.fail()
            assert (kinds(events), type(error)) == (["Attempted"], errors.CreditsExhausted)
        (hold,) = (await held(house)).values()
        assert hold.times == 1
        terms(demo, first=DemoKey())
        await house.ask()
        assert not await held(house)


async def test_where_all_keys_are_put_aside_the_server_is_asked_once_more(houses: Houses, demo: DemoServer) -> None:
    terms(demo, first=DemoKey(), second=DemoKey(account="other"))
    async with houses("first", "second", **SWITCH) as house:
        await house.ask()
        db, now = house.runtime.parts.db, house.clock.now()
        for label in ("first", "second"):
            await db.write(holds.put, key_scope(print_of(label)), kind="KeyRejected", reason="no", source="server",
                           now=now, until=now + 600)  # fmt: skip
        await house.ask()
        assert list(await held(house)) == [key_scope(print_of("second"))]


async def test_the_only_key_waits_for_its_free_requests_in_silence(houses: Houses, demo: DemoServer) -> None:
    terms(demo, first=DemoKey(free_per_day=0))
    async with houses("first") as house:
        for _ in range(2):
            _, error = await house.fail(model=FREE)
            assert isinstance(error, errors.RateLimited)
            assert (error.scope, error.next_label) == ("free_day", None)
    assert asked(demo) == prints("first")


async def test_a_full_minute_that_another_process_met_is_waited_for_with_a_countdown(
    houses: Houses, demo: DemoServer, clock: FakeClock
) -> None:
    terms(demo, first=DemoKey())
    async with houses("first") as house:
        await house.runtime.lease()
        await house.runtime.parts.db.write(
            holds.put, free_scope(print_of("first")), kind="free_minute", reason="the minute is full",
            source="server", now=clock.now(), until=clock.now() + 9.5,
        )  # fmt: skip
        events = await house.ask(model=FREE)
        waits = [event.wait_s for event in events if isinstance(event, Queued)]
        assert waits == [9.5, 8.5, 7.5, 6.5, 5.5, 4.5, 3.5, 2.5, 1.5, 0.5]
        assert kinds(events)[10:] == ["Attempted", "Opened", "Finished"]


async def test_a_full_minute_moves_on_to_another_account(houses: Houses, demo: DemoServer, clock: FakeClock) -> None:
    terms(demo, first=DemoKey(free_per_minute=0), second=DemoKey(account="other"))
    async with houses("first", "second", **SWITCH) as house:
        events = await house.ask(model=FREE)
        assert kinds(events) == ["Attempted", "SwitchedKey", "Attempted", "Opened", "Finished"]
        assert not clock.slept
        (hold,) = (await held(house)).values()
        assert (hold.scope, hold.until) == (free_scope(print_of("first")), clock.now() + 60)
