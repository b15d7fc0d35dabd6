"""When Python looks for what nobody uses any more: never while somebody waits for a frame."""

from __future__ import annotations

import gc
from itertools import count

from textual.strip import Strip

EVERY = 20
"""Answers after which also what has been there for long is looked at: strips and tasks refer to themselves."""

_answers = count(1)


def settle() -> None:
    """What exists after the start stays: looking at it again and again only makes pauses.

    It is not looked at now either: that takes 40 ms in which a key waits, for half a megabyte.
    """
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    gc.enable()


def tidy() -> None:
    """An answer is over: most of what it has left behind is new, and found in a millisecond."""
    if next(_answers) % EVERY:
        gc.collect(1)
        return
    # Each style says which place of which message it shows, and Textual would keep the last 16,384 of them.
    Strip.render_ansi.cache_clear()
    gc.collect()
