"""A screen that paints first and starts everything else behind its first frame."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from textual import work
from textual.screen import Screen
from textual.worker import Worker

from orchat import logs
from orchat.domain.clean import clean_line
from orchat.errors import KeyringUnavailable, KeysError, NoKeys, NotFound, OrchatError
from orchat.tui import memory
from orchat.tui.beginning import Beginning
from orchat.tui.changes import Prompt
from orchat.tui.keymap import faults_of
from orchat.tui.problems import Problem, keymap_card, problem_of
from orchat.tui.transcript.entry import Entry
from orchat.tui.transcript.widget import Transcript

if TYPE_CHECKING:
    from orchat.domain.catalog import Model
    from orchat.keys.ring import KeyLease
    from orchat.runtime import Runtime
    from orchat.tui.app import OrchatApp
    from orchat.tui.session import Session

logger = logging.getLogger("orchat.tui")


class Starting(Screen[None]):
    """Starts the runtime and finds a key.

    Args:
        runtime: Need not have started.
        beginning: How the first conversation begins.
    """

    app: OrchatApp
    session: Session
    """The conversation that is shown."""

    def __init__(self, runtime: Runtime, beginning: Beginning) -> None:
        super().__init__()
        self.runtime = runtime
        self.lease: KeyLease | None = None
        """The key of this instance, once it is known."""
        self.known_models: Sequence[Model] = ()
        """What the catalogue holds, once it was read."""
        self._beginning = beginning
        self._asking = False

    @abstractmethod
    def refresh_figures(self) -> Worker[None]:
        """Read cost, context, key and model again."""

    @abstractmethod
    def ask(self, prompt: Prompt) -> None:
        """Send a prompt, then what is queued meanwhile."""

    @abstractmethod
    def give_back(self, prompt: Prompt) -> None:
        """Put a prompt into the composer that could not be sent."""

    @abstractmethod
    def take_draft(self, *, keep: bool = False) -> None:
        """Bring back what was typed in this conversation and not sent; `keep`: before what is in the composer."""

    @work(group="start", exclusive=True, exit_on_error=False, description="start the runtime")
    async def start(self) -> None:
        """Open the database, show the conversation that was asked for, find a key, learn about models."""
        try:
            await self.runtime.start()
            if self._beginning.resume is not None:
                await self._go_on(self._beginning.resume)
            if self._beginning.prompt:
                self.ask(Prompt(text=self._beginning.prompt))
        except NotFound as error:
            self.give_back(Prompt(text=self._beginning.prompt))
            self.say(error.message, severity="warning")
        except OrchatError as error:
            self._show_problem(problem_of(error, now=self.runtime.clock.now()))
            return
        if faults := faults_of(self.runtime.loaded):
            self.query_one(Transcript).add(Entry(role="notice", title="orchat", error=keymap_card(faults)))
        self.session.history[:0] = reversed(await self.runtime.conversations.prompts())
        memory.settle()
        reconciler = self.runtime.parts.reconciler
        if reconciler is not None:
            reconciler.changed = self._figures_changed
        await self._find_key()
        self._learn_models()

    async def _go_on(self, id_or_prefix: str) -> None:
        """Show a kept session; what was asked for on the command line counts from now on."""
        await self.session.open(id_or_prefix)
        self.take_draft(keep=True)
        if self._beginning.persona is not None:
            await self.session.choices.wear(self._beginning.persona)
        if self._beginning.system is not None:
            await self.session.set_system(self._beginning.system)

    def _figures_changed(self) -> None:
        """The server had other figures."""
        if self.is_attached:
            self.refresh_figures()

    async def _find_key(self) -> None:
        try:
            self.lease = await self.runtime.lease()
            self._remark()
        except (NoKeys, KeyringUnavailable) as error:
            if not self.session.busy:
                await self.ask_for_key(error.message, is_unreadable=isinstance(error, KeyringUnavailable))
        except KeysError as error:
            self._show_problem(problem_of(error, now=self.runtime.clock.now()))
        self.refresh_figures()

    @work(group="models", exclusive=True, exit_on_error=False, description="learn about models")
    async def _learn_models(self) -> None:
        try:
            if self.lease is not None:
                self.session.use_default(await self.runtime.default_model())
            self.known_models = (await self.runtime.models.known()).models
            self.known_models = (await self.runtime.models.current()).models
        except OrchatError as error:
            logs.event(logger, "catalogue.unreachable", level=logging.WARNING, error=error)
        self.refresh_figures()

    def _remark(self) -> None:
        """What is worth a line about the choice of the key: said once, and may be missed."""
        for line in self.runtime.parts.ring.remarks():
            self.say(f"{line[:1].upper()}{line[1:]}.", severity="warning")

    async def take_key(self) -> None:
        """Look which key this instance has now: it may be another one, or none."""
        try:
            self.lease = await self.runtime.lease()
        except KeysError:
            self.lease = None
        self.refresh_figures()

    async def show_keys(self, reason: str = "") -> None:
        """Show the keys, and change them.

        Args:
            reason: Why they are shown, if nobody asked for them: foreign.
        """
        from orchat.tui.screens.keys import KeysScreen

        await self.runtime.start()
        had = self.lease
        await self.app.push_screen_wait(KeysScreen(self.runtime, note=reason))
        await self.take_key()
        if had is None and self.lease is not None:
            self._learn_models()

    async def _has_keys(self) -> bool:
        return self.runtime.started and any(key.kept for key in await self.runtime.parts.ring.known())

    async def ask_for_key(self, reason: str = "", *, is_unreadable: bool = False) -> bool:
        """Offer the ways to a key: the keys there are, if they can be read, else a new one.

        Args:
            reason: Why there is none, if somebody was about to use it: foreign.
            is_unreadable: There may be some, but they cannot be read.

        Returns:
            Whether there is another one now.
        """
        from orchat.tui.screens.welcome import Welcome

        if self._asking:
            return False
        self._asking = True
        try:
            if reason and not is_unreadable and await self._has_keys():
                await self.show_keys(reason)
                return self.lease is not None
            welcome = Welcome(
                self.runtime,
                reason=reason,
                has_demo=self.app.start_demo is not None,
                has_key=self.lease is not None,
            )
            outcome = await self.app.push_screen_wait(welcome)
        finally:
            self._asking = False
        if outcome == "demo":
            self.app.switch_to_demo()
        elif outcome == "key":
            self.lease = await self.runtime.lease()
            self._learn_models()
        self.refresh_figures()
        return outcome == "key"

    async def has_key(self) -> bool:
        """Whether there is a key to ask with; where there is none, one is asked for."""
        try:
            await self.runtime.lease()
        except (NoKeys, KeyringUnavailable) as error:
            return await self.ask_for_key(error.message, is_unreadable=isinstance(error, KeyringUnavailable))
        return True

    async def sign_in(self) -> None:
        """Sign in with OpenRouter for a key."""
        from orchat.tui.screens.signin import SignInDialog

        await self.runtime.start()
        if await self.app.push_screen_wait(SignInDialog(self.runtime)) is not None:
            self.lease = await self.runtime.lease()
            self._learn_models()

    def _show_problem(self, problem: Problem) -> None:
        """An error that belongs to no answer."""
        card = problem.card(self.runtime.clock.now())
        self.query_one(Transcript).add(Entry(role="notice", title="orchat", error=card))

    def say(self, words: str, *, severity: Literal["information", "warning", "error"] = "information") -> None:
        """Something that may be missed."""
        self.app.notify(clean_line(words, 300), severity=severity, markup=False, timeout=4)
