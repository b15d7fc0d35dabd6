"""The pages of a session on their way to text. Knows no widget."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from orchat.domain.clean import clean_line
from orchat.domain.events import FellBack, Queued, Retrying, SwitchedKey
from orchat.domain.money import Cost, CostSource
from orchat.ocr import document
from orchat.ocr.folder import Folder
from orchat.ocr.job import Wish, plan
from orchat.ocr.page import Format, Page, PageDone, PageEvent, PageFailed, PageNoted, PageStarted, PageWaits
from orchat.ocr.reading import Reading
from orchat.ocr.terms import Terms
from orchat.tasks import Tasks, finish, settled
from orchat.tui import exporting
from orchat.tui.wording import cost, duration, plural, usd

if TYPE_CHECKING:
    from orchat.errors import OrchatError
    from orchat.ocr.estimate import Estimate
    from orchat.ocr.job import Job
    from orchat.ocr.page import Record, Totals
    from orchat.runtime import Runtime

BUSY = "reading"
"""The state of a page that is being sent."""


class PageReading:
    """The pages of one job, read as often as it takes.

    Args:
        runtime: Started.
        job: What is read; its folder is open, and closed by `close`.
        estimate: What the pages that are left will cost.
        conversation_id: The session that pays.
        wish: What was asked for, for when they are read again.
        max_cost_pico: It stops before the whole job has cost more; None: no limit.
    """

    def __init__(
        self,
        runtime: Runtime,
        job: Job,
        estimate: Estimate,
        conversation_id: str,
        *,
        wish: Wish,
        max_cost_pico: int | None = None,
    ) -> None:
        self._runtime = runtime
        self._conversation_id = conversation_id
        self._wish = replace(wish, paths=(), resume=True, is_trial=False)
        self._max_cost_pico = max_cost_pico
        self._show: Callable[[], None] = lambda: None
        self._tell: Callable[[str], None] = lambda _words: None
        self._tasks = Tasks()
        self._task: asyncio.Task[None] | None = None
        self._take(job, estimate)

    def _take(self, job: Job, estimate: Estimate) -> None:
        terms = Terms.of(
            self._runtime.config,
            estimate,
            max_cost_pico=self._max_cost_pico,
            conversation_id=self._conversation_id,
        )
        self.job = job
        self.estimate = estimate
        self._reading = Reading(self._runtime.dispatcher, self._runtime.clock, job, terms)
        self._now: dict[int, tuple[str, str]] = {}
        self._firsts = {page.key: page.number for page in reversed(job.pages)}

    def watch(self, show: Callable[[], None], tell: Callable[[str], None]) -> None:
        """Be told of what happens.

        Args:
            show: Told of every change, at once.
            tell: Told, in words, what may be missed.
        """
        self._show, self._tell = show, tell

    # ---- what there is ----

    @property
    def is_running(self) -> bool:
        """Whether pages are being read."""
        return self._task is not None and not self._task.done()

    @property
    def pages(self) -> tuple[Page, ...]:
        """All of them, in order."""
        return self.job.pages

    @property
    def records(self) -> dict[str, Record]:
        """Pages that were read, by their key."""
        return self._reading.records

    @property
    def stopped(self) -> OrchatError | None:
        """Why no further page was sent; None where nothing held them up."""
        return self._reading.stopped

    @property
    def totals(self) -> Totals:
        """How far it is."""
        totals = self._reading.totals
        return replace(totals, elapsed_s=self._reading.elapsed_s) if self.is_running else totals

    @property
    def left(self) -> int:
        """Pages that would be sent if it went on now: failed ones are tried again."""
        return len(self.pages) - sum(page.key in self.records for page in self.pages)

    def record(self, page: Page) -> Record | None:
        """What was read; None where nothing was yet."""
        return self.records.get(page.key)

    def failure(self, page: Page) -> OrchatError | None:
        """Why it could not be read."""
        known = self._reading.failures.get(page.number) or page.source.problem
        # What failed in an earlier run is tried again in this one.
        return known if known is not None or self.is_running else self.job.failures.get(page.key)

    def state(self, page: Page) -> str:
        """One or two words: ``read``, ``corrected``, ``reading``, ``waits``, ``failed`` or ``not read``."""
        record = self.record(page)
        if record is not None:
            return "corrected" if record.is_corrected else "read"
        if self.failure(page) is not None:
            return "failed"
        if not self.is_running:
            return "not read"
        return self._now.get(page.number, ("waits", ""))[0]

    def words(self, page: Page) -> str:
        """What there is to say of a page without a text."""
        if not self.is_running:
            return "This page is not read yet."
        return self._now.get(page.number, ("", ""))[1] or "This page waits for its turn."

    def cost(self, page: Page) -> str:
        """What a page has cost; nothing where it is not read, or was read with an equal one before it."""
        record = self.record(page)
        if record is None or self._firsts[page.key] != page.number:
            return ""
        return cost(record.cost)

    def progress(self) -> str:
        """``2 of 3 · 1 failed · $0.001 2 · 12 pages/min · 5.0 s left``."""
        totals = self.totals
        parts = [f"{totals.done} of {totals.pages}"]
        if totals.failed:
            parts.append(f"{totals.failed} failed")
        parts.append(usd(totals.cost_pico) + (" + ?" if totals.unknown_cost else ""))
        if self.is_running and totals.rate is not None and totals.left_s is not None:
            is_fast = totals.rate >= 1
            parts.append(f"{totals.rate:.1f} pages/s" if is_fast else f"{totals.rate * 60:.0f} pages/min")
            parts.append(f"{duration(totals.left_s)} left")
        return " · ".join(parts)

    # ---- what is done with them ----

    def start(self) -> None:
        """Read what is left."""
        self._task = self._tasks.spawn(self._run(), name="read pages")

    async def again(self) -> None:
        """Look at the files once more, and read what is left: failed pages, too.

        Raises:
            OrchatError: The files or the models are gone.
        """
        if self.is_running:
            return
        folder = self.job.folder
        folder.close()
        try:
            runtime = self._runtime
            job = await plan(runtime.parts.ground, runtime.config, Folder(folder.root), self._wish)
        except BaseException:
            folder.open()
            raise
        self._take(job, await job.estimate(runtime.parts.ground, runtime.config))
        self.start()
        self._show()

    async def correct(self, page: Page, text: str) -> None:
        """Put a person's text in the place of the model's, for good.

        Raises:
            StoreUnwritable: Full disk, no permission.
        """
        record = self.records[page.key]
        form = self.job.manifest.format
        self.records[page.key] = await asyncio.to_thread(self.job.folder.correct, page, record, text, form)
        self._show()

    async def export(self, form: Format, folder: Path) -> Path:
        """Write all texts into one new file.

        Args:
            form: Of the file.
            folder: Where; nothing that is there is replaced.

        Raises:
            StoreUnwritable: It cannot be written.
        """
        whole = await self._finished(form)
        text = await asyncio.to_thread(whole.read_text, encoding="utf-8")
        stem = f"ocr-{plural(len(self.pages), 'page').replace(' ', '-')}"
        return await asyncio.to_thread(exporting.write_new, folder, stem, form, text)

    def whole(self) -> str:
        """All texts in one, as Markdown."""
        return document.whole_text(self.pages, dict(self.records), self._reasons(), "md")

    def spent(self) -> Cost:
        """What all pages that were read have cost; not quite known where one of them has no price."""
        read = [self.records[key].cost.pico for key in self._firsts if key in self.records]
        source: CostSource = "estimated" if None in read else "reported"
        return Cost(pico=sum(pico or 0 for pico in read), source=source)

    async def stop(self) -> None:
        """Send no further page; what is read is kept."""
        if self._task is not None:
            self._task.cancel()
            await settled(self._task)

    async def close(self) -> None:
        """Stop, leave a document of what there is, and let others have the folder."""
        await self.stop()
        try:
            if self.records:
                await finish(self._finished(self.job.manifest.format), self._tasks, name="write the document")
        finally:
            self.job.folder.close()

    # ---- how it goes ----

    async def _run(self) -> None:
        try:
            async with self._reading as reading:
                async for event in reading:
                    self._seen(event)
        finally:
            self._now.clear()
            # Whoever looks now sees that it is over.
            asyncio.get_running_loop().call_soon(self._show)

    def _seen(self, event: PageEvent) -> None:
        number = event.page.number
        match event:
            case PageStarted():
                self._now[number] = (BUSY, "This page is being read.")
            case PageNoted():
                self._noted(number, event.event)
            case PageWaits():
                self._now[number] = ("waits", f"{event.error.message}; again in {event.delay_s:.0f} s")
            case PageDone() | PageFailed():
                self._now.pop(number, None)
        self._show()

    def _noted(self, number: int, event: Queued | Retrying | FellBack | SwitchedKey) -> None:
        match event:
            case Queued():
                self._now[number] = ("waits", f"waits: {event.reason}")
            case Retrying():
                self._now[number] = (BUSY, f"{event.error.message}; again in {event.delay_s:.1f} s")
            case FellBack():
                self._now[number] = (BUSY, f"{event.error.message}; {event.to_model} is asked")
            case SwitchedKey():
                self._tell(f"{event.error.message}; going on with the key {event.to_label}")

    def _reasons(self) -> dict[int, str]:
        found = ((page.number, self.failure(page)) for page in self.pages)
        return {number: error.message for number, error in found if error is not None}

    async def _finished(self, form: Format) -> Path:
        records = dict(self.records)
        return await asyncio.to_thread(self.job.folder.finish, self.pages, records, self._reasons(), form)


def names_of(pages: Sequence[Page]) -> str:
    """``page-1.png and 2 more files``.

    Args:
        pages: At least one.
    """
    others = len({page.source.path for page in pages}) - 1
    return clean_line(pages[0].source.name, 60) + (f" and {plural(others, 'more file')}" if others else "")
