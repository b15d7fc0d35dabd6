"""What is typed before there is anything to type in."""

from __future__ import annotations

from typing import Any

from textual import events
from textual._xterm_parser import XTermParser
from textual.app import App

from orchat.tui.echo import Typed


class EarlyKeys(App[None]):
    """An app that keeps what is typed until something has the focus; Textual would drop it.

    Args:
        **options: Textual's own.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._early: list[events.Event] | None = []
        self._typed = ""

    def hear(self, typed: Typed) -> None:
        """Take over what somebody else has read from the keyboard, before anything has the focus.

        Args:
            typed: What it was.
        """
        self._typed = typed.text
        if not typed.rest:
            return
        parser = XTermParser()
        # Without an end, an Escape would wait for what may follow it.
        for message in (*parser.feed(typed.rest.decode(errors="replace")), *parser.feed("")):
            if self._early is not None and isinstance(message, events.Key | events.Paste):
                self._early.append(message)

    def take_typed(self) -> str:
        """What was typed and shown before this app was there: once, for whoever has the place where it stands."""
        typed, self._typed = self._typed, ""
        return typed

    async def on_event(self, event: events.Event) -> None:
        """Keep what comes too early, else do as Textual does."""
        if self._early is not None and isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self._early.append(event)
        else:
            await super().on_event(event)

    async def _on_descendant_focus(self, _event: events.DescendantFocus) -> None:
        """From now on there is somebody to hear: what was kept comes first."""
        early, self._early = self._early, None
        for event in early or ():
            await super().on_event(event)
