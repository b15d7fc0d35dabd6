"""How models beside each other look, at every size and in both themes of ours. ``--snapshot-update`` makes it anew."""

from __future__ import annotations

import re
import time

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from orchat.demo.answer import Step
from orchat.demo.script import fault, say
from orchat.demo.server import DemoServer
from orchat.tui.screens.compare import CompareScreen
from orchat.tui.screens.several import Several
from orchat.tui.shades import DARK, LIGHT
from tests.support.colours import drawing_of
from tests.support.compare import SEER, THINKER, WRITER, script
from tests.support.screen import Person, at_screen, screen_runtime
from tests.support.views import ANSWER, StillClock

pytestmark = pytest.mark.anyio

SIZES = [(60, 16), (80, 24), (120, 40), (200, 60)]
COST = {"prompt_tokens": 12, "completion_tokens": 80, "cost": 0.00041}


class Drawing(SingleFileSnapshotExtension):
    _write_mode = WriteMode.TEXT
    _file_extension = file_extension = "txt"


@pytest.fixture(autouse=True)
def zone() -> None:
    """The time zone of the `home` fixture counts only after the C library has looked again."""
    time.tzset()


async def drawn(person: Person) -> str:
    """Text and styles; what a fast machine decides is masked."""
    drawing = await drawing_of(person, (DARK, LIGHT))
    return re.sub(r"\d+ tok/s", lambda found: "0" * (len(found[0]) - 6) + " tok/s", drawing)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_three_models(server: DemoServer, snapshot: SnapshotAssertion, size: tuple[int, int]) -> None:
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
        await person.settled()
        assert await drawn(person) == snapshot(extension_class=Drawing, name="models")
        await person.press("enter")
        screen = await person.until_on(CompareScreen)
        await person.until(lambda: not screen.comparing.running)
        await person.settled()
        await person.press("2")
        assert await drawn(person) == snapshot(extension_class=Drawing, name="answers")
