"""One run of ``orchat ocr``: the estimate, the reading, and what is said of it."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from orchat.cli.diagnostics import ExitCode, exit_code
from orchat.cli.page_progress import Progress, plural
from orchat.domain.money import format_usd
from orchat.errors import MediaError, StoreError
from orchat.ocr.folder import Folder
from orchat.ocr.job import Job, Wish, plan
from orchat.ocr.reading import Reading
from orchat.ocr.terms import Terms
from orchat.tasks import Tasks, finish

if TYPE_CHECKING:
    from orchat.cli.invocation import Invocation
    from orchat.ocr.estimate import Estimate
    from orchat.runtime import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says beside the wish."""

    folder: Path | None
    """``-o``."""
    jobs: int | None
    """``--jobs``."""
    max_cost_pico: int | None
    """``--max-cost``."""
    is_dry: bool
    """``--dry-run``."""
    over_budget: bool
    """``--over-budget``."""


class Pages:
    """One run.

    Args:
        invocation: Where things are said.
        runtime: Has started.
        wish: What is wanted of the job.
        options: And of this run.
    """

    def __init__(self, invocation: Invocation, runtime: Runtime, wish: Wish, options: Options) -> None:
        self._invocation = invocation
        self._tell = invocation.diagnostics
        self._runtime = runtime
        self._wish = wish
        self._options = options
        self._root = options.folder or _folder_of(runtime, wish)

    async def read(self) -> int:
        """Read all pages that are left.

        Returns:
            The exit code.

        Raises:
            OrchatError: Nothing could be begun.
        """
        runtime = self._runtime
        job = await plan(runtime.parts.ground, runtime.config, Folder(self._root), self._resumable())
        try:
            estimate = await job.estimate(runtime.parts.ground, runtime.config)
            self._announce(job, estimate)
            if self._options.is_dry:
                for page in job.pages:
                    if page.key in job.failures:
                        self._tell.remark(f"- page {page.number}, {page.name}: {job.failures[page.key].message}")
                return ExitCode.DONE
            return await self._work(job, self._terms(estimate))
        finally:
            job.folder.close()

    def _resumable(self) -> Wish:
        """Without a folder of its own, a job that was broken off is gone on with by asking the same again."""
        return self._wish if self._options.folder is not None else replace(self._wish, resume=True)

    def _announce(self, job: Job, estimate: Estimate) -> None:
        known = sum(page.key in job.records for page in job.pages)
        there = f", {known} of them read before" if known else ""
        self._tell.remark(
            f"{plural(len(job.pages), 'page')}{there}; {job.models[0]} reads"
            + (f", else {', '.join(job.models[1:])}" if len(job.models) > 1 else "")
        )
        if not estimate.pages:
            return
        likely, most = estimate.likely_pico, estimate.most_pico
        cost = f"about {format_usd(likely)}" if likely is not None else "price not known"
        bound = f", {format_usd(most)} at most" if most is not None else ""
        self._tell.remark(f"estimate: {estimate.prompt_tokens:,} + {estimate.answer_tokens:,} tokens, {cost}{bound}")

    def _terms(self, estimate: Estimate) -> Terms:
        options = self._options
        estimate.check(options.max_cost_pico)
        return Terms.of(
            self._runtime.config,
            estimate,
            jobs=options.jobs,
            max_cost_pico=options.max_cost_pico,
            over_budget=options.over_budget,
        )

    async def _work(self, job: Job, terms: Terms) -> int:
        reading = Reading(self._runtime.dispatcher, self._runtime.clock, job, terms)
        progress = Progress(self._tell, reading)
        try:
            async with reading:
                progress.begin()
                async for event in reading:
                    progress.show(event)
        finally:
            progress.end()
            # Even a job that was broken off leaves a document of what there is.
            whole = await finish(self._finish(job, reading), Tasks(), name="write the document")
            self._conclude(reading, whole)
        if whole is None or reading.stopped is not None:
            assert reading.stopped is not None
            self._tell.error(reading.stopped)
            return exit_code(reading.stopped)
        if reading.totals.left or reading.failures:
            return ExitCode.FAILED
        await self._give_out(whole)
        return ExitCode.DONE

    async def _finish(self, job: Job, reading: Reading) -> Path | None:
        form, reasons = job.manifest.format, reading.reasons()
        try:
            return await asyncio.to_thread(job.folder.finish, job.pages, reading.records, reasons, form)
        except StoreError as error:
            reading.stopped = reading.stopped or error
            return None

    def _conclude(self, reading: Reading, whole: Path | None) -> None:
        """The figures, and then what is missing, because that is what somebody has to do something about."""
        totals = reading.totals
        cost = format_usd(totals.cost_pico) + (
            f", {totals.unknown_cost} of unknown cost" if totals.unknown_cost else ""
        )
        place = f": {_as_given(whole)}" if whole is not None and self._options.folder is not None else ""
        self._tell.remark(f"{totals.done} of {plural(totals.pages, 'page')} read, {cost}{place}")
        if reading.failures:
            self._tell.remark(f"{plural(len(reading.failures), 'page')} could not be read:")
        for number, error in sorted(reading.failures.items()):
            page = reading.page(number)
            self._tell.remark(f"- page {number}, {page.name}: {error.message}")
        refused = (error for _, error in sorted(reading.failures.items()) if isinstance(error, MediaError))
        for hint in dict.fromkeys(error.hint for error in refused if error.hint):
            self._tell.remark(f"hint: {hint}")
        way = "--resume" if self._options.folder is not None else "the same command"
        if totals.left:
            self._tell.remark(f"{plural(totals.left + totals.failed, 'page')} left: {way} goes on")
        elif reading.failures:
            self._tell.remark(f"{way} tries {'it' if totals.failed == 1 else 'them'} again")

    async def _give_out(self, whole: Path) -> None:
        """Without a folder of its own, the document goes to stdout and nothing stays behind."""
        if self._options.folder is not None:
            return
        text = await asyncio.to_thread(whole.read_text, encoding="utf-8")
        await self._invocation.output.stream(text)
        await asyncio.to_thread(shutil.rmtree, self._root, ignore_errors=True)


def _as_given(path: Path) -> Path:
    """Short, where it lies below the folder that somebody works in."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _folder_of(runtime: Runtime, wish: Wish) -> Path:
    """Where the state of a job is that was given no folder: the same for the same question."""
    asked = [str(Path(path).expanduser().absolute()) for path in wish.paths]
    said = "\0".join([*asked, wish.prompt or "", wish.format or "", wish.model or ""])
    return runtime.paths.data_dir / "ocr" / hashlib.sha256(said.encode(errors="surrogateescape")).hexdigest()[:16]
