"""What is read, what came of it, and what is told while it is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from orchat.domain.events import FellBack, Queued, Retrying, SwitchedKey
from orchat.domain.money import UNKNOWN_COST, Cost, Usage
from orchat.errors import MediaError, OrchatError

Format = Literal["md", "txt", "json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file with pages."""

    path: Path
    """Where it is, absolute."""
    name: str
    """What people call it: clean, on one line, of its own where files of one name come from several folders."""
    sha256: str = ""
    """Hex digest of its bytes; empty where it cannot be read."""
    pages: int = 1
    """More than one only in documents."""
    is_document: bool = False
    """A PDF, whose pages are drawn."""
    problem: MediaError | None = None
    """Why nothing of it can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of the stack."""

    number: int
    """From 1, over all sources."""
    source: Source
    """Where it is."""
    index: int = 0
    """Which page of the source, from 0."""

    @property
    def key(self) -> str:
        """What tells it from others: its content. Two equal pages are read once."""
        return f"{self.source.sha256}-{self.index + 1}" if self.source.sha256 else ""

    @property
    def name(self) -> str:
        """For people: ``scan.png``, or ``report.pdf, page 3``."""
        return f"{self.source.name}, page {self.index + 1}" if self.source.is_document else self.source.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A page that was read."""

    key: str
    """The page, as in `Page.key`."""
    text: str
    """What stands on it."""
    model: str
    """The model that read it."""
    provider: str | None = None
    """Who served it."""
    generation_id: str | None = None
    """``gen-…``."""
    usage: Usage = field(default_factory=Usage)
    """Tokens."""
    cost: Cost = UNKNOWN_COST
    """Of the answer."""
    finished_at: float = 0.0
    """Epoch seconds."""
    is_corrected: bool = False
    """A person has changed the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageStarted:
    """A page is being sent."""

    page: Page
    """Which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageNoted:
    """Something happened on the way to a page's text."""

    page: Page
    """Which."""
    event: Queued | Retrying | FellBack | SwitchedKey
    """What, as the dispatcher told it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageWaits:
    """A page failed for a while and will be sent again."""

    page: Page
    """Which."""
    error: OrchatError
    """Why."""
    delay_s: float
    """Seconds until then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageDone:
    """The text of a page is on the disk."""

    page: Page
    """Which."""
    record: Record
    """What came of it."""
    totals: Totals
    """How far the job is with it."""
    was_known: bool = False
    """It was read before, or an equal page was: nothing was paid now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFailed:
    """A page could not be read; the others go on."""

    page: Page
    """Which."""
    error: OrchatError
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """How far a job is."""

    pages: int
    """All of them."""
    done: int = 0
    """On the disk, with those that were there before."""
    known: int = 0
    """Part of `done` that cost nothing now."""
    failed: int = 0
    """Could not be read."""
    cost_pico: int = 0
    """Known cost of the pages that are done, earlier runs included."""
    unknown_cost: int = 0
    """Pages that are done and whose cost nobody knows."""
    elapsed_s: float = 0.0
    """Since this run began."""

    @property
    def left(self) -> int:
        """Pages that are neither done nor failed."""
        return self.pages - self.done - self.failed

    @property
    def rate(self) -> float | None:
        """Pages a second of this run; None before the first one."""
        read = self.done - self.known
        return read / self.elapsed_s if read and self.elapsed_s > 0 else None

    @property
    def left_s(self) -> float | None:
        """Seconds until all are done, if it goes on like this."""
        rate = self.rate
        return None if rate is None else self.left / rate


PageEvent: TypeAlias = PageStarted | PageNoted | PageWaits | PageDone | PageFailed
