"""Lines to type in."""

from __future__ import annotations

from textual import events
from textual.widgets import Input

from orchat.tui.keys import acts


class LineInput(Input):
    """Textual's, in which the keys of a burst keep their order; nothing in it is selected by coming to it."""

    def __init__(
        self, value: str | None = None, *, placeholder: str = "", password: bool = False, id: str | None = None
    ):
        super().__init__(value, placeholder=placeholder, password=password, id=id, select_on_focus=False)

    async def _on_key(self, event: events.Key) -> None:
        if await acts(self, event.key):
            event.stop()
            event.prevent_default()
        else:
            await super()._on_key(event)


class NameLine(LineInput):
    """Takes every letter but the space, which chooses a file."""

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Whether a key is a letter here."""
        return key != "space" and super().check_consume_key(key, character)
