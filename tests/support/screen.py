"""A person at the screen: presses keys, reads what is shown, waits until something is so."""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from textual import events
from textual._context import visible_screen_stack
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from orchat.clock import Clock
from orchat.demo.server import DemoServer
from orchat.domain.secret import Secret
from orchat.runtime import Runtime
from orchat.tui.app import OrchatApp, StartDemo
from orchat.tui.screens.chat import ChatScreen
from tests.support.clock import FakeClock

KEY = Secret("sk-or-v1-" + "5ec7e7" * 10)
STEP_S = 0.002
"""Between two looks; Textual's own pause takes 20 ms and more."""
PATIENCE = 10_000
"""Looks until waiting is given up."""
BRIEF = {
    "figures",
    "look",
    "models",
    "catalogue",
    "search",
    "usage",
    "favourite",
    "key",
    "keys",
    "demo",
    "preview",
    "attach",
    "check",
    "completion",
    "paste",
    "folder",
    "heads",
    "preparing",
}
"""Groups of workers that wait for nobody."""
S = TypeVar("S", bound=Screen[Any])


def screen_runtime(
    server: DemoServer | None, clock: Clock | None = None, *, key: Secret | None = KEY, **settings: Any
) -> Runtime:
    """A runtime for the screen; settings by dotted name with ``__`` for the dot."""
    address = server.base_url if server else "http://127.0.0.1:9/api/v1"
    return Runtime.create(
        front_end="tui",
        settings={
            "api.base_url": address,
            "api.dialect": "openrouter",
            "models.default": "demo/writer",
            **{name.replace("__", "."): value for name, value in settings.items()},
        },
        key=key,
        key_label="work",
        clock=clock or FakeClock(),
    )


class Person:
    """Somebody in front of a running app."""

    def __init__(self, app: OrchatApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def chat(self) -> ChatScreen:
        assert self.app.chat is not None
        return self.app.chat

    @property
    def composer_text(self) -> str:
        return self.chat.composer.area.text

    # ---- doing ----

    async def press(self, *keys: str) -> None:
        """Keys as the terminal sends them; Textual's own `press` takes 60 ms and more for each."""
        for key in keys:
            char = _CHARS.get(key, key if len(key) == 1 else None)
            self.app.post_message(events.Key(key, char))
            await self.pilot._wait_for_screen()
            await self.pilot._wait_for_screen()

    async def type(self, text: str) -> None:
        """Every character as a key press."""
        await self.press(*(_KEYS.get(char, char) for char in text))

    async def enter(self, text: str) -> None:
        """A line in the composer, and Enter."""
        self.chat.composer.area.load(text)
        await self.pilot._wait_for_screen()
        await self.press("enter")

    async def fill(self, text: str) -> None:
        """Put a text into the line that has the focus."""
        await self.until(lambda: isinstance(self.app.focused, Input))
        line = self.app.focused
        assert isinstance(line, Input)
        line.value = text
        await self.pilot.pause()

    async def click(self, words: str) -> None:
        """Click the first place on the screen that shows these words."""
        await self.until_shown(words)
        await self.settled()
        y, line = next((y, line) for y, line in enumerate(self.lines) if words in line)
        await self.pilot.click(offset=(line.index(words), y))

    async def paste(self, text: str) -> None:
        """What a terminal sends as one paste."""
        self.app.post_message(events.Paste(text))
        await self.pilot.pause()

    async def ask(self, prompt: str) -> None:
        """Send a prompt and wait until its answer is over."""
        before = self.chat.session.turns
        await self.enter(prompt)
        await self.until(lambda: self.chat.session.turns > before and not self.chat.session.busy)
        await self.settled()

    # ---- waiting ----

    async def until(self, so: Callable[[], object]) -> None:
        """Let the app work until something is so."""
        for _ in range(PATIENCE):
            await asyncio.sleep(STEP_S)
            if so():
                return
        raise AssertionError(f"it never came to be; the screen shows:\n{self.text}")

    async def until_shown(self, *words: str) -> None:
        """Wait until the screen shows all of these."""
        await self.until(lambda: all(word in self.text for word in words))

    async def until_gone(self, words: str) -> None:
        await self.until(lambda: words not in self.text)

    async def until_on(self, kind: builtins.type[S]) -> S:
        """Wait until a screen of this kind is on top, with everything on it."""
        await self.until(lambda: isinstance(self.app.screen, kind) and self.app.screen.is_current)
        screen = self.app.screen
        assert isinstance(screen, kind)
        await self.until(lambda: screen.is_mounted)
        return screen

    async def until_told(self, words: str) -> None:
        """Wait for a toast with these words."""
        await self.until(lambda: any(words in note.message for note in self.app._notifications))

    async def settled(self) -> None:
        """Wait until nothing is read or written any more; answers and dialogs may go on."""
        await self.until(lambda: all(worker.is_finished or worker.group not in BRIEF for worker in self.app.workers))
        await self.pilot.pause()

    async def started(self) -> None:
        """Wait until the runtime, the key, the catalogue and the figures are there."""
        await self.until(lambda: self.chat.lease is not None and self.chat.figures.key_label is not None)
        await self.until(lambda: self.chat.session.model != "" and self.chat.figures.model is not None)
        await self.settled()

    # ---- seeing ----

    @property
    def lines(self) -> list[str]:
        """The screen, line by line."""
        # Textual has no public way to read the screen as text; a dialog draws what is under it from this variable.
        visible_screen_stack.set(self.app._background_screens)
        return [strip.text.rstrip() for strip in self.app.screen._compositor.render_strips(self.app.size)]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


_KEYS = {" ": "space", "/": "slash", ".": "full_stop", "-": "minus", ":": "colon", "\n": "ctrl+j", "?": "question_mark"}
_CHARS = {key: char for char, key in _KEYS.items() if char != "\n"}


@asynccontextmanager
async def at_screen(
    runtime: Runtime,
    *,
    size: tuple[int, int] = (120, 40),
    start_demo: StartDemo | None = None,
    wait: bool = True,
    before: Callable[[OrchatApp], object] | None = None,
    **options: Any,
) -> AsyncIterator[Person]:
    """Run the app as `run_tui` does, with a person in front of it; `before` does something to it before it runs."""
    app = OrchatApp(runtime, start_demo=start_demo, **options)
    if before is not None:
        before(app)
    first = app.runtime
    async with first:
        try:
            async with app.run_test(size=size, notifications=True) as pilot:
                person = Person(app, pilot)
                if wait:
                    await person.started()
                yield person
        finally:
            if app.runtime is not first:
                await app.runtime.aclose()
