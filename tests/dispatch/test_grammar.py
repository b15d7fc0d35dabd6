"""The grammar of events holds for whatever the server does."""

import re
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchat.demo.accounts import DemoKey
from orchat.demo.script import cut_after, empty200, error_event, fault, html200, say
from orchat.demo.server import DemoServer
from orchat.domain.events import (
    Attempted,
    BudgetNear,
    Event,
    FellBack,
    Finished,
    Opened,
    Queued,
    Retrying,
    SwitchedKey,
)
from orchat.errors import OrchatError
from tests.support.clock import FakeClock
from tests.support.house import House, keep_keys, make_runtime, ring_runtime
from tests.support.key_pool import terms

pytestmark = pytest.mark.anyio

SESSIONS = count()
LETTERS = {
    Queued: "Q",
    BudgetNear: "N",
    Attempted: "A",
    Retrying: "R",
    FellBack: "B",
    SwitchedKey: "S",
    Opened: "O",
    Finished: "F",
}
WHOLE = re.compile(r"(Q*(N*A[RBS]?|B|S))*OD*F")
BEGUN = re.compile(r"(Q*(N*A[RBS]?|B|S))*(Q*|OD*)")

STEPS = st.sampled_from(
    [
        say("Hello"),
        say("Hello", reasoning="hm", comments=3),
        say("", finish="length"),
        say("", reasoning="thought it all away", finish="length"),
        say("Hello", images=[b"png"], citations=[("https://a", "A")], tool_calls=[("f", "{}")]),
        cut_after(0),
        cut_after(5),
        cut_after(5, how="rst"),
        error_event("first"),
        error_event("middle"),
        error_event("only"),
        html200(),
        empty200(),
        fault("400-unknown-model"),
        fault("402-in-flight"),
        fault("404-images"),
        fault("429-retry-after"),
        fault("429-free-per-minute"),
        fault("502"),
        fault("503-retry-after"),
    ]
)


def spelled(events: list[Event]) -> str:
    return "".join(LETTERS.get(type(event), "D") for event in events)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=st.lists(STEPS, min_size=1, max_size=8), models=st.lists(st.sampled_from("bcd"), max_size=2))
async def test_every_stream_follows_the_grammar_and_every_attempt_is_settled(
    script: list[object], models: list[str]
) -> None:
    clock = FakeClock()
    async with DemoServer(pace=0) as server, make_runtime(server, clock, breaker__failures=1000) as runtime:
        await runtime.start()
        house = House(runtime, server, clock)
        session = f"session {next(SESSIONS)}"
        server.script(*script, *[say("the end")] * 20)  # type: ignore[arg-type]  # a list of steps
        events: list[Event] = []
        failure: OrchatError | None = None
        async with house.stream(fallbacks=tuple(f"demo/{name}" for name in models), conversation_id=session) as stream:
            try:
                async for event in stream:
                    events.append(event)
            except OrchatError as error:
                failure = error
        word = spelled(events)
        if failure is None:
            assert WHOLE.fullmatch(word), word
        else:
            assert BEGUN.fullmatch(word), word
            assert not word.endswith("F")
        entries = [entry for entry in await house.entries() if entry.attempt.conversation_id == session]
        assert len(entries) == word.count("A") == len(server.chats)
        assert all(entry.settlement.outcome in ("done", "failed", "cut") for entry in entries)


KEYS = st.sampled_from(
    [
        DemoKey(),
        DemoKey(free_per_minute=0),
        DemoKey(free_per_day=0),
        DemoKey(revoked=True),
        *(DemoKey(fault=fault(name)) for name in ("402-insufficient-credits", "403-key-limit", "402-in-flight")),
    ]
)
SETTINGS = st.fixed_dictionaries(
    {
        "keys__on_exhausted": st.sampled_from(["ask", "switch", "stop"]),
        "limits__free_per_minute": st.sampled_from([0, 1]),
        "limits__max_in_flight": st.sampled_from([0, 1]),
        "budget__day_usd": st.sampled_from([0.0, 0.001, 0.08]),
    }
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    keys=st.lists(KEYS, min_size=1, max_size=3),
    script=st.lists(STEPS, max_size=4),
    wanted=SETTINGS,
    model=st.sampled_from(["demo/writer", "demo/tiny:free"]),
)
async def test_the_grammar_holds_with_keys_limits_and_budgets(
    keys: list[DemoKey], script: list[Any], wanted: dict[str, Any], model: str, tmp_path: Path
) -> None:
    clock, number = FakeClock(), next(SESSIONS)
    labels = [f"{number} of {place}" for place in range(len(keys))]
    home = tmp_path / f"home {number}"
    home.mkdir()
    async with (
        DemoServer(pace=0, keys={}, clock=clock) as server,
        ring_runtime(server, clock, keep_keys(home, *labels), home=home, **wanted) as runtime,
    ):
        terms(server, **{label: replace(key, account=label) for label, key in zip(labels, keys, strict=True)})
        await runtime.start()
        house = House(runtime, server, clock)
        server.script(*script, *[say("the end")] * 30)
        asked = 0
        for _ in range(3):
            events, failure = await house.attempt(model=model, fallbacks=("demo/thinker",))
            word = spelled(events)
            assert (WHOLE if failure is None else BEGUN).fullmatch(word), word
            asked += word.count("A")
        entries = await house.entries()
        assert len(entries) == len(server.chats) == asked
        assert all(entry.settlement.outcome in ("done", "failed", "cut") for entry in entries)
