import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from orchat import errors, logs
from orchat.config import LogSettings
from orchat.demo.script import cut_after, empty200, error_event, fail, fault, html200, say, stall
from orchat.demo.server import DemoServer
from orchat.domain.events import (
    Attempted,
    Event,
    FellBack,
    Finished,
    Opened,
    Queued,
    Retrying,
    TextDelta,
)
from orchat.domain.money import Cost
from orchat.store.connection import Connection
from tests.support.clock import FakeClock
from tests.support.house import KEY, House, make_runtime

pytestmark = pytest.mark.anyio


def shape(events: list[Event]) -> list[str]:
    """The kinds of events, deltas joined."""
    names = [type(event).__name__ for event in events]
    return [name for index, name in enumerate(names) if index == 0 or names[index - 1] != name or "Delta" not in name]


def end(events: list[Event]) -> Finished:
    last = events[-1]
    assert isinstance(last, Finished)
    return last


async def test_a_good_answer_is_one_attempt_and_one_ledger_row(house: House) -> None:
    house.server.script(say("Hello there", provider="Acme"))
    events = await house.ask()
    assert shape(events) == ["Attempted", "Opened", "TextDelta", "Finished"]
    assert end(events).reply.text == "Hello there"
    (entry,) = await house.entries()
    assert entry.settlement.outcome == "done"
    assert entry.settlement.provider == "Acme"
    assert entry.settlement.generation_id == house.server.chats[0].generation_id
    assert entry.settlement.cost == end(events).cost
    assert entry.settlement.cost.source == "reported"
    assert (entry.attempt.key_label, entry.attempt.model, entry.attempt.number) == ("work", "demo/writer", 1)


async def test_the_books_are_closed_when_the_caller_hears_of_the_end(house: House) -> None:
    house.server.script(say("Hello"))
    async with house.stream() as stream:
        async for event in stream:
            if isinstance(event, Finished):
                today = await house.runtime.today()
                assert (today.attempts, today.finished) == (1, 1)
                assert today.cost_pico == event.cost.pico


async def test_every_attempt_leaves_two_lines_in_the_log_and_no_word_of_what_was_said(
    house: House, tmp_path: Path
) -> None:
    paths = replace(house.runtime.paths, log_dir=tmp_path / "logs")
    log = logs.configure(paths, LogSettings())
    house.server.script(fault("502"), say("the secret answer"))
    await house.ask("the secret question", conversation_id="c1")
    log.close()
    text = paths.log_file.read_text()
    lines = [json.loads(line) for line in text.splitlines() if '"attempt.' in line]
    assert [(line["event"], line.get("outcome"), line["conversation"]) for line in lines] == [
        ("attempt.sent", None, "c1"),
        ("attempt.settled", "failed", "c1"),
        ("attempt.sent", None, "c1"),
        ("attempt.settled", "done", "c1"),
    ]
    assert lines[0]["attempt"] == lines[1]["attempt"] != lines[2]["attempt"]
    for word in ("secret", KEY.reveal()):
        assert word not in text


async def test_a_failed_provider_is_asked_again_after_a_pause(house: House) -> None:
    house.server.script(fault("502"), fault("503"), say("at last"))
    events = await house.ask()
    assert shape(events) == [
        "Attempted",
        "Retrying",
        "Attempted",
        "Retrying",
        "Attempted",
        "Opened",
        "TextDelta",
        "Finished",
    ]
    assert [event.number for event in events if isinstance(event, Attempted)] == [1, 2, 3]
    delays = [event.delay_s for event in events if isinstance(event, Retrying)]
    assert delays == [0.5, 1.0]
    assert [slept for slept in house.clock.slept if slept in delays] == delays
    outcomes = [(entry.settlement.outcome, entry.settlement.cost.pico) for entry in await house.entries()]
    assert [outcome for outcome, _ in outcomes] == ["failed", "failed", "done"]
    assert outcomes[0][1] == outcomes[1][1] == 0


@pytest.mark.parametrize(
    "nothing",
    [error_event("only"), error_event("first"), html200(), empty200()],
    ids=["only an error", "an error first", "a page", "nothing"],
)
async def test_a_200_with_nothing_shown_counts_as_not_begun(house: House, nothing: object) -> None:
    house.server.script(nothing, say("fine"))  # type: ignore[arg-type]  # a table of steps
    events = await house.ask()
    assert shape(events) == ["Attempted", "Retrying", "Attempted", "Opened", "TextDelta", "Finished"]


async def test_what_was_shown_is_not_said_twice(house: House) -> None:
    house.server.script(cut_after(12, text="Once upon a time there was"), say("never asked"))
    events, error = await house.fail()
    assert isinstance(error, errors.StreamInterrupted)
    assert error.partial.text == "Once upon a "
    assert shape(events) == ["Attempted", "Opened", "TextDelta"]
    assert len(house.server.chats) == 1
    (entry,) = await house.entries()
    assert entry.settlement.outcome == "cut"
    assert entry.settlement.usage is not None
    assert entry.settlement.usage.estimated
    assert entry.settlement.generation_id == house.server.chats[0].generation_id


async def test_a_request_that_cannot_work_is_not_repeated(house: House) -> None:
    house.server.script(fault("400-unknown-model"), say("never asked"))
    events, error = await house.fail()
    assert isinstance(error, errors.ModelUnknown)
    assert shape(events) == ["Attempted"]
    (entry,) = await house.entries()
    assert (entry.settlement.outcome, entry.settlement.error_kind) == ("failed", "ModelUnknown")


async def test_after_its_retries_a_model_gives_way_to_the_next(house: House) -> None:
    house.server.script(fault("502"), fault("502"), fault("502"), say("I can"))
    events = await house.ask(fallbacks=("demo/thinker",))
    fell = next(event for event in events if isinstance(event, FellBack))
    assert (fell.from_model, fell.to_model) == ("demo/writer", "demo/thinker")
    assert [chat.body["model"] for chat in house.server.chats] == ["demo/writer"] * 3 + ["demo/thinker"]
    assert end(events).reply.text == "I can"


async def test_configured_fallbacks_serve_where_the_caller_names_none(server: DemoServer, clock: FakeClock) -> None:
    async with make_runtime(server, clock, models__fallbacks=("demo/thinker",)) as runtime:
        await runtime.start()
        server.script(fault("404-tools"), say("I can"))
        events = await House(runtime, server, clock).ask()
        assert any(isinstance(event, FellBack) for event in events)


async def test_a_rejected_key_stops_at_once(house: House) -> None:
    house.server.script(fault("401-bad-key"))
    _, error = await house.fail(fallbacks=("demo/thinker",))
    assert isinstance(error, errors.KeyRejected)
    assert len(house.server.chats) == 1
    (entry,) = await house.entries()
    assert (entry.settlement.outcome, entry.settlement.status, entry.settlement.cost.pico) == ("failed", 401, 0)


async def test_the_breaker_leaves_a_failing_model_alone_for_a_while(house: House) -> None:
    house.server.script(*[fault("502")] * 5)
    await house.fail()
    await house.fail()
    asked = len(house.server.chats)
    assert asked == 5
    _, error = await house.fail()
    assert isinstance(error, errors.CircuitOpen)
    assert "demo/writer" in str(error)
    assert len(house.server.chats) == asked
    assert len(await house.entries()) == asked


async def test_a_model_whose_circuit_is_open_gives_way_without_being_asked(house: House) -> None:
    house.server.script(*[fault("502")] * 5, say("here"))
    await house.fail()
    await house.fail()
    events = await house.ask(fallbacks=("demo/thinker",))
    assert shape(events) == ["FellBack", "Attempted", "Opened", "TextDelta", "Finished"]


async def test_a_lost_connection_does_not_count_against_the_model(server: DemoServer, clock: FakeClock) -> None:
    async with make_runtime(server, clock, api__base_url="http://127.0.0.1:9/v1", breaker__failures=1) as runtime:
        await runtime.start()
        house = House(runtime, server, clock)
        events, error = await house.fail()
        assert isinstance(error, errors.ConnectionFailed)
        assert len([event for event in events if isinstance(event, Retrying)]) == 3
        _, again = await house.fail()
        assert isinstance(again, errors.ConnectionFailed)


async def test_free_models_wait_for_a_slot_and_say_so(server: DemoServer, clock: FakeClock) -> None:
    async with make_runtime(server, clock, limits__free_per_minute=2) as runtime:
        await runtime.start()
        house = House(runtime, server, clock)
        server.script(say("1"), say("2"), say("3"))
        await house.ask(model="demo/tiny:free")
        await house.ask(model="demo/tiny:free")
        before = clock.now()
        events = await house.ask(model="demo/tiny:free")
        queued = events[0]
        assert isinstance(queued, Queued)
        assert 0 < queued.wait_s <= 60
        assert "2 requests a minute" in queued.reason
        assert clock.now() - before >= queued.wait_s


async def test_paid_models_do_not_wait_for_the_free_limit(server: DemoServer, clock: FakeClock) -> None:
    async with make_runtime(server, clock, limits__free_per_minute=1) as runtime:
        await runtime.start()
        house = House(runtime, server, clock)
        server.script(say("1"), say("2"))
        await house.ask()
        assert not any(isinstance(event, Queued) for event in await house.ask())


async def test_a_least_interval_holds_between_any_two_requests(server: DemoServer, clock: FakeClock) -> None:
    async with make_runtime(server, clock, limits__min_interval_s=5.0, limits__free_per_minute=0) as runtime:
        await runtime.start()
        house = House(runtime, server, clock)
        server.script(say("1"), say("2"))
        await house.ask(model="demo/tiny:free")
        events = await house.ask(model="demo/tiny:free")
        queued = events[0]
        assert isinstance(queued, Queued)
        assert 0 < queued.wait_s <= 5


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


async def test_the_limit_of_the_provider_is_waited_for_as_told(house: House) -> None:
    house.server.script(fault("429-retry-after"), say("now"))
    events = await house.ask()
    retrying = next(event for event in events if isinstance(event, Retrying))
    assert retrying.delay_s == 1


async def test_the_daily_limit_is_the_callers_to_know(house: House) -> None:
    house.server.script(fault("429-free-daily"))
    _, error = await house.fail(model="demo/tiny:free")
    assert isinstance(error, errors.RateLimited)
    assert error.scope == "free_day"
    assert error.resets_at
    assert len(house.server.chats) == 1


async def test_opened_tells_who_answers(house: House) -> None:
    house.server.script(say("Hello", model="demo/writer-20260101", provider="Acme"))
    opened = next(event for event in await house.ask() if isinstance(event, Opened))
    assert (opened.model, opened.provider) == ("demo/writer-20260101", "Acme")


async def test_a_status_nobody_knows_is_still_an_error(house: House) -> None:
    house.server.script(fail(418, message="short and stout"))
    _, error = await house.fail()
    assert isinstance(error, errors.RequestFailed)
    assert "short and stout" in str(error)


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
