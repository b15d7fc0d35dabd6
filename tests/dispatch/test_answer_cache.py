"""An equal request is answered with what was kept, and only where that is wanted."""

from __future__ import annotations

import pytest

from orchat.demo.script import say
from orchat.demo.server import DemoServer
from orchat.domain.money import Cost
from tests.support.clock import FakeClock
from tests.support.events import end, shape
from tests.support.house import House, make_runtime

pytestmark = pytest.mark.anyio


async def test_an_equal_request_is_answered_from_the_cache_for_nothing(house: House) -> None:
    house.server.script(say("Hello", reasoning="hm"))
    first = await house.ask(use_cache=True)
    second = await house.ask(use_cache=True)
    assert len(house.server.chats) == 1
    assert shape(second) == ["Opened", "ReasoningDelta", "TextDelta", "Finished"]
    assert end(second).cached
    assert end(second).cost == Cost(pico=0, source="reported")
    assert end(second).reply.text == end(first).reply.text
    assert [entry.settlement.outcome for entry in await house.entries()] == ["done", "cached"]
    today = await house.runtime.today()
    assert today.attempts == 1


async def test_the_cache_is_opt_in_and_only_answers_equal_requests(house: House) -> None:
    house.server.script(say("one"), say("two"), say("three"))
    await house.ask("a", use_cache=True)
    assert end(await house.ask("a")).reply.text == "two"
    assert end(await house.ask("b", use_cache=True)).reply.text == "three"


async def test_an_answer_that_hit_its_limit_is_not_kept(house: House) -> None:
    house.server.script(say("cut of", finish="length"), say("whole"))
    await house.ask(use_cache=True)
    assert end(await house.ask(use_cache=True)).reply.text == "whole"


async def test_kept_answers_grow_old(server: DemoServer, clock: FakeClock) -> None:
    async with make_runtime(server, clock, cache__enabled=True, cache__ttl_s=60.0) as runtime:
        await runtime.start()
        house = House(runtime, server, clock)
        server.script(say("one"), say("two"))
        await house.ask()
        clock.advance(61)
        assert end(await house.ask()).reply.text == "two"
