"""What a stream of events comes to."""

from __future__ import annotations

from orchat.domain.events import Event, Finished


def shape(events: list[Event]) -> list[str]:
    """The kinds of events, deltas joined."""
    names = [type(event).__name__ for event in events]
    return [name for index, name in enumerate(names) if index == 0 or names[index - 1] != name or "Delta" not in name]


def end(events: list[Event]) -> Finished:
    last = events[-1]
    assert isinstance(last, Finished)
    return last
