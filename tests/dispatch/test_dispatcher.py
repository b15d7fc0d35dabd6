"""How a request is answered: retries, fallbacks, breaker, waits."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from orchat import errors, logs
from orchat.config import LogSettings
from orchat.demo.script import cut_after, empty200, error_event, fail, fault, html200, say
from orchat.demo.server import DemoServer
from orchat.domain.events import Attempted, FellBack, Opened, Queued, Retrying
from tests.support.clock import FakeClock
from tests.support.events import end, shape
from tests.support.house import KEY, House, make_runtime

pytestmark = pytest.mark.anyio


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
