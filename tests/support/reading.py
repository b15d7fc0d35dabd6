"""Reading pages on the screen: how it begins, and when it is over."""

from __future__ import annotations

from typing import Any

from orchat.clock import Clock
from orchat.demo.server import DemoServer
from orchat.runtime import Runtime
from orchat.tui.screens.confirm import Confirm
from orchat.tui.screens.ocr import OcrScreen
from tests.support.screen import Person, screen_runtime


def runtime_for(server: DemoServer, clock: Clock | None = None, **settings: Any) -> Runtime:
    return screen_runtime(server, clock, **{"models__vision": ("demo/seer",), "ocr__jobs": 1, **settings})


async def begin(person: Person, argument: object) -> OcrScreen:
    """Name pages, and say yes to what they will cost."""
    await person.enter(f"/ocr {argument}".strip())
    await person.until_on(Confirm)
    await person.press("enter")
    return await person.until_on(OcrScreen)


async def over(person: Person) -> OcrScreen:
    screen = person.app.screen
    assert isinstance(screen, OcrScreen)
    await person.until(lambda: not screen.reading.is_running)
    await person.settled()
    return screen


def states(screen: OcrScreen) -> list[str]:
    return [screen.reading.state(page) for page in screen.reading.pages]
