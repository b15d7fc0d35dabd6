"""How far a stack of pages is: a line that is rewritten on a terminal, plain lines elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchat.domain.events import FellBack, Queued, Retrying, SwitchedKey
from orchat.domain.money import format_usd
from orchat.ocr.page import PageDone, PageEvent, PageFailed, PageNoted, PageWaits, Totals

if TYPE_CHECKING:
    import asyncio

    from orchat.cli.diagnostics import Diagnostics
    from orchat.ocr.reading import Reading

AGAIN_S = 1.0
"""Seconds until the line is brought up to date although nothing happened."""
BAR = 20
"""Characters."""


class Progress:
    """Shows one reading.

    Args:
        diagnostics: Where.
        reading: What.
    """

    def __init__(self, diagnostics: Diagnostics, reading: Reading) -> None:
        self._tell = diagnostics
        self._reading = reading
        self._timer: asyncio.TimerHandle | None = None
        self._said: set[str] = set()

    def begin(self) -> None:
        """The first page is about to be sent."""
        self._again()

    def end(self) -> None:
        """No page is sent any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._tell.end_count_down()

    def show(self, event: PageEvent) -> None:
        """Say what happened, as far as somebody wants to know."""
        match event:
            case PageDone():
                if not self._tell.is_terminal:
                    self._tell.remark(_done(event))
            case PageFailed():
                self._tell.remark(f"page {event.page.number}, {event.page.name}: {event.error.message}")
            case PageWaits():
                self._tell.note(
                    f"page {event.page.number}: {event.error.message}; again in {event.delay_s:.0f} s", always=True
                )
            case PageNoted():
                self._note(event)
            case _:
                pass
        self._line()

    def _note(self, told: PageNoted) -> None:
        event = told.event
        match event:
            case Queued():
                # Every page waits for the same limit, and says so once a second.
                if event.reason not in self._said:
                    self._said.add(event.reason)
                    self._tell.note(f"waiting: {event.reason}", always=True)
            case Retrying():
                self._tell.note(f"page {told.page.number}: {event.error.message}; again in {event.delay_s:.1f} s")
            case FellBack():
                self._tell.note(f"page {told.page.number}: {event.error.message}; asking {event.to_model}")
            case SwitchedKey():
                self._tell.remark(f"{event.error.message}; going on with the key {event.to_label}")

    def _again(self) -> None:
        from asyncio import get_running_loop  # here, because --help needs no loop

        if self._tell.is_terminal:
            self._line()
            self._timer = get_running_loop().call_later(AGAIN_S, self._again)

    def _line(self) -> None:
        self._tell.count_up(line(self._reading.totals, self._reading.elapsed_s))


def line(totals: Totals, elapsed_s: float) -> str:
    """``███████░░░ 134/200 · 1 failed · $0.12 · 3.2 pages/s · 0:21 left``."""
    share = (totals.done + totals.failed) / totals.pages if totals.pages else 1.0
    filled = int(share * BAR)
    parts = [f"{'█' * filled}{'░' * (BAR - filled)} {totals.done}/{totals.pages} pages"]
    if totals.failed:
        parts.append(f"{totals.failed} failed")
    parts.append(format_usd(totals.cost_pico))
    if totals.rate is not None:
        parts.append(rate(totals.rate))
    parts.append(f"{clock(totals.left_s)} left" if totals.left_s is not None else clock(elapsed_s))
    return " · ".join(parts)


def rate(pages_per_s: float) -> str:
    """``3.2 pages/s``, or ``12 pages/min`` where that says more."""
    return f"{pages_per_s:.1f} pages/s" if pages_per_s >= 1 else f"{pages_per_s * 60:.0f} pages/min"


def clock(seconds: float) -> str:
    """``0:21``, ``1:02:03``."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def plural(count: int, noun: str) -> str:
    """``1 page``, ``2 pages``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _done(event: PageDone) -> str:
    record, totals = event.record, event.totals
    if event.was_known:
        return f"page {event.page.number}, {event.page.name}: equal to another"
    cost = "cost unknown" if record.cost.pico is None else format_usd(record.cost.pico)
    tokens = f"{record.usage.prompt_tokens}+{record.usage.completion_tokens} tok"
    return f"page {event.page.number}, {event.page.name}: {tokens}, {cost} ({totals.done} of {totals.pages})"
