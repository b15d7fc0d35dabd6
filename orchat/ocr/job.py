"""A job: which pages, with which prompt, by which models, into which folder. Planned before anything is sent."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from orchat.dispatch.sight import cannot_see, is_blind, that_see
from orchat.errors import OrchatError, UsageError
from orchat.ocr.estimate import Estimate, estimated
from orchat.ocr.folder import Folder, Manifest
from orchat.ocr.page import Format, Page, Record
from orchat.ocr.prompt import default_prompt
from orchat.ocr.sources import find_sources, pages_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchat.config import Config
    from orchat.dispatch.attempt import Ground
    from orchat.domain.catalog import Catalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is wanted of a job; what is None is as configured, or as the job was begun."""

    paths: Sequence[str | Path] = ()
    """Files and folders; empty: those of the job that is gone on with."""
    model: str | None = None
    """The model that reads."""
    fallbacks: tuple[str, ...] = ()
    """Models that read when it fails; without `model`, they stand behind those of `models.vision`."""
    prompt: str | None = None
    """What the model is told."""
    format: Format | None = None
    """Of the texts."""
    resume: bool = False
    """Go on with the job in the folder, if there is one."""
    is_trial: bool = False
    """Nothing will be read: leave the folder as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Pages to be read."""

    folder: Folder
    """Where the texts go; it is open."""
    pages: tuple[Page, ...]
    """All of them, in order."""
    manifest: Manifest
    """What is asked."""
    records: dict[str, Record] = field(default_factory=dict)
    """Pages that were read before, by their key."""
    failures: dict[str, OrchatError] = field(default_factory=dict)
    """Why other pages could not be read last time, by their key."""

    @property
    def models(self) -> tuple[str, ...]:
        """Asked in this order."""
        return self.manifest.models

    @property
    def left(self) -> tuple[Page, ...]:
        """The pages that will be sent: none twice, and none that was read before or cannot be read at all."""
        first = {page.key: page for page in reversed(self.pages) if page.key and page.key not in self.records}
        return tuple(sorted(first.values(), key=lambda page: page.number))

    async def estimate(self, ground: Ground, config: Config) -> Estimate:
        """What the pages that are left will cost, by live prices."""
        return estimated(
            len(self.left),
            prompt=self.manifest.prompt,
            models=[(name, await ground.models.find(name)) for name in self.models],
            max_tokens=config.ocr.max_tokens,
            now=ground.clock.now(),
        )


def planned(folder: Folder, wish: Wish, models: tuple[str, ...], now: float) -> Job:
    """Look at the pages and at what was read before. Plain blocking work: call it off the event loop.

    Args:
        folder: Where the texts go; opened here, and to be closed by the caller.
        wish: What is wanted.
        models: Asked in this order.
        now: Epoch seconds.

    Returns:
        The job; what is asked is written down.

    Raises:
        UsageError: The folder holds a job and `wish` does not go on with it, or asks something else of it.
        MediaNotFound: A path does not exist, or a folder holds no pages.
        StoreUnwritable: The folder cannot be written.
    """
    begun = folder.manifest() if folder.has_job else None
    if begun is not None and not wish.resume:
        raise UsageError(f"{folder.root} holds a job already", hint="Go on with it: --resume. Or name another folder.")
    paths = wish.paths or (begun.sources if begun is not None else ())
    if not paths:
        raise UsageError("there is nothing to read", hint="Name pictures, PDF documents or folders.")
    # What is not there is told before a folder is made for it.
    pages = tuple(pages_of(find_sources(paths)))
    form = wish.format or (begun.format if begun is not None else "md")
    prompt = wish.prompt or (begun.prompt if begun is not None else default_prompt(form))
    if begun is not None and prompt != begun.prompt:
        raise UsageError("the job was begun with another prompt", hint="Begin a new one in another folder or session.")
    manifest = Manifest(
        prompt=prompt,
        models=models,
        format=form,
        created_at=now if begun is None else begun.created_at,
        sources=tuple(str(Path(path).expanduser().absolute()) for path in paths),
    )
    if wish.is_trial:
        return _job(folder, pages, manifest)
    folder.open()
    try:
        if manifest != begun:
            folder.put_manifest(manifest)
        return _job(folder, pages, manifest)
    except BaseException:
        folder.close()
        raise


def _job(folder: Folder, pages: tuple[Page, ...], manifest: Manifest) -> Job:
    records = folder.records()
    failures = {key: error for key, error in folder.failures().items() if key not in records}
    return Job(folder=folder, pages=pages, manifest=manifest, records=records, failures=failures)


async def chosen_models(ground: Ground, config: Config, wish: Wish) -> tuple[str, ...]:
    """The models that read: as wished, else those of `models.vision`, then the fallbacks, that the live catalogue has.

    Args:
        ground: Shared parts.
        config: Settings of ``[models]``.
        wish: What is wanted.

    Raises:
        ModelCannotSee: The model that is wished takes no pictures.
        UsageError: None of `models.vision` is there to be asked.
    """
    known = await _catalogue(ground)
    is_told = ground.client.dialect == "openrouter"
    if wish.model is not None:
        if is_told and is_blind(wish.model, known):
            raise await cannot_see(ground, config, wish.model)
        others = that_see(wish.fallbacks, known) if is_told else wish.fallbacks
        return tuple(dict.fromkeys((wish.model, *others)))
    wanted = tuple(dict.fromkeys((*config.models.vision, *wish.fallbacks)))
    found = that_see(wanted, known) if is_told else wanted
    if not found:
        raise UsageError(
            "none of the models in models.vision can be asked now",
            hint="Name one that sees with -m; orchat models --vision lists them.",
        )
    return found


async def _catalogue(ground: Ground) -> Catalogue:
    try:
        return await ground.models.current()
    except OrchatError:
        return await ground.models.known()


async def plan(ground: Ground, config: Config, folder: Folder, wish: Wish) -> Job:
    """Choose the models, look at the pages and at what was read before; nothing is sent.

    Args:
        ground: Shared parts.
        config: Settings of ``[models]``.
        folder: Where the texts go; opened here, and to be closed by the caller.
        wish: What is wanted.

    Raises:
        OrchatError: As `chosen_models` and `planned` do.
    """
    models = await chosen_models(ground, config, wish)
    return await asyncio.to_thread(planned, folder, wish, models, ground.clock.now())
