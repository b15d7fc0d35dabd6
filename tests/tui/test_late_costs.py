"""A cost that the server tells later takes the place of what was not known."""

from __future__ import annotations

import pytest

from orchat.demo.script import cut_after
from orchat.demo.server import DemoServer
from orchat.domain.money import Cost
from orchat.store import ledger
from tests.support.screen import at_screen, screen_runtime

pytestmark = pytest.mark.anyio


async def test_the_sidebar_shows_what_the_server_said_later(server: DemoServer) -> None:
    server.script(cut_after(9, text="Once upon a time there was a king"))
    runtime = screen_runtime(server, keys__reconcile=False)
    async with at_screen(runtime, size=(120, 40)) as person:
        await person.ask("hi")
        answer = next(line for line in person.lines if "this answer" in line)
        assert answer.endswith("unknown") or "≈" in answer
        (entry,) = await runtime.parts.db.read(ledger.last_attempts)
        await runtime.parts.db.write(ledger.reprice, entry.id, None, Cost(pico=77 * 10**9, source="reported"))
        person.chat.refresh_figures()
        await person.settled()
        assert next(line for line in person.lines if "this answer" in line).endswith("$0.077")


async def test_an_answer_that_is_gone_keeps_what_was_known(server: DemoServer) -> None:
    server.script(cut_after(9, text="Once upon a time there was a king"))
    runtime = screen_runtime(server, keys__reconcile=False)
    async with at_screen(runtime, size=(120, 40)) as person:
        await person.ask("hi")
        present = person.chat.session.conversation
        assert present is not None
        await runtime.conversations.delete(present.id)
        person.chat.refresh_figures()
        await person.settled()
        assert "this answer" in person.text
