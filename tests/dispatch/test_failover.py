"""A key that cannot serve: whose fault it is, and who takes over."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

import pytest

from orchat import errors
from orchat.demo.accounts import DemoKey
from orchat.demo.faults import fault
from orchat.demo.script import say
from orchat.demo.server import DemoServer
from orchat.demo.stage import Stage
from orchat.domain.events import Attempted, Event, FellBack, Finished, Queued, Retrying, SwitchedKey
from orchat.domain.scope import account_scope, free_scope, key_scope
from tests.support.clock import FakeClock
from tests.support.house import House, make_runtime
from tests.support.key_pool import (
    FREE,
    PAID,
    SWITCH,
    Houses,
    asked,
    held,
    kinds,
    only,
    print_of,
    prints,
    share_account,
    terms,
)

pytestmark = pytest.mark.anyio

MINUTE, DAY = 60.0, 86_400.0
DEAD = {
    "401": DemoKey(revoked=True),
    "402 credits": DemoKey(credits=Decimal(0)),
    "402 key limit": DemoKey(fault=fault("402-key-limit")),
    "403 key limit": DemoKey(limit=Decimal(0)),
    "403 budget": DemoKey(fault=fault("403-budget")),
    "403 management": DemoKey(is_management_key=True),
    "429 free day": DemoKey(free_per_day=0),
    "429 free minute": DemoKey(free_per_minute=0),
}


async def test_with_15_of_16_keys_dead_every_request_succeeds_and_no_dead_key_is_asked_twice(
    houses: Houses, demo: DemoServer
) -> None:
    labels = [f"k{number}" for number in range(16)]
    ways = list(DEAD.values())
    for number, label in enumerate(labels[:-1]):
        how = ways[number % len(ways)]
        fields = {name: getattr(how, name) for name in DemoKey.__dataclass_fields__}
        terms(demo, **{label: DemoKey(**{**fields, "account": label})})
    terms(demo, k15=DemoKey(account="alive", free_per_minute=99, free_per_day=99))
    for _ in range(3):
        async with houses(*labels, **SWITCH) as house:
            for _ in range(2):
                events = await house.ask(model=FREE)
                assert isinstance(events[-1], Finished)
                assert not any(isinstance(event, (Queued, Retrying, FellBack)) for event in events)
    counts = Counter(asked(demo))
    assert [counts.pop(print_of(label)) for label in labels[:-1]] == [1] * 15
    assert counts == {print_of("k15"): 6}


@pytest.mark.parametrize(
    ("name", "model", "kind", "scope", "lasts_s"),
    [
        ("401-bad-key", PAID, errors.KeyRejected, "key", 10 * MINUTE),
        ("403-management-key", PAID, errors.KeyRejected, "key", 10 * MINUTE),
        ("402-key-limit", PAID, errors.KeyLimitReached, "key", DAY),
        ("403-key-limit", PAID, errors.KeyLimitReached, "key", DAY),
        ("403-budget", PAID, errors.KeyLimitReached, "key", DAY),
        ("402-insufficient-credits", PAID, errors.CreditsExhausted, "account", 10 * MINUTE),
        ("429-free-daily", FREE, errors.RateLimited, "free", None),
    ],
)
async def test_a_refused_key_is_put_aside_and_the_user_is_told_who_would_come_next(
    name: str, model: str, kind: type[errors.OrchatError], scope: str, lasts_s: float | None, houses: Houses,
    demo: DemoServer, clock: FakeClock,
) -> None:  # fmt: skip
    terms(demo, first=DemoKey(fault=fault(name)), second=DemoKey(account="other"))
    until = (clock.now() // DAY + 1) * DAY if lasts_s is None else clock.now() + lasts_s
    async with houses("first", "second") as house:
        events, error = await house.fail(model=model)
        assert (type(error), kinds(events)) == (kind, ["Attempted"])
        (hold,) = (await held(house)).values()
        assert (hold.scope, hold.until, hold.source) == (f"{scope}:{print_of('first')}", until, "server")
        assert isinstance(error, (errors.KeysError, errors.RateLimited))
        assert error.next_label == "second"
        if isinstance(error, errors.KeysError):
            assert (error.until, error.scope, error.key_label) == (until, scope, "first")
        else:
            assert (error.resets_at, error.scope) == (until, "free_day")
        # Asked again, the server is spared, and the answer is the same.
        events, error = await house.fail(model=model)
        assert (type(error), kinds(events)) == (kind, [])
        assert isinstance(error, (errors.KeysError, errors.RateLimited))
        assert error.next_label == "second"
    assert asked(demo) == prints("first")


REQUEST_LEVEL = [
    "400-unknown-model",
    "400-context-length",
    "400-zod",
    "402-max-tokens",
    "402-prompt-tokens",
    "402-weight",
    "403-moderation",
    "403-guardrail",
    "403-harness",
    "403-region",
    "404-no-endpoints",
    "404-data-policy",
    "409",
    "413-html",
    "422",
    "429-upstream",
    "429-retry-after",
    "429-capacity",
    "500",
    "502",
    "503",
    "529",
]


@pytest.mark.parametrize("name", REQUEST_LEVEL)
async def test_what_is_not_the_keys_fault_is_neither_held_against_it_nor_tried_with_another(
    name: str, houses: Houses, demo: DemoServer
) -> None:
    terms(demo, first=DemoKey(), second=DemoKey(account="other"))
    async with houses("first", "second", **SWITCH) as house:
        demo.script(*[fault(name)] * 9)
        _, error = await house.fail()
        assert not isinstance(error, errors.KeysError)
        assert not await held(house)
    assert set(asked(demo)) == set(prints("first"))


async def test_another_key_takes_over_at_once_and_says_so(houses: Houses, demo: DemoServer, clock: FakeClock) -> None:
    terms(demo, first=DemoKey(revoked=True), second=DemoKey())
    async with houses("first", "second", **SWITCH) as house:
        events = await house.ask()
        assert kinds(events) == ["Attempted", "SwitchedKey", "Attempted", "Opened", "Finished"]
        switched = only(events, SwitchedKey)
        assert (switched.from_label, switched.to_label) == ("first", "second")
        assert isinstance(switched.error, errors.KeyRejected)
        attempts = [(event.number, event.key_label) for event in events if isinstance(event, Attempted)]
        assert attempts == [(1, "first"), (2, "second")]
        assert not clock.slept
        assert [(entry.attempt.key_label, entry.settlement.outcome) for entry in await house.entries()] == [
            ("first", "failed"),
            ("second", "done"),
        ]
        assert (await house.runtime.lease()).label == "second"
        assert kinds(await house.ask()) == ["Attempted", "Opened", "Finished"]


async def test_a_switch_takes_no_retry_away(houses: Houses, demo: DemoServer) -> None:
    terms(demo, first=DemoKey(revoked=True), second=DemoKey())
    async with houses("first", "second", **SWITCH) as house:
        demo.script(fault("502"), fault("502"), say("at last"))
        events = await house.ask()
        assert kinds(events).count("Retrying") == 2
        assert only(events, Finished).reply.text == "at last"


async def test_where_the_account_is_at_fault_its_other_keys_are_not_asked(houses: Houses, demo: DemoServer) -> None:
    poor = DemoKey(account="poor", credits=Decimal(0))
    terms(demo, first=poor, second=poor, third=DemoKey(account="rich"))
    async with houses("first", "second", "third", **SWITCH) as house:
        await house.runtime.lease()
        await share_account(house, "poor", "first", "second")
        await house.ask()
        assert list(await held(house)) == [account_scope("poor")]
    assert asked(demo) == prints("first", "third")


async def test_free_requests_of_an_account_that_are_used_up_leave_its_paid_ones_alone(
    houses: Houses, demo: DemoServer
) -> None:
    used_up = DemoKey(account="small", free_per_day=0)
    terms(demo, first=used_up, second=used_up, third=DemoKey(account="large"))
    async with houses("first", "second", "third", **SWITCH) as house:
        await house.runtime.lease()
        await share_account(house, "small", "first", "second")
        await house.ask(model=FREE)
        assert list(await held(house)) == [free_scope("small")]
        await house.runtime.switch_key("first")
        assert not await held(house)
        await house.ask(model=FREE)
        await house.ask(model=PAID, key_label="second")
    assert asked(demo) == prints("first", "third", "first", "third", "second")


async def test_a_paid_model_of_the_list_takes_over_where_no_account_has_free_requests_left(
    houses: Houses, demo: DemoServer
) -> None:
    terms(demo, first=DemoKey(free_per_day=0), second=DemoKey(account="other", free_per_day=0))
    async with houses("first", "second", **SWITCH) as house:
        events = await house.ask(model=FREE, fallbacks=("demo/other:free", PAID))
        assert kinds(events)[:4] == ["Attempted", "SwitchedKey", "Attempted", "FellBack"]
        assert only(events, FellBack).to_model == PAID


async def test_who_would_rather_be_asked_gets_the_paid_model_of_the_list(houses: Houses, demo: DemoServer) -> None:
    terms(demo, first=DemoKey(free_per_day=0), second=DemoKey(account="other"))
    async with houses("first", "second") as house:
        events = await house.ask(model=FREE, fallbacks=(PAID,))
        assert kinds(events) == ["Attempted", "FellBack", "Attempted", "Opened", "Finished"]
        # The hold is known by now: the server is not asked in vain.
        events = await house.ask(model=FREE, fallbacks=(PAID,))
        assert kinds(events) == ["FellBack", "Attempted", "Opened", "Finished"]
    assert set(asked(demo)) == set(prints("first"))


async def test_after_a_paid_model_took_over_its_own_refusals_may_switch_to_keys_without_free_requests(
    houses: Houses, demo: DemoServer
) -> None:
    first = DemoKey(free_per_day=0, account="one")
    second = DemoKey(account="two", fault=fault("429-free-daily"))
    terms(demo, first=first, second=second)
    async with houses("first", "second", **SWITCH) as house:
        async with house.stream(model=FREE, fallbacks=(PAID,)) as stream:
            events: list[Event] = []
            async for event in stream:
                events.append(event)
                if isinstance(event, FellBack):
                    terms(demo, second=DemoKey(account="two", revoked=True))
        assert kinds(events) == [
            "Attempted", "SwitchedKey", "Attempted", "FellBack", "Attempted", "SwitchedKey", "Attempted", "Opened",
            "Finished",
        ]  # fmt: skip
    assert asked(demo) == prints("first", "second", "second", "first")


async def test_requests_in_flight_are_waited_for_with_the_same_key(
    houses: Houses, demo: DemoServer, clock: FakeClock
) -> None:
    terms(demo, first=DemoKey(), second=DemoKey(account="other"))
    async with houses("first", "second", **SWITCH) as house:
        demo.script(fault("402-in-flight"), say("now"))
        events = await house.ask()
        assert kinds(events) == ["Attempted", "Retrying", "Attempted", "Opened", "Finished"]
        assert only(events, Retrying).delay_s == 3
    assert asked(demo) == prints("first", "first")


async def test_others_of_the_account_wait_for_the_requests_in_flight_too(
    houses: Houses, demo: DemoServer, clock: FakeClock
) -> None:
    terms(demo, first=DemoKey())
    async with houses("first", retry__attempts=0) as house:
        demo.script(fault("402-in-flight"), say("now"))
        _, error = await house.fail()
        assert isinstance(error, errors.RateLimited)
        events = await house.ask()
        assert [event.wait_s for event in events if isinstance(event, Queued)] == [3, 2, 1]


async def test_requests_in_flight_that_take_too_long_move_on_to_another_account(
    houses: Houses, demo: DemoServer
) -> None:
    terms(demo, first=DemoKey(fault=fault("402-in-flight")), second=DemoKey(account="other"))
    async with houses("first", "second", retry__retry_after_max_s=1.0, **SWITCH) as house:
        events = await house.ask()
        assert kinds(events) == ["Attempted", "SwitchedKey", "Attempted", "Opened", "Finished"]


async def test_stop_names_no_other_key(houses: Houses, demo: DemoServer) -> None:
    terms(demo, first=DemoKey(revoked=True), second=DemoKey())
    async with houses("first", "second", keys__on_exhausted="stop") as house:
        _, error = await house.fail()
        assert isinstance(error, errors.KeyRejected)
        assert (error.next_label, error.key_label) == (None, "first")
        assert error.until == house.clock.now() + 600


@pytest.mark.parametrize(
    ("configured", "wish", "switches", "next_label"),
    [
        ("stop", True, True, None),
        ("ask", True, True, None),
        ("switch", None, True, None),
        ("switch", False, False, "second"),
        ("ask", False, False, "second"),
        ("stop", False, False, None),
    ],
)
async def test_one_request_may_wish_otherwise(
    configured: str, wish: bool | None, switches: bool, next_label: str | None, houses: Houses, demo: DemoServer
) -> None:
    terms(demo, first=DemoKey(revoked=True), second=DemoKey())
    async with houses("first", "second", keys__on_exhausted=configured) as house:
        if switches:
            assert "SwitchedKey" in kinds(await house.ask(switch=wish))
            return
        _, error = await house.fail(switch=wish)
        assert isinstance(error, errors.KeyRejected)
        assert error.next_label == next_label


async def test_after_a_refusal_the_user_goes_on_with_the_next_key(houses: Houses, demo: DemoServer) -> None:
    terms(demo, first=DemoKey(revoked=True), second=DemoKey())
    async with houses("first", "second") as house:
        _, error = await house.fail()
        assert isinstance(error, errors.KeyRejected)
        lease = await house.runtime.switch_key()
        assert lease.label == error.next_label
        assert kinds(await house.ask()) == ["Attempted", "Opened", "Finished"]


async def test_a_key_that_was_named_pays(houses: Houses, demo: DemoServer) -> None:
    terms(demo, first=DemoKey(), second=DemoKey())
    async with houses("first", "second") as house:
        assert only(await house.ask(key_label="second"), Attempted).key_label == "second"
        assert only(await house.ask(key_label="second"), Attempted).key_label == "second"
        with pytest.raises(errors.NotFound):
            await house.ask(key_label="third")


@dataclass(frozen=True)
class Late:
    """A refusal that comes when the test says so."""

    go: asyncio.Event

    async def play(self, stage: Stage) -> None:
        await self.go.wait()
        await fault("401-bad-key").play(stage)


async def test_requests_that_fail_together_put_a_key_aside_once_and_all_go_on(houses: Houses, demo: DemoServer) -> None:
    go = asyncio.Event()
    terms(demo, first=DemoKey(fault=Late(go)), second=DemoKey(account="other"))
    async with houses("first", "second", **SWITCH) as house:
        reading = [asyncio.get_running_loop().create_task(house.ask()) for _ in range(3)]
        await demo.received(3)
        go.set()
        for events in await asyncio.gather(*reading):
            assert only(events, SwitchedKey).to_label == "second"
        hold = (await held(house))[key_scope(print_of("first"))]
        assert (hold.times, hold.until) == (1, house.clock.now() + 600)
        assert (await house.runtime.lease()).label == "second"
    assert Counter(asked(demo)) == {print_of("first"): 3, print_of("second"): 3}


async def test_a_key_given_by_a_program_has_no_successor(demo: DemoServer, clock: FakeClock) -> None:
    async with make_runtime(demo, clock, **SWITCH) as runtime:
        await runtime.start()
        house = House(runtime, demo, clock)
        for _ in range(2):
            _, error = await house.fail()
            assert isinstance(error, errors.KeyRejected)
            assert (error.next_label, error.key_label) == (None, "work")
    assert len(demo.chats) == 2
