"""Keys that terminals send and Textual does not tell apart."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, cast

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS

if TYPE_CHECKING:
    from textual.keys import Keys

ALT_ENTER = "alt+enter"


class _MoreKeys(str, Enum):
    ALT_ENTER = ALT_ENTER


def learn_keys() -> None:
    """Let Alt+Enter be a key of its own.

    A terminal without Kitty's protocol sends ESC and CR in one piece. Textual 8.2 reads that as Enter alone, which
    would send a prompt that was to get another line.
    """
    known = cast("dict[str, tuple[Keys, ...]]", ANSI_SEQUENCES_KEYS)
    known["\x1b\r"] = (cast("Keys", _MoreKeys.ALT_ENTER),)
