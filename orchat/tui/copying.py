"""Copying from the screen, also by the mouse: always by the best way there is."""

from __future__ import annotations

from textual import events, work
from textual.app import App

from orchat.paths import environment
from orchat.tui import clipboard


class Copying(App[None]):
    """An app whose texts reach the clipboard of whoever sits at the terminal."""

    _is_hinted = False

    def on_text_selected(self, _event: events.TextSelected) -> None:
        """Say once how to copy: a terminal's own way knows nothing of what is selected here."""
        if not self._is_hinted and self.screen.get_selected_text():
            self._is_hinted = True
            self.notify("Ctrl+C copies what is selected.", markup=False, timeout=4)

    async def copy_text(self, text: str) -> bool:
        """Put a text into the clipboard.

        Returns:
            False when it is too long for the only way there is.
        """
        self._clipboard = text
        return await clipboard.copy(text, environment(), self._send)

    def copy_to_clipboard(self, text: str) -> None:
        """What Textual does with a selection; its own way knows no desktop, no tmux and no limit."""
        self._clipboard = text
        self._copy(text)

    @work(group="copy", exclusive=True, exit_on_error=False, description="copy what is selected")
    async def _copy(self, text: str) -> None:
        if await self.copy_text(text):
            self.notify("Copied what is selected.", markup=False, timeout=2)
        else:
            words = "Could not copy the selection: it is too long for the terminal's clipboard."
            self.notify(words, severity="warning", markup=False)

    def _send(self, sequence: str) -> None:
        if self._driver is not None:
            self._driver.write(sequence)
