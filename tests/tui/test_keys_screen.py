"""The keys screen: what it tells, and every key that changes something."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input

from orchat.demo.accounts import DemoKey
from orchat.demo.script import fault, say
from orchat.demo.server import DemoServer
from orchat.domain.ledger import Attempt
from orchat.store import holds, key_state, ledger
from orchat.tui.screens.confirm import AskLine, Confirm
from orchat.tui.screens.key_entry import KeyEntry
from orchat.tui.screens.keys import KeysScreen
from orchat.tui.screens.signin import SignInDialog
from orchat.tui.screens.welcome import Welcome
from tests.support.clock import FakeClock
from tests.support.key_ring import FREE, fingerprint, key_text, with_keys
from tests.support.screen import Person, at_screen, screen_runtime

pytestmark = pytest.mark.anyio

SOME = {
    "work": DemoKey(account="me", free_per_day=1, free_per_minute=20),
    "private": DemoKey(account="other", limit=Decimal(10), free_per_day=50),
    "client": DemoKey(account="me"),
}


async def opened(person: Person) -> KeysScreen:
    await person.press("ctrl+k")
    screen = await person.until_on(KeysScreen)
    await person.until_shown("Esc back")
    await person.settled()
    return screen


def line_of(person: Person, label: str) -> str:
    """The row of a key; a row begins with its mark and its label."""
    rows = (line.partition("│")[2].partition("│")[0].strip() for line in person.lines)
    return next(row for row in rows if row.removeprefix("● ").startswith(f"{label} "))


async def labels_of(person: Person) -> list[str]:
    return [state.label for state in await person.chat.runtime.parts.db.read(key_state.list_keys)]


async def test_every_key_is_a_row_in_ring_order_with_its_use_today(tmp_path: Path) -> None:
    async with with_keys(tmp_path, SOME) as (person, server):
        server.script(say("hi"))
        await person.ask("hello")
        await opened(person)
        text = person.text
        assert text.index("work ") < text.index("private ") < text.index("client ")
        assert "3 keys" in text and "the ring turns after 40 a day" in text
        assert "1 / 40" in line_of(person, "work") and "in use" in line_of(person, "work")
        assert fingerprint("private") in line_of(person, "private")
        assert "kept in your key file" in text and "unknown" in line_of(person, "client")
        assert "1 of 40 requests · 1 whole" in text


async def test_nothing_is_there_yet(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server, key=None, keys__store="env"), wait=False) as person:
        await person.until_on(Welcome)
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.chat)
        await opened(person)
        await person.until_shown("no key yet: a adds one, s signs in", "0 keys")
        await person.press("enter", "t", "e", "x", "r", "less_than_sign")
        assert isinstance(person.app.screen, KeysScreen)
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.chat)


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 40), (200, 60)])
async def test_a_test_shows_in_place_what_the_server_says(tmp_path: Path, size: tuple[int, int]) -> None:
    async with with_keys(tmp_path, SOME, size=size) as (person, _):
        await opened(person)
        await person.press("down", "t")
        await person.until_shown("serves", "$10.00 of $10.00", "50 of 50 left today")
        await person.press("T")
        await person.until(lambda: "serves" in line_of(person, "work") and "serves" in line_of(person, "client"))
        assert "in use" in line_of(person, "work")


async def test_keys_of_one_account_are_told_to_share_its_limits(tmp_path: Path) -> None:
    async with with_keys(tmp_path, SOME) as (person, _):
        await opened(person)
        await person.press("T")
        await person.until_shown("shares its account's limits with client")


async def test_a_key_that_the_server_does_not_know_says_so_in_words(tmp_path: Path) -> None:
    keys = {**SOME, "old": DemoKey(revoked=True)}
    async with with_keys(tmp_path, keys) as (person, _):
        await opened(person)
        await person.press("end", "t")
        await person.until(lambda: "does not serve" in line_of(person, "old"))
        await person.until_shown("tested", "User not found")


async def test_another_key_is_used_here_and_in_new_windows(tmp_path: Path) -> None:
    async with with_keys(tmp_path, SOME) as (person, server):
        server.script(say("hi"))
        await opened(person)
        await person.press("down", "enter")
        await person.until_shown("private is in use, here and in every new window")
        assert "● private" in person.text
        await person.press("escape")
        await person.until(lambda: person.chat.figures.key_label == "private")
        await person.ask("hello")
        assert server.chats[-1].key_fingerprint == fingerprint("private")


async def test_a_disabled_key_cannot_be_used_until_it_is_enabled(tmp_path: Path) -> None:
    async with with_keys(tmp_path, SOME) as (person, _):
        await opened(person)
        await person.press("down", "e")
        await person.until_shown("private is disabled", "e enable")
        assert "disabled" in line_of(person, "private")
        await person.press("enter")
        await person.until_shown("the key private is disabled")
        await person.press("e")
        await person.until_shown("private is in the ring again", "e disable")
        await person.press("up", "e")
        await person.until_shown("this window goes on with it")


async def test_keys_move_within_the_ring_and_stop_at_its_ends(tmp_path: Path) -> None:
    async with with_keys(tmp_path, SOME) as (person, _):
        await opened(person)
        await person.press("greater_than_sign")
        await person.until(lambda: person.text.index("private ") < person.text.index("work "))
        await person.settled()
        assert await labels_of(person) == ["private", "work", "client"]
        await person.press("shift+up", "shift+up")
        await person.until(lambda: person.text.index("work ") < person.text.index("private "))
        assert await labels_of(person) == ["work", "private", "client"]


async def test_a_key_is_renamed_and_a_label_that_is_taken_is_refused_in_place(tmp_path: Path) -> None:
    async with with_keys(tmp_path, SOME) as (person, _):
        await opened(person)
        await person.press("r")
        await person.until_on(AskLine)
        await person.fill("private")
        await person.press("enter")
        await person.until_shown("there is another key called private")
        await person.press("f2")
        await person.until_on(AskLine)
        await person.fill("office")
        await person.press("enter")
        await person.until_shown("it is called office now", "● office")
        await person.press("r")
        await person.until_on(AskLine)
        await person.press("escape")
        await person.until_on(KeysScreen)
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.chat)
        assert await labels_of(person) == ["office", "private", "client"]


async def test_removing_asks_first_and_the_next_key_takes_over(tmp_path: Path) -> None:
    async with with_keys(tmp_path, SOME) as (person, server):
        server.script(say("hi"))
        await opened(person)
        await person.press("x")
        await person.until_on(Confirm)
        await person.until_shown("Remove this key?", "At OpenRouter it stays valid")
        await person.press("escape")
        await person.until_on(KeysScreen)
        await person.press("delete")
        await person.until_on(Confirm)
        await person.press("enter")
        await person.until_shown("work is forgotten", "2 keys")
        await person.press("escape")
        await person.until(lambda: person.chat.figures.key_label == "private")
        await person.ask("hello")
        assert server.chats[-1].key_fingerprint == fingerprint("private")


async def test_removing_the_last_key_leaves_nothing_to_send_with(tmp_path: Path) -> None:
    async with with_keys(tmp_path, {"work": DemoKey()}) as (person, _):
        await opened(person)
        await person.press("x")
        await person.until_on(Confirm)
        await person.press("enter")
        await person.until_shown("no key yet")
        await person.press("escape")
        await person.until(lambda: person.chat.lease is None and person.chat.figures.key_label is None)
        await person.enter("hello")
        await person.until_on(Welcome)
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.chat)
        assert person.composer_text == "hello"


async def test_a_key_is_added_without_an_echo_and_used_at_once(tmp_path: Path) -> None:
    async with with_keys(tmp_path, SOME, kept=("work",)) as (person, _):
        await opened(person)
        await person.press("a")
        await person.until_on(KeyEntry)
        await person.fill("no/label")
        await person.press("enter")
        await person.until_shown("A label has 1 to 40 letters")
        await person.fill("work")
        await person.press("enter")
        await person.until_shown("There is another key called work")
        await person.fill("private")
        await person.press("enter")
        await person.until(lambda: isinstance(person.app.focused, Input) and person.app.focused.id == "key")
        await person.fill("two words")
        await person.press("enter")
        await person.until_shown("The key has a space")
        await person.fill(key_text("stranger"))
        await person.press("enter")
        await person.until_shown("The server refuses this key")
        await person.fill(key_text("private"))
        assert key_text("private") not in person.text
        await person.press("enter")
        await person.until_on(KeysScreen)
        await person.until_shown("private is in use, kept in your key file", "$10.00 of $10.00")
        assert await labels_of(person) == ["work", "private"]
        await person.press("a")
        await person.until_on(KeyEntry)
        await person.press("escape")
        await person.until_on(KeysScreen)


async def test_a_key_that_cannot_be_checked_is_kept_with_a_warning(tmp_path: Path) -> None:
    async with with_keys(tmp_path, SOME, kept=("work",)) as (person, server):
        server.script(fault("500"), path="/key")
        await opened(person)
        await person.press("a")
        await person.until_on(KeyEntry)
        await person.fill("private")
        await person.press("enter")
        await person.until(lambda: isinstance(person.app.focused, Input) and person.app.focused.id == "key")
        await person.fill(key_text("private"))
        await person.press("enter")
        await person.until_on(KeysScreen)
        await person.until_told("it could not be checked")


async def test_a_key_without_a_place_serves_until_the_end_and_says_so(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server, key=None, keys__store="env"), wait=False) as person:
        await person.until_on(Welcome)
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.chat)
        await opened(person)
        await person.press("a")
        await person.until_on(KeyEntry)
        await person.press("enter")
        await person.until(lambda: isinstance(person.app.focused, Input) and person.app.focused.id == "key")
        await person.fill(key_text("work"))
        await person.press("enter")
        await person.until_on(KeysScreen)
        await person.until_shown("work is in use, used until you leave, kept nowhere")
        await person.press("t")
        await person.until_shown("in use · serves")
        await person.press("e")
        await person.until_shown("work is not kept by orchat")
        await person.press("escape")
        await person.until(lambda: person.chat.figures.key_label == "work")


async def test_a_given_key_can_be_tested_but_not_changed(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await opened(person)
        await person.until_shown("given for this run")
        await person.press("t")
        await person.until_shown("in use · serves")
        for key in ("e", "x", "r", "less_than_sign"):
            await person.press(key)
            await person.until_shown("work is not kept by orchat")
        await person.press("enter")
        await person.until_shown("work is in use here")


async def test_signing_in_begins_here_too(tmp_path: Path) -> None:
    async with with_keys(tmp_path, SOME) as (person, _):
        await opened(person)
        await person.press("s")
        await person.until_on(SignInDialog)
        await person.press("escape")
        await person.until_on(KeysScreen)


async def test_a_hold_is_counted_down_and_goes_when_the_key_serves(tmp_path: Path) -> None:
    clock = FakeClock()
    async with with_keys(tmp_path, SOME, clock=clock) as (person, _):
        db = person.chat.runtime.parts.db
        until = clock.now() + 600
        await db.write(
            holds.put,
            f"key:{fingerprint('work')}",
            kind="KeyRejected",
            reason="User not found.",
            source="server",
            now=clock.now(),
            until=until,
        )
        await opened(person)
        assert "refused · 10 min 00 s" in line_of(person, "work")
        await person.until_shown("put aside    refused, again in 10 min 00 s", "User not found.")
        clock.advance(30)
        await person.until_shown("refused, again in 9 min 30 s")
        await person.press("t")
        await person.until(lambda: "in use · serves" in line_of(person, "work"))
        assert await db.read(holds.get, f"key:{fingerprint('work')}") is None


async def test_what_other_windows_do_is_seen(tmp_path: Path) -> None:
    async with with_keys(tmp_path, SOME) as (person, _):
        await opened(person)
        await person.chat.runtime.parts.shelf.rename("client", "customer")
        await person.until_shown("customer")


async def test_whoever_comes_back_to_the_window_sees_what_others_have_used(tmp_path: Path) -> None:
    async with with_keys(tmp_path, SOME) as (person, _):
        runtime = person.chat.runtime
        attempt = Attempt(
            started_at=runtime.clock.now(), model="m", key_label="work", key_fingerprint=fingerprint("work")
        )
        await runtime.parts.db.write(ledger.begin, attempt, runtime.parts.instance.id)
        assert "0 / 40 today" in person.text
        person.app.post_message(events.AppFocus())
        await person.until_shown("1 / 40 today")


async def test_a_click_looks_at_a_key_and_a_second_one_uses_it(tmp_path: Path) -> None:
    async with with_keys(tmp_path, SOME) as (person, _):
        await opened(person)
        await person.click("client")
        await person.until_shown(f"client  {fingerprint('client')}")
        assert "● work" in person.text
        y, line = next((y, line) for y, line in enumerate(person.lines) if "private" in line)
        await person.pilot.click(offset=(line.index("private"), y), times=2)
        await person.until_shown("● private")


async def test_keys_that_are_all_disabled_are_shown_instead_of_a_welcome(tmp_path: Path) -> None:
    """At the start nothing can serve: the way on is to enable a key, not to find a new one."""
    clock = FakeClock()
    keys = {"work": DemoKey()}
    async with with_keys(tmp_path, keys, clock=clock) as (person, _):
        await person.chat.runtime.parts.shelf.set_disabled("work", True)
    async with with_keys(tmp_path, keys, clock=clock, wait=False) as (person, server):
        server.script(say("it works again"))
        await person.until_on(KeysScreen)
        await person.until_shown("every key is disabled")
        await person.press("e")
        await person.until_gone("disabled")
        await person.press("escape")
        await person.until(lambda: person.chat.lease is not None)
        await person.started()
        await person.ask("hello")
        await person.until_shown("it works again")


async def test_free_requests_that_are_used_up_are_told_apart_from_the_key(tmp_path: Path) -> None:
    async with with_keys(tmp_path, SOME, models__default=FREE) as (person, _):
        await person.ask("one")
        await person.ask("two")
        await opened(person)
        assert "free models ·" in line_of(person, "work")
        await person.until_shown("put aside    daily limit (free models), again at 00:00")
        assert "0 of 1 left today" in person.text
