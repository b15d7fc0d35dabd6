"""How models beside each other look, at every size and in both themes of ours. ``--snapshot-update`` makes it anew."""

from __future__ import annotations

import pytest

from orchat.demo.answer import Step
from orchat.demo.script import fault, say
from orchat.demo.server import DemoServer
from orchat.tui.screens.compare import CompareScreen
from orchat.tui.screens.several import Several
from tests.support.compare import SEER, THINKER, WRITER, script
from tests.support.look import Look, at_every_size
from tests.support.screen import at_screen, screen_runtime
from tests.support.views import ANSWER, StillClock

pytestmark = pytest.mark.anyio

COST = {"prompt_tokens": 12, "completion_tokens": 80, "cost": 0.00041}


@at_every_size
async def test_three_models(server: DemoServer, look: Look, size: tuple[int, int]) -> None:
    steps: dict[str, Step] = {
        WRITER: say(ANSWER, usage=COST),
        THINKER: say("They add up to **84.30**.", reasoning="Three lines.", usage=COST),
        SEER: fault("403-moderation"),
    }
    script(server, steps)
    runtime = screen_runtime(server, StillClock(), keys__reconcile=False, retry__attempts=0)
    async with at_screen(runtime, size=size) as person:
        await person.type("what does this come to")
        await person.press("f7")
        await person.until_on(Several)
        for name in ("thinker", "seer"):
            await person.fill(name)
            await person.press("tab")
        await person.until_shown("3 marked", "to ask", "✓ demo/seer")
        await look.is_kept(person, "models")
        await person.press("enter")
        screen = await person.until_on(CompareScreen)
        await person.until(lambda: not screen.comparing.running)
        await person.settled()
        await person.press("2")
        await look.is_kept(person, "answers")
