"""The engine: works through the pages of a job, so many at a time, and tells what happens.

Use it as ``async with Reading(…) as reading: async for event in reading: …``. Leaving early stops it: answers that
have arrived are still written, so that they are not paid twice.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING

from orchat.dispatch.dispatcher import Circumstances
from orchat.domain.events import FellBack, Finished, Queued, Retrying, SwitchedKey
from orchat.domain.money import format_usd
from orchat.errors import BudgetExceeded, MediaError, OrchatError, StoreError, StreamInterrupted
from orchat.ocr import verdict
from orchat.ocr.page import (
    Page,
    PageDone,
    PageEvent,
    PageFailed,
    PageNoted,
    PageStarted,
    PageWaits,
    Record,
    Totals,
)
from orchat.ocr.sending import check_whole, picture_of, record_of, request_for
from orchat.tasks import Tasks, finish, settled

if TYPE_CHECKING:
    from orchat.clock import Clock
    from orchat.dispatch.dispatcher import Dispatcher
    from orchat.media.image import PreparedImage
    from orchat.ocr.job import Job
    from orchat.ocr.terms import Terms


class Reading:
    """One run over the pages of a job.

    Args:
        dispatcher: The way to the server.
        clock: Tells the time.
        job: What is read; its folder is open.
        terms: How.
    """

    def __init__(self, dispatcher: Dispatcher, clock: Clock, job: Job, terms: Terms) -> None:
        self._dispatcher = dispatcher
        self._clock = clock
        self._job = job
        self._terms = terms
        self._workers = Tasks()
        self._keeping = Tasks()
        self._events: deque[PageEvent] = deque()
        self._news = asyncio.Event()
        self._stop = asyncio.Event()
        self._prepared: asyncio.Queue[tuple[Page, PreparedImage] | None] = asyncio.Queue(max(1, terms.jobs))
        self._settled = asyncio.Event()
        self._running: list[asyncio.Task[None]] = []
        self._reserved_pico = 0
        self._lost_pico = 0
        self._under_way = 0
        self._began = clock.monotonic()
        self._twins: dict[str, list[Page]] = {}
        self.records: dict[str, Record] = dict(job.records)
        """Pages that are done, by their key."""
        self.failures: dict[int, OrchatError] = {}
        """Why pages could not be read, by their number."""
        self.stopped: OrchatError | None = None
        """Why the job ended before its last page; None where it did not."""
        self.totals = self._first_totals()
        """How far it is."""

    def _first_totals(self) -> Totals:
        known = [page for page in self._job.pages if page.key in self.records]
        once = {page.key: self.records[page.key] for page in known}.values()
        return Totals(
            pages=len(self._job.pages),
            done=len(known),
            known=len(known),
            cost_pico=sum(record.cost.pico or 0 for record in once),
            unknown_cost=sum(record.cost.pico is None for record in once),
        )

    # ---- life

    async def __aenter__(self) -> Reading:
        self._began = self._clock.monotonic()
        for page in self._job.pages:
            if page.source.problem is not None:
                self._fail(page, page.source.problem)
            elif page.key not in self.records:
                self._twins.setdefault(page.key, []).append(page)
        self._running = [
            self._workers.spawn(self._prepare(), name="prepare pages"),
            *(self._workers.spawn(self._work(), name=f"read pages {number}") for number in range(self._terms.jobs)),
        ]
        for task in self._running:
            task.add_done_callback(self._ended)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await finish(self._end(), Tasks(), name="end the reading of pages")

    async def _end(self) -> None:
        self._stop.set()
        await self._workers.close(cancel=True)
        await self._keeping.close(cancel=False)

    def __aiter__(self) -> Reading:
        return self

    @property
    def elapsed_s(self) -> float:
        """Seconds since this run began."""
        return self._clock.monotonic() - self._began

    def reasons(self) -> dict[int, str]:
        """Why pages could not be read, in this run or before it, by their number."""
        before = self._job.failures
        found = {page.number: before[page.key].message for page in self._job.pages if page.key in before}
        return found | {number: error.message for number, error in self.failures.items()}

    def page(self, number: int) -> Page:
        """The page with a number."""
        return self._job.pages[number - 1]

    async def __anext__(self) -> PageEvent:
        while not self._events:
            if all(task.done() for task in self._running):
                for task in self._running:
                    if not task.cancelled():
                        task.result()
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._events.popleft()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A fault of ours in one task ends them all, or the others would wait for it."""
        if not task.cancelled() and task.exception() is not None:
            self._stop.set()
            for other in self._running:
                other.cancel()
        self._news.set()

    def _tell(self, event: PageEvent) -> None:
        self.totals = replace(self.totals, elapsed_s=self.elapsed_s)
        self._events.append(event)
        self._news.set()

    # ---- pages

    async def _prepare(self) -> None:
        """Makes pages fit to send, in order and no more ahead than can be sent next."""
        for page in self._job.left:
            if self._stop.is_set():
                break
            try:
                picture = await asyncio.to_thread(picture_of, page, self._terms.media)
            except MediaError as error:
                await self._give_up(page, error)
                continue
            await self._prepared.put((page, picture))
        for _ in range(self._terms.jobs):
            await self._prepared.put(None)

    async def _work(self) -> None:
        keeping: asyncio.Task[None] | None = None
        while (item := await self._prepared.get()) is not None:
            if not await self._may_spend():
                continue
            record = None
            try:
                record = await self._read(*item)
            finally:
                if record is None:
                    self._give_back()
            if record is not None:
                # The next page is sent while this one is written; whoever loses patience, what is paid for is kept.
                before, keeping = keeping, self._keeping.spawn(self._kept(item[0], record), name="keep a page")
                await _ended_well(before)
        await _ended_well(keeping)

    async def _read(self, page: Page, picture: PreparedImage) -> Record | None:
        """One page, however often it has to be sent; None when it cannot be read, or not now."""
        self._tell(PageStarted(page=page))
        tries, waited_s = 0, 0.0
        while not self._stop.is_set():
            tries += 1
            try:
                return await self._asked(page, picture)
            except OrchatError as error:
                if isinstance(error, StreamInterrupted):
                    # What a cut answer cost is not known for a while.
                    self._lost_pico += self._terms.page_most_pico or 0
                judged = verdict.judge(
                    error,
                    tries=tries,
                    waited_s=waited_s,
                    patience_s=self._terms.patience_s,
                    now=self._clock.now(),
                )
                match judged:
                    case verdict.Again() | verdict.Wait():
                        if isinstance(judged, verdict.Wait):
                            tries, waited_s = tries - 1, waited_s + judged.delay_s
                        self._tell(PageWaits(page=page, error=error, delay_s=judged.delay_s))
                        await self._pause(judged.delay_s)
                    case verdict.Skip():
                        await self._give_up(page, error)
                        return None
                    case verdict.Stop():
                        self._halt(error)
        return None

    async def _asked(self, page: Page, picture: PreparedImage) -> Record:
        """What the model reads on a page.

        Raises:
            OrchatError: Nothing came, or not all of it.
        """
        job, terms = self._job, self._terms
        request = request_for(picture, prompt=job.manifest.prompt, model=job.models[0], max_tokens=terms.max_tokens)
        # An empty list of fallbacks would mean the configured ones, which may not have been chosen for pages.
        around = Circumstances(
            fallbacks=job.models[1:] or job.models[:1],
            conversation_id=terms.conversation_id,
            switch=terms.switch,
            over_budget=terms.over_budget,
        )
        finished: Finished | None = None
        async with self._dispatcher.stream(request, around) as stream:
            async for event in stream:
                if isinstance(event, Finished):
                    finished = event
                elif isinstance(event, (Queued, Retrying, FellBack, SwitchedKey)):
                    self._tell(PageNoted(page=page, event=event))
        assert finished is not None
        check_whole(finished, terms.max_tokens)
        return record_of(page, finished, model=job.models[0], now=self._clock.now())

    async def _kept(self, page: Page, record: Record) -> None:
        try:
            await self._keep(page, record)
        except StoreError as error:
            self._halt(error)
        finally:
            self._give_back()

    async def _keep(self, page: Page, record: Record) -> None:
        """Write a page, and only then count it."""
        await asyncio.to_thread(self._write, page, record)
        self.records[page.key] = record
        self.totals = replace(
            self.totals,
            cost_pico=self.totals.cost_pico + (record.cost.pico or 0),
            unknown_cost=self.totals.unknown_cost + (record.cost.pico is None),
        )
        for twin in self._twins[page.key]:
            was_known = twin is not page
            self.totals = replace(self.totals, done=self.totals.done + 1, known=self.totals.known + was_known)
            totals = replace(self.totals, elapsed_s=self.elapsed_s)
            self._tell(PageDone(page=twin, record=record, totals=totals, was_known=was_known))

    def _write(self, page: Page, record: Record) -> None:
        folder = self._job.folder
        folder.keep(record)
        for twin in self._twins[page.key]:
            folder.put_page(twin, record, self._job.manifest.format)

    async def _give_up(self, page: Page, error: OrchatError) -> None:
        for twin in self._twins[page.key]:
            self._fail(twin, error)
        # A disk that is full is told of with the next page that is read.
        with suppress(StoreError):
            await asyncio.to_thread(self._job.folder.keep_failure, page, error)

    def _fail(self, page: Page, error: OrchatError) -> None:
        self.failures[page.number] = error
        self.totals = replace(self.totals, failed=self.totals.failed + 1)
        self._tell(PageFailed(page=page, error=error))

    # ---- money, and other reasons to stop

    async def _may_spend(self) -> bool:
        """Wait until the rest of the job's budget covers one more page, and put that much aside."""
        most, limit = self._terms.page_most_pico or 0, self._terms.max_cost_pico
        while limit is not None and not self._stop.is_set():
            if self.totals.cost_pico + self._lost_pico + self._reserved_pico + most <= limit:
                break
            if self._under_way == 0:
                self._halt(self._too_dear(limit, most))
                break
            self._settled.clear()
            await self._settled.wait()
        if self._stop.is_set():
            return False
        self._reserved_pico += most
        self._under_way += 1
        return True

    def _give_back(self) -> None:
        self._reserved_pico -= self._terms.page_most_pico or 0
        self._under_way -= 1
        self._settled.set()

    def _too_dear(self, limit: int, most: int) -> BudgetExceeded:
        spent = self.totals.cost_pico + self._lost_pico
        return BudgetExceeded(
            f"the job's budget of {format_usd(limit)} does not cover another page:"
            f" {format_usd(spent)} is spent, and a page may cost up to {format_usd(most)}",
            scope="job",
            limit_pico=limit,
            spent_pico=spent,
            projected_pico=most,
            hint="Go on with a higher --max-cost and --resume.",
        )

    def _halt(self, error: OrchatError) -> None:
        """No further page is sent; those under way come to their end."""
        self.stopped = self.stopped or error
        self._stop.set()
        self._settled.set()

    async def _pause(self, seconds: float) -> None:
        """Wait, but not longer than the job goes on."""
        sleeping = self._workers.spawn(self._clock.sleep(seconds), name="wait for a page's turn")
        stopping = self._workers.spawn(self._stop.wait(), name="wait for the end of the job")
        try:
            await asyncio.wait({sleeping, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            stopping.cancel()


async def _ended_well(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        await settled(task)
        task.result()
