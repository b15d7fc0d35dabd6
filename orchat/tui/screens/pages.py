"""The command that reads pages: which, at what price, and what the session keeps of them."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from textual.content import Content

from orchat.domain.clean import clean_line
from orchat.errors import UsageError
from orchat.tui import pagefiles
from orchat.tui.attached import Attached
from orchat.tui.branches import must_be_idle
from orchat.tui.lines import DIM
from orchat.tui.wording import plural, tokens, usd

if TYPE_CHECKING:
    from orchat.ocr.estimate import Estimate
    from orchat.ocr.job import Job, Wish
    from orchat.tui.pagewish import PageWish
    from orchat.tui.reading import PageReading
    from orchat.tui.screens.chat import ChatScreen

MOST_NAMES = 12
"""Files that the prompt names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """What is to be read."""

    typed: PageWish
    """Files and folders, and how they are read."""
    files: tuple[Attached, ...]
    """What was attached."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """Files and folders."""
        return self.typed.paths

    @property
    def is_empty(self) -> bool:
        """Whether it is nothing."""
        return not self.paths and not self.files


async def ocr(screen: ChatScreen, argument: str) -> None:
    """Read the text of pages: those that are named or attached, else those of the session, else ask for some."""
    session = screen.session
    must_be_idle(session)
    screen.editing.must_be_over()
    if session.is_temporary:
        raise UsageError("pages that are read stay on the disk, and this session may not", hint="/keep keeps it")
    await screen.runtime.start()
    await _sweep(screen)
    named = await _named(screen, argument)
    if named is None or not await screen.has_key():
        return
    if named.is_empty:
        await _open(screen, (), named.typed, start=False)
    else:
        await _begin(screen, named)


async def _sweep(screen: ChatScreen) -> None:
    """The pages of sessions that are gone for good go, too."""
    from orchat.store import copies

    for folder in await asyncio.to_thread(lambda: list(pagefiles.jobs_in(screen.runtime.paths).glob("*"))):
        is_staged = folder.name.startswith("new-")
        if not is_staged and not await screen.runtime.parts.db.read(copies.is_taken, folder.name):
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


# ---- what is read ----


async def _named(screen: ChatScreen, argument: str) -> _Named | None:
    """What is to be read; empty: the pages that the session has; None: nothing."""
    from orchat.tui.pagewish import parse

    attached = screen.composer.prompt.files
    files = tuple(file for file in attached if _has_pages(file))
    typed = await asyncio.to_thread(parse, argument)
    if files or typed.paths:
        return _Named(typed=typed, files=files)
    if attached:
        raise UsageError(f"{attached[0].name} has no pages to read", hint="attach pictures or PDF documents")
    if await asyncio.to_thread(_has_job, screen):
        return _Named(typed=typed, files=())
    return await _chosen(screen, typed)


def _has_pages(file: Attached) -> bool:
    return not file.is_link and (file.is_picture or file.mime == "application/pdf")


async def _chosen(screen: ChatScreen, typed: PageWish) -> _Named | None:
    from orchat.tui.screens.attachments import choose

    wanted = await choose(screen, Path.cwd())
    paths = tuple(item for item in wanted if isinstance(item, Path))
    files = [await screen.fit_to_send(item) for item in wanted if not isinstance(item, Path)]
    named = _Named(typed=replace(typed, paths=paths), files=tuple(file for file in files if _has_pages(file)))
    return None if named.is_empty else named


def _root(screen: ChatScreen) -> Path | None:
    conversation = screen.session.conversation
    return None if conversation is None else pagefiles.jobs_in(screen.runtime.paths) / conversation.id


def _has_job(screen: ChatScreen) -> bool:
    from orchat.ocr.folder import Folder

    root = _root(screen)
    return root is not None and Folder(root).has_job


# ---- how it goes ----


async def _begin(screen: ChatScreen, named: _Named) -> None:
    """Say what it will cost; after Enter, read."""
    from orchat.ocr.folder import Folder
    from orchat.ocr.job import plan
    from orchat.tui.screens.confirm import Confirm

    runtime = screen.runtime
    staging = pagefiles.jobs_in(runtime.paths) / f"new-{os.getpid()}"
    contents = [(file.name, await screen.bytes_of(file)) for file in named.files]
    try:
        staged = await asyncio.to_thread(pagefiles.stage, staging, contents)
        before = await asyncio.to_thread(_before, screen)
        paths = _once((*before, *named.paths, *staged))
        wish = replace(_wish(screen, named.typed), paths=paths, is_trial=True)
        trial = await plan(runtime.parts.ground, runtime.config, Folder(_root(screen) or staging), wish)
        estimate = await trial.estimate(runtime.parts.ground, runtime.config)
        estimate.check(named.typed.max_cost_pico)
        question = Confirm(f"Read {plural(estimate.pages, 'page')}?", _about(trial, estimate), yes="read")
        if estimate.pages and not await screen.app.push_screen_wait(question):
            return
        root = await _place(screen, trial)
        adopted = await asyncio.to_thread(pagefiles.adopt, root, staged)
    finally:
        await asyncio.to_thread(shutil.rmtree, staging, ignore_errors=True)
    screen.composer.files = tuple(file for file in screen.composer.files if file not in named.files)
    screen.keep_draft()
    await _open(screen, _once((*before, *named.paths, *adopted)), named.typed, start=True)


def _before(screen: ChatScreen) -> tuple[Path, ...]:
    """The files and folders that the session reads already."""
    from orchat.ocr.folder import Folder

    root = _root(screen)
    manifest = None if root is None else Folder(root).manifest()
    return () if manifest is None else tuple(map(Path, manifest.sources))


def _wish(screen: ChatScreen, typed: PageWish) -> Wish:
    """The model of the session reads where none of the settings can, and none was named."""
    present = (screen.session.model,) if screen.session.model and typed.wish.model is None else ()
    return replace(typed.wish, resume=True, fallbacks=(*typed.wish.fallbacks, *present))


def _once(paths: Sequence[Path]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(path.absolute() for path in paths))


def _about(job: Job, estimate: Estimate) -> Content:
    others = f", else {', '.join(job.models[1:])}" if job.models[1:] else ""
    there = len(job.pages) - len(job.left)
    likely, most = estimate.likely_pico, estimate.most_pico
    cost = "The price is not known." if likely is None else f"About {usd(likely)}"
    bound = f", {usd(most)} at most." if likely is not None and most is not None else ""
    sent = f"{tokens(estimate.prompt_tokens)} tokens are sent, {tokens(estimate.answer_tokens)} come back, about."
    beside = f"{plural(there, 'other page')}: read before, equal to another, or not to be read.\n" if there else ""
    return Content.assemble(
        f"{cost}{bound}\n", (f"{sent}\n{beside}{clean_line(f'{job.models[0]} reads{others}.', 300)}", DIM)
    )


async def _place(screen: ChatScreen, job: Job) -> Path:
    """The folder of the session's pages; the session begins now where it has not yet."""
    session = screen.session
    if session.conversation is None:
        from orchat.tui.reading import names_of

        title = f"OCR: {names_of(job.pages)}"
        session.conversation = await screen.runtime.conversations.create(title=title, **session.choices.of_new())
    root = _root(screen)
    assert root is not None
    return root


async def _open(screen: ChatScreen, paths: tuple[Path, ...], typed: PageWish, *, start: bool) -> None:
    """Show the pages, and let the session have their text when somebody goes back."""
    from orchat.ocr.folder import Folder
    from orchat.ocr.job import plan
    from orchat.tui.reading import PageReading
    from orchat.tui.screens.ocr import OcrScreen

    runtime, root = screen.runtime, _root(screen)
    assert root is not None
    wish, limit = _wish(screen, typed), typed.max_cost_pico
    job = await plan(runtime.parts.ground, runtime.config, Folder(root), replace(wish, paths=paths))
    try:
        estimate = await job.estimate(runtime.parts.ground, runtime.config)
        estimate.check(limit)
        reading = PageReading(runtime, job, estimate, root.name, wish=wish, max_cost_pico=limit)
        dialog = OcrScreen(runtime, reading, start=start and bool(job.left))
    except BaseException:
        job.folder.close()
        raise
    try:
        await screen.app.push_screen_wait(dialog)
    finally:
        await dialog.reading.close()
    await _tell_session(screen, root, dialog.reading)
    screen.refresh_figures()


async def _tell_session(screen: ChatScreen, root: Path, reading: PageReading) -> None:
    """What was read becomes part of the conversation, once for each state of it."""
    if not reading.records:
        return
    from orchat.domain.conversation import StoredMessage
    from orchat.domain.fold import Reply

    text, prompt = reading.whole(), _prompt(reading)
    before = await asyncio.to_thread(pagefiles.told, root)
    if (before.prompt, before.text) == (prompt, text):
        return
    id, service = root.name, screen.runtime.conversations
    answer = StoredMessage(
        id=0,
        conversation_id=id,
        parent_id=None,
        role="assistant",
        reply=Reply(text=text),
        model=reading.job.models[0],
        cost=reading.spent(),
    )
    known = before.prompt_id if before.prompt == prompt else None
    prompt_id = await service.add_exchange(id, prompt, answer, prompt_id=known)
    await asyncio.to_thread(pagefiles.put_told, root, pagefiles.Told(prompt_id=prompt_id, prompt=prompt, text=text))
    screen.session.adopt(await service.transcript(id))


def _prompt(reading: PageReading) -> str:
    names = list(dict.fromkeys(page.source.name for page in reading.pages))
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"OCR: {plural(len(reading.pages), 'page')}\n\n{', '.join(names[:MOST_NAMES])}{more}"


OCR_ACTIONS = {"ocr": ocr}
"""By the id of the command."""
