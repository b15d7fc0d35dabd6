"""The composition root: the only module that knows how the parts fit."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from orchat.clock import Clock, SystemClock, utc_day
from orchat.domain.secret import Secret
from orchat.errors import UsageError
from orchat.paths import Paths, environment
from orchat.tasks import Tasks, settled

if TYPE_CHECKING:
    from orchat.chat.service import Conversations
    from orchat.chat.title import Titles
    from orchat.config import Config, LoadedConfig
    from orchat.dispatch.attempt import Ground
    from orchat.dispatch.catalog import Models
    from orchat.dispatch.dispatcher import Dispatcher
    from orchat.dispatch.reconcile import Reconciler
    from orchat.domain.ledger import UsageRow
    from orchat.keys.ring import KeyLease, Ring
    from orchat.keys.shelf import Shelf
    from orchat.openrouter.client import OpenRouter
    from orchat.store.database import Database
    from orchat.store.instances import Instance

FrontEnd = Literal["tui", "ask", "cli", "library"]
Grouping = Literal["day", "model", "key", "provider", "session"]
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What exists once a runtime has started."""

    db: Database
    """Everything that is kept."""
    instance: Instance
    """This process, as others see it."""
    client: OpenRouter
    """The way to the server, without policy."""
    models: Models
    """The live catalogue."""
    ring: Ring
    """The keys."""
    dispatcher: Dispatcher
    """The way to the server, with policy."""
    conversations: Conversations
    """Sessions."""
    ground: Ground
    """What attempts stand on."""
    reconciler: Reconciler | None = None
    """Compares figures with the server's; None where nobody would wait for them, or nobody wants it."""

    @property
    def shelf(self) -> Shelf:
        """The keys as their owner handles them; loaded when it is asked for, because a request needs none of it."""
        from orchat.keys.shelf import Shelf

        return Shelf(self.ring, self.client, self.ground.clock)


class Runtime:
    """All parts of one process. Making one costs nothing; `start` does the work; `aclose` loses nothing.

    Args:
        front_end: Written into the ledger.
        loaded: Settings and their origins.
        paths: Where everything is kept.
        environ: The environment, read once.
        key: A key that goes before all others, for this process only.
        key_label: Its label.
        clock: Time and chance.
    """

    def __init__(
        self,
        *,
        front_end: FrontEnd,
        loaded: LoadedConfig,
        paths: Paths,
        environ: Mapping[str, str],
        key: Secret | None = None,
        key_label: str = "flag",
        clock: Clock | None = None,
    ) -> None:
        self.front_end = front_end
        self.loaded = loaded
        self.paths = paths
        self.clock = clock or SystemClock()
        self._environ = environ
        self._key = key
        self._key_label = key_label
        self._tasks = Tasks()
        self._starting: asyncio.Task[Parts] | None = None
        self._parts: Parts | None = None

    @classmethod
    def create(
        cls,
        *,
        front_end: FrontEnd,
        settings: Mapping[str, Any] | None = None,
        home: str | None = None,
        demo: bool = False,
        key: Secret | None = None,
        key_label: str = "flag",
        clock: Clock | None = None,
    ) -> Runtime:
        """A runtime of this user.

        Args:
            front_end: Written into the ledger.
            settings: Settings that go before file and environment, by dotted name.
            home: Folder for everything; None: the user's own.
            demo: Keep its state apart from the user's.
            key: A key that goes before all others.
            key_label: Its label.
            clock: Time and chance.

        Raises:
            ConfigError: A setting is wrong.
        """
        from orchat.config import Config

        environ = environment()
        if home is not None:
            environ["ORCHAT_HOME"] = home
        paths = Paths.discover(environ)
        loaded = Config.load(paths, environ, settings or {})
        return cls(
            front_end=front_end,
            loaded=loaded,
            paths=paths.for_demo() if demo else paths,
            environ=environ,
            key=key,
            key_label=key_label,
            clock=clock,
        )

    async def __aenter__(self) -> Runtime:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    # ---- life ----

    async def start(self) -> None:
        """Open the database and the client. Calling it again waits for the first call, or does nothing.

        Raises:
            StoreError: The database cannot be used.
        """
        if self._parts is not None:
            return
        if self._starting is None or self._starting.done():
            self._starting = self._tasks.spawn(self._start(), name="start the runtime")
        await settled(self._starting)
        self._parts = self._starting.result()

    async def aclose(self) -> None:
        """Save what is open, free the connections, close the database."""
        starting, self._starting = self._starting, None
        if starting is None:
            return
        await settled(starting)
        if starting.exception() is not None:
            return
        parts = starting.result()
        if parts.reconciler is not None:
            await parts.reconciler.aclose()
        await parts.conversations.drain()
        await parts.client.aclose()
        await self._tasks.close(cancel=False)
        await parts.conversations.aclose()
        await parts.instance.release(parts.db)
        await parts.db.close()
        self._parts = None

    async def _start(self) -> Parts:
        """Imports stand here because a screen must be able to paint before any of them is loaded."""
        from orchat.store.database import Database
        from orchat.store.instances import Instance

        self.paths.ensure()
        opening = self._tasks.spawn(Database.open(self.paths.database, self.clock), name="open the database")
        await asyncio.sleep(0)
        try:
            client = await self._client()
            for module in ("orchat.chat.service", "orchat.keys.ring"):
                await self._load(module)
            await settled(opening)
            instance = await Instance.enter(opening.result(), front_end=self.front_end, clock=self.clock)
        except BaseException:
            await settled(opening)
            if opening.exception() is None:
                await opening.result().close()
            raise
        db = opening.result()
        parts = self._build(db, instance, client)
        if self.front_end == "tui":
            self._tasks.spawn(parts.conversations.sweep(), name="remove what was deleted long ago")
        return parts

    async def _client(self) -> OpenRouter:
        """The client; its HTTP library is loaded in a thread meanwhile, where a request is about to be sent."""
        await self._load("orchat.openrouter.client")
        from orchat.openrouter.client import OpenRouter

        client = OpenRouter.from_settings(self.config.api, clock=self.clock)
        if self.front_end != "cli":
            self._tasks.spawn(client.prepare(), name="load the HTTP library")
        return client

    async def _load(self, module: str) -> None:
        """A screen stays live while modules load in a thread; elsewhere the detour would only cost time."""
        if self.front_end == "tui":
            await asyncio.to_thread(import_module, module)
        else:
            import_module(module)

    def _build(self, db: Database, instance: Instance, client: OpenRouter) -> Parts:
        from orchat.chat.books import Desk
        from orchat.chat.service import Conversations
        from orchat.dispatch.attempt import Ground
        from orchat.dispatch.catalog import Models
        from orchat.dispatch.dispatcher import Dispatcher
        from orchat.keys.ring import Ring

        config = self.config
        models = Models(client, db, self.clock, self._tasks, max_age_s=config.models.catalogue_max_age_h * 3600)
        ground = Ground(client=client, db=db, models=models, clock=self.clock, tasks=self._tasks, owner=instance.id)
        ring = Ring(db, config.keys, environ=self._environ, clock=self.clock, key=self._key, key_label=self._key_label)
        reconciler = self._reconciler(ground, ring)
        if reconciler is not None:
            ground = replace(ground, answered=reconciler.answered)
        dispatcher = Dispatcher(ground, config, ring=ring, default_model=self.default_model, front_end=self.front_end)
        return Parts(
            db=db,
            instance=instance,
            client=client,
            models=models,
            ring=ring,
            dispatcher=dispatcher,
            conversations=Conversations(
                Desk(db=db, dispatcher=dispatcher, clock=self.clock, owner=instance.id),
                self._tasks,
                self._titles(models),
            ),
            ground=ground,
            reconciler=reconciler,
        )

    def _reconciler(self, ground: Ground, ring: Ring) -> Reconciler | None:
        """Only for programs that stay: a command never delays its end for it."""
        if self.front_end not in ("tui", "library") or not self.config.keys.reconcile:
            return None
        from orchat.dispatch.reconcile import Reconciler

        return Reconciler(ground, ring)

    def _titles(self, models: Models) -> Titles | None:
        chat = self.config.chat
        if not chat.title_model:
            return None
        from decimal import Decimal

        from orchat.chat.title import Titles
        from orchat.domain.money import to_pico

        return Titles(chat.title_model, to_pico(Decimal(str(chat.title_budget_usd))), models.pricing)

    # ---- parts ----

    @property
    def parts(self) -> Parts:
        """What exists once the runtime has started.

        Raises:
            UsageError: It has not.
        """
        if self._parts is None:
            raise UsageError("the runtime has not started")
        return self._parts

    @property
    def started(self) -> bool:
        """Whether `parts` exist."""
        return self._parts is not None

    @property
    def config(self) -> Config:
        """The settings."""
        return self.loaded.config

    @property
    def models(self) -> Models:
        """The live catalogue."""
        return self.parts.models

    @property
    def dispatcher(self) -> Dispatcher:
        """The way to the server, with policy."""
        return self.parts.dispatcher

    @property
    def conversations(self) -> Conversations:
        """Sessions."""
        return self.parts.conversations

    # ---- keys ----

    async def lease(self) -> KeyLease:
        """The key of this instance, chosen once.

        Raises:
            NoKeys: There is none.
            KeyringUnavailable: The keyring that may hold one does not answer.
        """
        return await self.parts.ring.lease()

    async def add_key(self, text: str, *, label: str) -> KeyLease:
        """Keep a key that someone pasted, and use it from now on.

        Args:
            text: What was pasted; white space around it does not count.
            label: What the user calls it.

        Returns:
            The key as it serves now; its `source` tells where it is kept.

        Raises:
            KeysError: It cannot be a key.
        """
        return await self.parts.ring.add(label, text)

    async def switch_key(self, label: str | None = None) -> KeyLease:
        """Go on with another key; a request that runs keeps its own.

        Args:
            label: A key that its owner chose, for new instances too; None: the next one that can serve, for this
                instance alone.

        Raises:
            NoKeys: There is no other one that can serve.
            NotFound: No key has this label.
            UsageError: It is disabled.
            KeysError: Its secret cannot be read.
        """
        return await (self.parts.ring.switch() if label is None else self.parts.ring.use(label))

    async def default_model(self) -> str:
        """The model for requests that name none."""
        from orchat.dispatch.default_model import default_model

        return await default_model(self.parts.ground, self.config, await self.lease())

    # ---- figures ----

    async def usage(self, *, days: int | None = None, by: Grouping = "day") -> list[UsageRow]:
        """Sums over the ledger.

        Args:
            days: Only the last so many UTC days, today included; None: everything.
            by: What is added up together.
        """
        from orchat.store import ledger

        since = "" if days is None else utc_day(self.clock.now() - (days - 1) * DAY_S)
        return await self.parts.db.read(ledger.usage, since, by)

    async def today(self) -> UsageRow:
        """Sums of this UTC day."""
        from orchat.store import ledger

        return await self.parts.db.read(ledger.totals_of_day, utc_day(self.clock.now()))

    async def session_usage(self, conversation_id: str) -> UsageRow:
        """Sums of one session: every branch, every attempt, the failed ones too."""
        from orchat.store import ledger

        return await self.parts.db.read(ledger.totals_of_conversation, conversation_id)

    async def requests_today(self, fingerprint: str) -> int:
        """Attempts sent with one key on this UTC day, by all instances."""
        from orchat.store import ledger

        counts = await self.parts.db.read(ledger.requests_today, utc_day(self.clock.now()))
        return counts.get(fingerprint, 0)
