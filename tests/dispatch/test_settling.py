"""Every attempt is settled in the ledger, whatever became of it."""

from __future__ import annotations

import asyncio

import pytest

from orchat import errors
from orchat.demo.script import cut_after, error_event, fail, say, stall
from orchat.domain.events import Finished, TextDelta
from orchat.domain.money import Cost
from orchat.store.connection import Connection
from tests.support.events import end, shape
from tests.support.house import House

pytestmark = pytest.mark.anyio


async def test_the_books_are_closed_when_the_caller_hears_of_the_end(house: House) -> None:
    house.server.script(say("Hello"))
    async with house.stream() as stream:
        async for event in stream:
            if isinstance(event, Finished):
                today = await house.runtime.today()
                assert (today.attempts, today.finished) == (1, 1)
                assert today.cost_pico == event.cost.pico


async def test_leaving_early_stops_the_request_and_settles_what_it_may_have_cost(house: House) -> None:
    await house.runtime.models.refresh()
    house.server.script(stall(stage="body", text="Once upon a time", chars=16))
    async with house.stream() as stream:
        async for event in stream:
            if isinstance(event, TextDelta):
                break
    (entry,) = await house.entries()
    assert entry.settlement.outcome == "stopped"
    assert entry.settlement.usage is not None
    assert entry.settlement.usage.estimated
    assert entry.settlement.cost.source == "estimated"
    assert entry.settlement.cost.pico


async def test_a_cancelled_reader_leaves_no_open_row(house: House) -> None:
    house.server.script(stall(stage="headers"))

    async def read() -> None:
        await house.ask()

    task = asyncio.get_running_loop().create_task(read())
    await house.server.received(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (entry,) = await house.entries()
    assert entry.settlement.outcome == "stopped"
    assert entry.settlement.generation_id is None


async def test_the_generation_id_is_kept_as_soon_as_the_headers_are_here(house: House) -> None:
    house.server.script(stall(stage="first_byte"))
    async with house.stream() as stream:
        events = [await stream.__anext__()]
        reading = asyncio.get_running_loop().create_task(stream.__anext__())
        await house.server.received(1)
        while not (entries := await house.entries())[0].settlement.generation_id:
            await asyncio.sleep(0)
        assert entries[0].settlement.generation_id == house.server.chats[0].generation_id
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
    assert shape(events) == ["Attempted"]


async def test_a_server_that_names_no_cost_is_priced_live(house: House) -> None:
    await house.runtime.models.refresh()
    house.server.script(say("Hello", usage={"prompt_tokens": 100, "completion_tokens": 10, "cost": None}))
    events = await house.ask()
    pricing = await house.runtime.models.pricing("demo/writer")
    assert pricing is not None
    wanted = int((pricing.prices["prompt"] * 100 + pricing.prices["completion"] * 10) * 10**12)
    assert end(events).cost == Cost(pico=wanted, source="estimated")


async def test_prices_are_asked_for_once_where_none_were_ever_fetched(house: House) -> None:
    house.server.script(cut_after(5, text="Hello there"), cut_after(5, text="Hello there"))
    await house.fail()
    await house.fail()
    for entry in await house.entries():
        assert entry.settlement.cost.source == "estimated"
        assert entry.settlement.cost.pico
    assert sum(request.path.endswith("/models") for request in house.server.requests) == 1


async def test_without_prices_the_cost_is_unknown_and_not_nothing(house: House) -> None:
    house.server.script(fail(500), path="/models")
    house.server.script(say("Hello", usage={"prompt_tokens": 100, "completion_tokens": 10, "cost": None}))
    assert end(await house.ask()).cost == Cost(pico=None, source="unknown")
    assert (await house.runtime.today()).unknown_cost == 1


async def test_an_answering_model_that_the_catalogue_does_not_know_costs_what_was_asked_for(house: House) -> None:
    await house.runtime.models.refresh()
    house.server.script(
        say("Hello", model="acme/dated-slug", usage={"prompt_tokens": 100, "completion_tokens": 0, "cost": None})
    )
    pricing = await house.runtime.models.pricing("demo/writer")
    assert pricing is not None
    assert end(await house.ask()).cost.pico == int(pricing.prices["prompt"] * 100 * 10**12)


async def test_a_request_whose_row_cannot_be_written_is_not_sent(house: House) -> None:
    await house.runtime.parts.db.write(_without_ledger)
    with pytest.raises(errors.StoreError):
        await house.ask()
    assert not house.server.chats


async def test_a_failure_that_names_its_usage_is_charged_for_it(house: House) -> None:
    house.server.script(error_event("middle", shape="with_usage", text="Once"))
    _, error = await house.fail()
    assert isinstance(error, errors.StreamInterrupted)
    (entry,) = await house.entries()
    assert entry.settlement.usage == error.usage
    assert entry.settlement.cost.source == "reported"


async def test_an_answer_without_who_or_what_is_settled_all_the_same(house: House) -> None:
    house.server.script(stall(stage="first_byte"))
    async with house.stream() as stream:
        await stream.__anext__()
        reading = asyncio.get_running_loop().create_task(stream.__anext__())
        await house.server.received(1)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
    (entry,) = await house.entries()
    assert entry.settlement.model_used is None


def _without_ledger(connection: Connection) -> None:
    connection.execute("DROP TABLE attempts")
