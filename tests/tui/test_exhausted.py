"""A key that can no longer serve, a budget, a wait: what the conversation says, and the one key that goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from orchat.demo.accounts import DemoKey
from orchat.demo.script import fault, say
from orchat.demo.server import DemoServer
from orchat.domain.ledger import Attempt
from orchat.store import ledger
from orchat.tui.screens.keys import KeysScreen
from orchat.tui.screens.picker import Picker
from tests.support.clock import FakeClock
from tests.support.key_ring import FREE, fingerprint, key_text, server_with, with_keys
from tests.support.screen import Person, at_screen, screen_runtime

pytestmark = pytest.mark.anyio

DAILY = {
    "work": DemoKey(account="me", free_per_day=1, free_per_minute=20),
    "spare": DemoKey(account="me", free_per_day=1),
    "private": DemoKey(account="other", limit=Decimal(10), free_per_day=50),
}
REFUSED = {"work": DemoKey(revoked=True), "private": DemoKey(account="other")}
DEAR = {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20, "cost": 0.9}
"""What an answer used that costs most of a budget of one dollar."""


def flat(person: Person) -> str:
    """The screen as one line, so that wrapped words are found."""
    return " ".join("".join(line[:86]).strip(" ▌") for line in person.lines)


# ---- keys ----


async def test_enter_goes_on_with_the_next_key_and_the_same_prompt(tmp_path: Path) -> None:
    async with with_keys(tmp_path, DAILY, models__default=FREE, keys__reconcile=False) as (person, server):
        # Only now is it known that the next key belongs to the same account, and cannot help.
        await person.chat.runtime.parts.shelf.test()
        await person.ask("the first")
        await person.ask("the second")
        await person.until_shown("The free requests of today are used up", "Enter go on with private")
        assert "free models of work are put aside, again at 00:00, in 9 h" in flat(person)
        await person.until_shown("daily limit", "free models put aside")
        await person.press("enter")
        await person.until(lambda: not person.chat.session.busy and person.chat.session.problem is None)
        await person.until(lambda: person.chat.figures.key_label == "private")
        assert [chat.key_fingerprint for chat in server.chats] == [
            fingerprint("work"),
            fingerprint("work"),
            fingerprint("private"),
        ]
        assert person.chat.session.prompts == ["the first", "the second"] and person.composer_text == ""
        assert "used up" not in person.text


@pytest.mark.parametrize("size", [(60, 16), (80, 24)])
async def test_the_card_and_the_status_line_say_it_on_a_small_screen(tmp_path: Path, size: tuple[int, int]) -> None:
    async with with_keys(tmp_path, REFUSED, size=size) as (person, _):
        await person.ask("hello")
        await person.until_shown("work is put aside, again in", "Enter go on with private", "work refused")


async def test_a_card_counts_down_and_says_when_it_is_over(tmp_path: Path) -> None:
    clock = FakeClock()
    async with with_keys(tmp_path, REFUSED, clock=clock) as (person, _):
        await person.ask("hello")
        await person.until_shown("The key was refused", "User not found", "work is put aside, again in 10 min 00 s")
        clock.advance(300)
        await person.until_shown("again in 5 min 00 s")
        clock.advance(300)
        await person.until_shown("it may be tried again now")
        await person.until(lambda: not person.chat.figures.holds)


async def test_trying_again_tests_the_key_first_and_tells_what_the_server_said(tmp_path: Path) -> None:
    async with with_keys(tmp_path, REFUSED) as (person, server):
        await person.ask("hello")
        await person.until_shown("/retry test work, try again")
        await person.enter("/retry")
        await person.until_shown("asked just now: The key was refused: User not found.", "Enter go on with private")
        assert len(server.chats) == 1
        server.put_key(person.chat.lease.secret, DemoKey(account="me"))  # type: ignore[union-attr]  # there is one
        server.script(say("it serves again"))
        await person.enter("/retry")
        await person.until_shown("it serves again")
        assert [chat.key_fingerprint for chat in server.chats] == [fingerprint("work")] * 2
        await person.until(lambda: not person.chat.figures.holds)


async def test_a_test_that_does_not_reach_the_server_sends_nothing(tmp_path: Path) -> None:
    async with with_keys(tmp_path, REFUSED) as (person, server):
        await person.ask("hello")
        await person.until_shown("/retry test work")
        await server.__aexit__(None, None, None)
        await person.enter("/retry")
        await person.until_shown("asked just now:")
        assert len(server.chats) == 1


async def test_without_another_key_a_new_one_is_the_first_way(tmp_path: Path) -> None:
    async with with_keys(tmp_path, {"work": DemoKey(revoked=True)}) as (person, _):
        await person.ask("hello")
        await person.until_shown("Enter other key", "/retry test work, try again", "^K keys")
        await person.enter("/next")
        await person.until_told("there is no other key that can serve")


async def test_a_key_that_was_chosen_meanwhile_is_the_one_to_go_on_with(tmp_path: Path) -> None:
    keys = {**REFUSED, "third": DemoKey(account="third")}
    async with with_keys(tmp_path, keys) as (person, server):
        server.script(say("from the third"))
        await person.ask("hello")
        await person.until_shown("Enter go on with private")
        await person.press("ctrl+k")
        await person.until_on(KeysScreen)
        await person.until_shown("third")
        await person.press("end", "enter")
        await person.until_shown("third is in use")
        await person.press("escape")
        await person.until(lambda: person.chat.lease is not None and person.chat.lease.label == "third")
        await person.press("enter")
        await person.until_shown("from the third")
        assert server.chats[-1].key_fingerprint == fingerprint("third")


async def test_the_next_key_is_taken_without_any_trouble_too(tmp_path: Path) -> None:
    async with with_keys(tmp_path, DAILY) as (person, _):
        await person.enter("/next")
        await person.until_told("The key spare pays from now on.")
        await person.until(lambda: person.chat.figures.key_label == "spare")


async def test_where_it_is_wished_the_next_key_takes_over_and_a_note_says_why(tmp_path: Path) -> None:
    async with with_keys(tmp_path, REFUSED, keys__on_exhausted="switch") as (person, _):
        await person.ask("hello")
        await person.until_shown("work → private: refused")
        await person.until(lambda: person.chat.figures.key_label == "private")
        assert person.chat.session.problem is None


async def test_no_key_at_all_keeps_the_prompt_and_shows_why(tmp_path: Path) -> None:
    """The key that is used goes while a prompt is typed, and the only other one is disabled."""
    clock = FakeClock()
    async with with_keys(tmp_path, DAILY, clock=clock, kept=("work", "private")) as (person, _):
        runtime = person.chat.runtime
        await runtime.parts.shelf.set_disabled("private", True)
        await runtime.parts.shelf.remove("work")
        await person.enter("do not lose me")
        await person.until_on(KeysScreen)
        await person.until_shown("every key is disabled")
        await person.press("escape")
        await person.until(lambda: person.composer_text == "do not lose me")


async def test_what_went_wrong_before_offers_nothing_once_the_conversation_goes_on(tmp_path: Path) -> None:
    async with with_keys(tmp_path, {"work": DemoKey()}) as (person, server):
        server.script(fault("404-no-endpoints"), say("fine"))
        await person.ask("one")
        await person.until_shown("Enter other model")
        await person.ask("two")
        await person.until_shown("No provider serves this model", "fine")
        assert "Enter other model" not in person.text


async def used_twice(person: Person, *labels: str) -> None:
    """Write two requests of each key into the ledger."""
    runtime = person.chat.runtime
    for label in labels * 2:
        attempt = Attempt(
            started_at=runtime.clock.now(), model="m", key_label=label, key_fingerprint=fingerprint(label), account="a"
        )
        await runtime.parts.db.write(ledger.begin, attempt, runtime.parts.instance.id)


async def test_all_keys_over_the_threshold_is_said_once(tmp_path: Path) -> None:
    clock = FakeClock()
    async with with_keys(tmp_path, DAILY, clock=clock) as (person, _):
        await used_twice(person, *DAILY)
    async with with_keys(tmp_path, DAILY, clock=clock, keys__rotate_after=1) as (person, _):
        await person.until_told("All 3 keys have sent more than 1 requests today; staying with work.")
        await person.until_shown("2 / 1 today")


async def test_keys_that_cannot_be_read_are_mentioned_while_that_of_the_environment_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock()
    async with with_keys(tmp_path, DAILY, clock=clock, kept=("private",)) as (person, _):
        await used_twice(person, "work")
    monkeypatch.setenv("OPENROUTER_API_KEY", key_text("work"))
    async with server_with(clock, DAILY) as server:
        keys = tmp_path / "keys.json"
        keys.chmod(0o644)
        runtime = screen_runtime(
            server, clock, key=None, keys__store="file", keys__file=str(keys), keys__rotate_after=1
        )
        async with at_screen(runtime) as person:
            await person.until_told("The other keys cannot be read:")
            await person.until_shown("env               2 / 1 today")


# ---- budgets ----


async def test_a_budget_holds_a_prompt_back_and_enter_sends_it_anyway(server: DemoServer) -> None:
    server.script(say("it was worth it"))
    async with at_screen(screen_runtime(server, budget__day_usd=0.0001)) as person:
        await person.ask("hello")
        await person.until_shown("Your budget does not allow this", "Enter send anyway", "^O other model")
        assert "the budget of $0.0001 for today may not last" in person.text and server.chats == []
        await person.press("enter")
        await person.until_shown("it was worth it")
        await person.until_told("Your budget for today is nearly used up: $0.00 of $0.000 1 is spent")


async def test_fewer_tokens_may_fit_into_a_budget(server: DemoServer) -> None:
    server.script(say("short"))
    async with at_screen(screen_runtime(server, budget__session_usd=0.01)) as person:
        await person.ask("hello")
        await person.until_shown("/lower lower max tokens to", "and resend")
        problem = person.chat.session.problem
        assert problem is not None and problem.max_tokens
        await person.enter("/lower")
        await person.until_shown("short")
        assert server.chats[-1].body["max_completion_tokens"] == problem.max_tokens


async def test_another_model_may_fit_too(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server, budget__day_usd=0.0001)) as person:
        await person.ask("hello")
        await person.until_shown("Your budget does not allow this")
        await person.press("f6", "R")
        await person.until_on(Picker)


async def test_a_budget_that_is_nearly_used_up_is_said_once_and_stays_in_sight(server: DemoServer) -> None:
    server.script(say("dear", usage=DEAR), say("again", usage=DEAR))
    async with at_screen(screen_runtime(server, budget__key_usd=1.0)) as person:
        await person.ask("one")
        await person.until_shown("key budget", "$0.90 of $1.00")
        await person.ask("two")
        await person.until_told("Your budget for this key today is nearly used up: $0.90 of $1.00 is spent")
        await person.until_shown("$1.80 of $1.00")


async def test_budgets_stand_in_the_status_line_of_a_small_screen(server: DemoServer) -> None:
    server.script(say("dear", usage=DEAR))
    async with at_screen(screen_runtime(server, budget__day_usd=1.0), size=(80, 24)) as person:
        await person.ask("one")
        await person.until_shown("day budget 90 %")


# ---- waiting ----


class WaitingClock(FakeClock):
    """Sleeping lasts until the test has moved the time far enough, so that a wait can be looked at."""

    def __init__(self) -> None:
        super().__init__()
        self._moved = asyncio.Event()
        self._ends: list[float] = []

    @property
    def is_waited_for(self) -> bool:
        """Whether somebody sleeps who will wake up when the time is moved; who asks for the time first, may not yet."""
        return any(self.time < end for end in self._ends)

    async def sleep(self, seconds: float) -> None:
        end = self.time + seconds
        self._ends.append(end)
        try:
            while self.time < end:
                await self._moved.wait()
        finally:
            self._ends.remove(end)

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        self._moved.set()
        self._moved = asyncio.Event()


@asynccontextmanager
async def one_waits(folder: Path) -> AsyncIterator[tuple[Person, DemoServer, WaitingClock]]:
    """Somebody who has asked twice where one free request a minute is allowed."""
    clock = WaitingClock()
    keys = {"work": DemoKey(free_per_minute=20, free_per_day=50)}
    async with with_keys(
        folder, keys, clock=clock, models__default=FREE, limits__free_per_minute=1, keys__reconcile=False
    ) as (person, server):
        await person.ask("one")
        await person.enter("two")
        yield person, server, clock


async def test_a_wait_is_counted_down_with_its_reason_and_sent_when_its_turn_comes(tmp_path: Path) -> None:
    async with one_waits(tmp_path) as (person, server, clock):
        await person.until_shown("waits 1 min 00 s · Esc cancels", "free models: 1 requests a minute", "1 / 1")
        await person.until(lambda: clock.is_waited_for)
        clock.advance(20)
        await person.until_shown("waits 40 s · Esc cancels")
        await person.until(lambda: clock.is_waited_for)
        clock.advance(41)
        await person.until(lambda: not person.chat.session.busy)
        assert len(server.chats) == 2 and "requests a minute" not in person.text


async def test_escape_cancels_a_wait_and_nothing_was_sent(tmp_path: Path) -> None:
    async with one_waits(tmp_path) as (person, server, _):
        await person.until_shown("Esc cancels")
        await person.press("escape")
        await person.until_shown("stopped before anything was sent")
        assert len(server.chats) == 1 and "cost unknown" not in person.text
