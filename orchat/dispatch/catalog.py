"""The live catalogue of models: fetched, kept, and never older than the user allows.

The classes of the catalogue are loaded when it is first looked at: most questions are asked without.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from orchat.errors import OrchatError
from orchat.store import catalog as kept
from orchat.tasks import Tasks, settled

if TYPE_CHECKING:
    from orchat.clock import Clock
    from orchat.domain.catalog import Catalogue, Model, Pricing
    from orchat.openrouter.client import OpenRouter
    from orchat.store.database import Database

ASK_S = 2.0
"""A price is worth this much waiting, in seconds."""


class Models:
    """Gives out the catalogue: from memory, else from the database, else from the server.

    Args:
        client: Where it is fetched from.
        db: Where it is kept.
        clock: Tells its age.
        tasks: Owns the fetch, which several callers may wait for.
        max_age_s: Older than this, it is fetched again.
    """

    def __init__(self, client: OpenRouter, db: Database, clock: Clock, tasks: Tasks, *, max_age_s: float) -> None:
        self._client = client
        self._db = db
        self._clock = clock
        self._tasks = tasks
        self._max_age_s = max_age_s
        self._known: Catalogue | None = None
        self._fetch: asyncio.Task[Catalogue] | None = None

    async def known(self) -> Catalogue:
        """What is known without asking the server; may be empty, may be old."""
        if self._known is None:
            self._known = await self._load()
        return self._known

    async def current(self) -> Catalogue:
        """The catalogue, fetched when it is missing or too old.

        Returns:
            The fresh catalogue, or the old one when the server cannot be reached.

        Raises:
            OrchatError: The server cannot be reached and nothing was ever fetched.
        """
        known = await self.known()
        if known.models and self._clock.now() - known.fetched_at <= self._max_age_s:
            return known
        try:
            return await self.refresh()
        except Exception:
            if known.models:
                return known
            raise

    async def refresh(self) -> Catalogue:
        """Fetch the catalogue now; callers at the same time share one request.

        Raises:
            OrchatError: The server cannot be reached.
        """
        if self._fetch is None or self._fetch.done():
            self._fetch = self._tasks.spawn(self._fetched(), name="fetch the catalogue")
        await settled(self._fetch)
        return self._fetch.result()

    async def find(self, model_id: str) -> Model | None:
        """The model with this id, as far as it is known without asking the server."""
        return (await self.known()).find(model_id)

    async def pricing(self, model_id: str) -> Pricing | None:
        """Its live prices, as far as they are known without asking the server."""
        model = await self.find(model_id)
        return None if model is None else model.pricing

    async def look_up(self) -> None:
        """Ask the server for the catalogue where none was ever fetched, but wait no longer than `ASK_S` for it."""
        if not (await self.known()).models and self._client.dialect == "openrouter":
            with suppress(OrchatError, asyncio.TimeoutError):
                await asyncio.wait_for(self.refresh(), ASK_S)

    async def _load(self) -> Catalogue:
        from orchat.domain.catalog import Catalogue

        row = await self._db.read(kept.get, self._client.base_url)
        if row is None:
            return Catalogue()
        from orchat.openrouter.models import parse_models

        text, fetched_at = row
        return Catalogue(models=parse_models(text), fetched_at=fetched_at)

    async def _fetched(self) -> Catalogue:
        from orchat.domain.catalog import Catalogue
        from orchat.openrouter.models import parse_models

        text = await self._client.models_raw()
        models = parse_models(text)
        now = self._clock.now()
        await self._db.write(kept.put, self._client.base_url, text, now)
        self._known = Catalogue(models=models, fetched_at=now)
        return self._known
