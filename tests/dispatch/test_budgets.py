"""What may be spent: projected before it is sent, over all processes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from orchat import AsyncClient
from orchat.demo.accounts import DemoKey
from orchat.demo.script import fail, say, stall
from orchat.demo.server import DemoServer
from orchat.domain.content import message
from orchat.domain.events import BudgetNear, Event
from orchat.domain.money import PICO_PER_USD
from orchat.domain.request import ChatRequest
from orchat.errors import BudgetExceeded
from tests.support.clock import FakeClock
from tests.support.house import KEY, House, make_runtime
from tests.support.key_pool import FREE, PAID, Houses, kinds, terms

pytestmark = pytest.mark.anyio

DAY = 86_400.0
ANSWER_USD = 16_384 * 4e-6
"""The longest answer of the writer."""


def costs(usd: float) -> Any:
    return say("Hello", usage={"prompt_tokens": 1, "completion_tokens": 1, "cost": usd})


def near(events: list[Event]) -> list[BudgetNear]:
    return [event for event in events if isinstance(event, BudgetNear)]


@pytest.mark.parametrize("scope", ["day", "session", "key"])
async def test_a_budget_warns_then_refuses_and_may_be_overruled(
    scope: str, server: DemoServer, clock: FakeClock
) -> None:
    async with make_runtime(server, clock, **{f"budget__{scope}_usd": 1.0}) as runtime:
        await runtime.start()
        house = House(runtime, server, clock)
        server.script(costs(0.5), costs(0.4), costs(0.03), costs(0.03), costs(0.01))
        around = {"conversation_id": "c1"}
        assert not near(await house.ask(**around))
        assert not near(await house.ask(**around))
        (warned,) = near(events := await house.ask(**around))
        assert kinds(events) == ["BudgetNear", "Attempted", "Opened", "Finished"]
        assert (warned.scope, warned.limit_pico) == (scope, PICO_PER_USD)
        assert warned.spent_pico == 9 * PICO_PER_USD // 10
        assert warned.projected_pico is not None
        assert abs(warned.projected_pico / PICO_PER_USD - ANSWER_USD) < 0.0001
        assert near(await house.ask(**around))
        events, error = await house.fail(**around)
        assert isinstance(error, BudgetExceeded)
        assert not events
        assert (error.scope, error.limit_pico) == (scope, PICO_PER_USD)
        assert error.spent_pico == 96 * PICO_PER_USD // 100
        assert error.affordable_tokens is not None
        assert 9_900 < error.affordable_tokens < 10_000
        assert "$1.00" in error.message
        assert "$0.96" in error.message
        assert f"budget.{scope}_usd" in (error.hint or "")
        assert f"{error.affordable_tokens:,} tokens" in (error.hint or "")
        assert len(server.chats) == 4
        (overruled,) = near(await house.ask(over_budget=True, **around))
        assert overruled.spent_pico + (overruled.projected_pico or 0) > PICO_PER_USD
        assert len(server.chats) == 5


async def test_an_answer_as_short_as_the_error_says_fits(server: DemoServer, clock: FakeClock) -> None:
    async with make_runtime(server, clock, budget__day_usd=0.01) as runtime:
        await runtime.start()
        house = House(runtime, server, clock)
        _, error = await house.fail()
        assert isinstance(error, BudgetExceeded)
        request = ChatRequest(messages=(message("user", "hello"),), model=PAID)

        async def ask(tokens: int) -> None:
            from dataclasses import replace

            async with runtime.dispatcher.stream(replace(request, max_completion_tokens=tokens)) as stream:
                async for _ in stream:
                    pass

        assert error.affordable_tokens is not None
        with pytest.raises(BudgetExceeded):
            await ask(error.affordable_tokens + 1)
        await ask(error.affordable_tokens)


async def test_a_warning_is_given_once_for_a_request(server: DemoServer, clock: FakeClock) -> None:
    async with make_runtime(server, clock, budget__day_usd=1.0, budget__warn_at=0.0) as runtime:
        await runtime.start()
        server.script(fail(502), say("here"))
        events = await House(runtime, server, clock).ask()
        assert kinds(events) == ["BudgetNear", "Attempted", "Retrying", "Attempted", "Opened", "Finished"]


async def test_the_share_at_which_it_warns_is_a_setting(server: DemoServer, clock: FakeClock) -> None:
    async with make_runtime(server, clock, budget__day_usd=1.0, budget__warn_at=0.99) as runtime:
        await runtime.start()
        server.script(costs(0.9), say("Hello"))
        house = House(runtime, server, clock)
        await house.ask()
        assert not near(await house.ask())


async def test_an_unknown_price_projects_nothing_but_a_spent_budget_refuses_it(
    server: DemoServer, clock: FakeClock
) -> None:
    async with make_runtime(server, clock, budget__day_usd=0.01) as runtime:
        await runtime.start()
        house = House(runtime, server, clock)
        server.script(fail(500), path="/models")
        server.script(costs(0.009), costs(0.002))
        await house.ask()
        (warned,) = near(await house.ask(model="openrouter/auto"))
        assert warned.projected_pico is None
        _, error = await house.fail(model="openrouter/auto")
        assert isinstance(error, BudgetExceeded)
        assert (error.projected_pico, error.affordable_tokens) == (None, None)
        assert "used up" in error.message


async def test_a_free_model_never_meets_a_budget(server: DemoServer, clock: FakeClock) -> None:
    async with make_runtime(server, clock, budget__day_usd=0.01) as runtime:
        await runtime.start()
        house = House(runtime, server, clock)
        server.script(costs(0.5), say("free"))
        await house.ask(model="openrouter/auto")
        assert not near(await house.ask(model=FREE))


async def test_a_day_a_session_and_a_key_are_counted_apart(houses: Houses, demo: DemoServer, clock: FakeClock) -> None:
    terms(demo, first=DemoKey(), second=DemoKey())
    async with houses("first", "second", budget__session_usd=0.2, budget__key_usd=0.3) as house:
        demo.script(costs(0.19))
        await house.ask(conversation_id="c1")
        assert isinstance((await house.fail(conversation_id="c1"))[1], BudgetExceeded)
        demo.script(costs(0.1))
        await house.ask(conversation_id="c2")
        _, error = await house.fail(conversation_id="c3")
        assert isinstance(error, BudgetExceeded)
        assert error.scope == "key"
        # Without a session there is no budget of one; another key has one of its own.
        await house.ask(key_label="second")
        clock.advance(DAY)
        await house.ask(key_label="first")
        # A session has one budget for all its days.
        _, error = await house.fail(conversation_id="c1")
        assert isinstance(error, BudgetExceeded)
        assert error.scope == "session"


async def test_two_processes_together_do_not_exceed_a_budget(server: DemoServer, clock: FakeClock) -> None:
    budget = {"budget__day_usd": ANSWER_USD * 2.5}
    async with make_runtime(server, clock, **budget) as one, make_runtime(server, clock, **budget) as other:
        await one.start()
        await other.start()
        go = asyncio.Event()
        server.script(*[stall(until=go, text="Hello")] * 4)
        houses = [House(runtime, server, clock) for runtime in (one, other)]
        reading = [asyncio.get_running_loop().create_task(house.ask()) for house in houses * 2]
        await server.received(2)
        done, pending = await asyncio.wait(reading, return_when=asyncio.FIRST_EXCEPTION)
        while len(done) < 2:
            more, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_EXCEPTION)
            done |= more
        assert all(isinstance(task.exception(), BudgetExceeded) for task in done)
        assert len(server.chats) == 2
        go.set()
        await asyncio.gather(*pending)
        # What was reserved and not spent is free again.
        await houses[0].ask()


async def test_without_a_budget_no_price_is_asked_for(house: House) -> None:
    await house.ask()
    assert [request.path for request in house.server.requests] == ["/chat/completions"]


async def test_a_program_may_go_over_budget_too(server: DemoServer) -> None:
    settings = {"api.dialect": "openrouter", "models.default": PAID, "budget.day_usd": 0.001, "keys.reconcile": False}
    async with AsyncClient(api_key=KEY, base_url=server.base_url, settings=settings) as client:
        with pytest.raises(BudgetExceeded):
            await client.generate_text("hello")
        server.script(say("all the same"), say("again"))
        assert await client.generate_text("hello", over_budget=True) == "all the same"
        async with client.stream_text("hello", over_budget=True) as pieces:
            assert "".join([piece async for piece in pieces]) == "again"
        stats = await client.usage_stats()
        assert (stats.requests, stats.finished) == (2, 2)
