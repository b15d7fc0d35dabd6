"""What is known of several answers while they arrive, without a screen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
from textual.content import Content

from orchat.chat.books import Wish
from orchat.chat.service import Conversations
from orchat.demo.answer import Step
from orchat.demo.script import cut_after, fault, say
from orchat.demo.server import DemoServer
from orchat.domain.catalog import Pricing
from orchat.domain.conversation import Draft
from orchat.domain.money import UNKNOWN_COST, Cost
from orchat.runtime import Runtime
from orchat.tui import changes
from orchat.tui.changes import Change, Prompt
from orchat.tui.comparing import Comparing, Contest
from orchat.tui.tally import Tally, answer_cost, projected, total
from orchat.tui.widgets.column import TabLine, fits_columns
from tests.support.clock import START
from tests.support.compare import THINKER, WRITER, script
from tests.support.screen import screen_runtime

pytestmark = pytest.mark.anyio

MODELS = (WRITER, THINKER)
PRICES = Pricing(prices={"prompt": Decimal("0.000001"), "completion": Decimal("0.000004")})


class Told(list[tuple[int, Change]]):
    """The changes as they were told."""

    def __call__(self, number: int, change: Change) -> None:
        self.append((number, change))


@asynccontextmanager
async def comparing(runtime: Runtime) -> AsyncIterator[tuple[Comparing, Conversations, str, Told]]:
    """Two answers that were saved and not asked for yet, in a session."""
    async with runtime:
        await runtime.start()
        told = Told()
        contest = Contest(models=MODELS, prompt=Prompt(text="hi"), prices=(PRICES, None), prompt_tokens=1, wish=Wish())
        chat = runtime.conversations
        yield Comparing(runtime, contest, told), chat, (await chat.create()).id, told


async def test_without_a_key_every_answer_says_so_and_is_kept_as_stopped(server: DemoServer) -> None:
    async with comparing(screen_runtime(server, key=None, keys__store="env")) as (contest, chat, id, _):
        contest.start(await chat.compare(id, Draft(text="hi"), MODELS))
        for answer in contest.answers:
            await answer.over()
            assert not answer.is_running and answer.state == "failed" and answer.facts == ""
            assert answer.entry.error is not None and answer.entry.error.title == "There is no key"
        shown = await contest.close(None)
        assert [message.state for message in shown.messages] == ["done", "stopped"]
        assert not server.chats


async def test_an_answer_stopped_before_it_was_asked_for_is_kept_as_stopped(server: DemoServer) -> None:
    script(server, {THINKER: say("two")})
    async with comparing(screen_runtime(server)) as (contest, chat, id, _):
        turns = await chat.compare(id, Draft(text="hi"), MODELS)
        contest.start(turns)
        await contest.answers[0].stop()
        await contest.answers[1].over()
        assert (await chat.details(id, turns[0].answer_id)).message.state == "stopped"
        assert not contest.running and contest.has_begun and not contest.answers[0].was_sent
        shown = await contest.close(None)
        assert [message.text for message in shown.messages] == ["hi", "two"]


async def test_a_cut_answer_is_shown_before_one_that_failed(server: DemoServer) -> None:
    steps: dict[str, Step] = {WRITER: fault("403-moderation"), THINKER: cut_after(9, text="Once upon a time")}
    script(server, steps)
    async with comparing(screen_runtime(server, retry__attempts=0)) as (contest, chat, id, told):
        contest.start(await chat.compare(id, Draft(text="hi"), MODELS))
        for answer in contest.answers:
            await answer.over()
        assert [answer.state for answer in contest.answers] == ["failed", "cut"]
        assert {number for number, change in told if isinstance(change, changes.Finished)} == {0, 1}
        shown = await contest.close(None)
        assert [message.text for message in shown.messages] == ["hi", "Once upon"]


async def test_asking_again_in_a_session_that_is_gone_says_so_in_the_column(server: DemoServer) -> None:
    script(server, {WRITER: say("one"), THINKER: say("two")})
    async with comparing(screen_runtime(server)) as (contest, chat, id, told):
        contest.start(await chat.compare(id, Draft(text="hi"), MODELS))
        for answer in contest.answers:
            await answer.over()
        await chat.delete(id)
        answer = contest.answers[0]
        await answer.again()
        assert any(isinstance(change, changes.Replaced) for _, change in told)
        assert not answer.is_running and answer.entry.error is not None
        assert answer.entry.error.title == "It is not there"


# ---- figures ----


def test_speed_is_told_after_a_second_and_the_cost_from_the_first_word() -> None:
    tally = Tally(PRICES, 1_000)
    assert tally.speed(10.0) == "" and tally.cost(START) == Cost(pico=1_000_000_000, source="estimated")
    tally.heard(400, 10.0)
    assert tally.speed(10.5) == ""
    tally.heard(400, 11.0)
    assert tally.speed(12.0) == "100 tok/s"
    assert tally.cost(START) == Cost(pico=1_800_000_000, source="estimated")
    assert Tally(None, 1).cost(START) == UNKNOWN_COST


def test_a_sum_says_what_of_it_is_estimated_and_what_unknown() -> None:
    reported, guessed = Cost(pico=10**9, source="reported"), Cost(pico=10**9, source="estimated")
    free = Cost(pico=0, source="estimated")
    assert total(()) == "$0.00"
    assert total((reported, reported)) == "$0.002"
    assert total((reported, free)) == "$0.001"
    assert total((reported, guessed)) == "≈ $0.002"
    assert total((reported, guessed, UNKNOWN_COST)) == "≈ $0.002 + ?"
    assert total((UNKNOWN_COST,)) == "unknown"


def test_a_failed_answer_adds_only_what_is_known() -> None:
    assert answer_cost(UNKNOWN_COST, "failed").pico == 0
    assert answer_cost(UNKNOWN_COST, "stopped") == UNKNOWN_COST
    assert answer_cost(Cost(pico=5, source="reported"), "failed").pico == 5


def test_an_estimate_tells_of_the_prompt_and_of_an_answer() -> None:
    assert projected((PRICES, PRICES), 1_000, at=START) == "≈ $0.002 to ask · ≈ $0.01 with answers of 1,000 tokens"
    assert projected((PRICES, None), 1_000, at=START).startswith("≈ $0.001 + ? to ask")
    assert projected((None, None), 1_000, at=START) == "cost unknown"


@pytest.mark.parametrize(
    ("width", "count", "columns"),
    [(99, 2, False), (100, 2, True), (107, 3, False), (108, 3, True), (143, 4, False), (144, 4, True), (60, 4, False)],
)
def test_columns_need_room(width: int, count: int, columns: bool) -> None:
    assert fits_columns(width, count) is columns


def test_a_line_of_tabs_shows_nothing_before_there_are_any() -> None:
    assert TabLine(plain=False).render() == Content("")
