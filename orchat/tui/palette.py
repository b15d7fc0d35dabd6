"""The command palette, fed from the one table of commands."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from orchat.tui.commands import COMMANDS, Command
from orchat.tui.keymap import Keymap
from orchat.tui.lines import DIM

if TYPE_CHECKING:
    from orchat.tui.screens.chat import ChatScreen


class Commands(Provider):
    """Every command that works on the chat screen and has a name."""

    @property
    def _chat(self) -> ChatScreen:
        from orchat.tui.screens.chat import ChatScreen

        assert isinstance(self.screen, ChatScreen)
        return self.screen

    def _all(self) -> tuple[Command, ...]:
        return tuple(c for c in COMMANDS if (c.scope in ("app", "chat") or c.slash) and c.id != "palette")

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        for command in self._all():
            yield DiscoveryHit(
                _title(command, self._chat.keymap),
                partial(self._chat.perform, command.id),
                text=command.title,
                help=command.about,
            )

    async def search(self, query: str) -> Hits:
        """Those whose title or description fits."""
        matcher = self.matcher(query)
        for command in self._all():
            score = max(matcher.match(command.title), matcher.match(command.about))
            if score > 0:
                act = partial(self._chat.perform, command.id)
                yield Hit(score, _title(command, self._chat.keymap), act, text=command.title, help=command.about)


def _title(command: Command, keymap: Keymap) -> Content:
    hints = "  ".join(hint for hint in (f"/{command.slash}" if command.slash else "", keymap.shown(command)) if hint)
    return Content.assemble(command.title[:1].upper() + command.title[1:], "  ", (hints, DIM))
