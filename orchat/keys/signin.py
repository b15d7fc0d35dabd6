"""Signing in: one attempt, from the page's address to the key; the front ends show it and keep what comes of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchat import logs
from orchat.domain.money import format_usd
from orchat.domain.secret import Secret
from orchat.errors import KeyringUnavailable, LabelTaken, OrchatError, RequestFailed, SignInFailed, UsageError
from orchat.keys.callback import Callback, a_code, code_in
from orchat.openrouter.oauth import authorization_url, exchange, new_pkce

if TYPE_CHECKING:
    from orchat.clock import Clock
    from orchat.keys.lease import KeyLease
    from orchat.keys.ring import Ring
    from orchat.keys.shelf import Shelf
    from orchat.openrouter.account import KeyStatus
    from orchat.openrouter.client import OpenRouter
    from orchat.openrouter.oauth import SignedIn

LIMIT_S = 600.0
"""Seconds until an attempt is over; a code lives as long."""
LABEL = "openrouter"
"""What a key is called here when nobody says otherwise; a number is added while there is another one."""
MOST_LABELS = 100
"""Labels that are tried."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What became of a key that somebody signed in for."""

    lease: KeyLease
    """As it serves now; the source ``process`` means that it could not be kept."""
    is_new: bool
    """False when it was there before."""
    status: KeyStatus | None = None
    """What the server says about it; None when it did not answer."""
    warning: str | None = None
    """One line: why it could not be checked."""


class SignIn:
    """One attempt to sign in. The code comes from the callback while `listening`, or by `paste`.

    Args:
        client: Of the server to sign in to.
        clock: Tells how much time is left.
        key_label: What the key is called in the person's account.
        limit_s: Seconds until it is over.

    Raises:
        UsageError: Nobody can sign in to this server, or not safely.
    """

    def __init__(
        self, client: OpenRouter, clock: Clock, *, key_label: str | None = None, limit_s: float = LIMIT_S
    ) -> None:
        if client.dialect != "openrouter":
            raise UsageError("only OpenRouter has a sign-in", hint="Add a key by hand: orchat keys add LABEL")
        self._client = client
        self._clock = clock
        self._key_label = key_label
        self._limit_s = limit_s
        self._pkce = new_pkce()
        self._deadline = clock.monotonic() + limit_s
        self._answer: asyncio.Future[Secret] = asyncio.get_running_loop().create_future()
        self.headless_url = authorization_url(client.base_url, self._pkce, key_label=key_label)
        """The page that shows the code, for a browser on any machine."""
        self.url = self.headless_url
        """The page to open; while `listening`, the one that sends the browser back here."""
        logs.hide(self._pkce.verifier, self._pkce.state)

    @property
    def seconds_left(self) -> float:
        """Until it is over."""
        return max(0.0, self._deadline - self._clock.monotonic())

    @property
    def is_listening(self) -> bool:
        """Whether the browser can come back by itself."""
        return self.url != self.headless_url

    @property
    def has_code(self) -> bool:
        """Whether there is a code that the server has not refused."""
        return self._answer.done() and self._answer.exception() is None

    @property
    def is_answered(self) -> bool:
        """Whether there is a code, or a refusal; until `key` is done with it, nothing else is taken."""
        return self._answer.done()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[SignIn]:
        """Wait for the browser on this machine too; where no port is to be had, the code has to be pasted."""
        callback = Callback(self._pkce.state, self._take)
        try:
            await callback.__aenter__()
        except OSError as error:
            logs.event(logger, "sign-in.deaf", level=logging.WARNING, error=error)
            yield self
            return
        try:
            self.url = authorization_url(
                self._client.base_url, self._pkce, callback_url=callback.url, key_label=self._key_label
            )
            yield self
        finally:
            self.url = self.headless_url
            await callback.__aexit__(None, None, None)

    def paste(self, text: str) -> None:
        """Take the code from a person.

        Args:
            text: The code, or the whole address that the browser ended at.

        Raises:
            SignInFailed: It is neither, or belongs to another attempt.
        """
        self._take(self._read("".join(text.split())))

    async def code(self) -> None:
        """Wait until a code is there.

        Raises:
            SignInFailed: The person did not allow it, or took too long.
        """
        done, _ = await asyncio.wait({self._answer}, timeout=self.seconds_left)
        if not done:
            hint = f"A sign-in has {self._limit_s / 60:.0f} minutes. Begin again: orchat login"
            raise SignInFailed("nobody signed in", reason="late", hint=hint)
        self._answer.result()

    async def key(self) -> SignedIn:
        """Wait for a code and turn it into a key.

        Where the server could not be asked the code is kept, and calling again asks again; a code that the server
        refused is forgotten, and another one can be pasted.

        Raises:
            SignInFailed: The person or the server refused, or it took too long.
            RequestFailed: The server could not be asked, or failed.
        """
        await self.code()
        code = self._answer.result()
        try:
            signed_in = await exchange(self._client, code, self._pkce)
        except OrchatError as error:
            logs.event(logger, "sign-in.failed", level=logging.WARNING, error=error)
            if not (isinstance(error, RequestFailed) and error.retryable):
                self._answer = asyncio.get_running_loop().create_future()
            raise
        logs.hide(signed_in.key)
        logs.event(logger, "sign-in.done", key=signed_in.key.fingerprint)
        return signed_in

    def _read(self, text: str) -> Secret:
        if "?" in text or "://" in text or text.startswith("code="):
            query = text if text.startswith("code=") else text.partition("?")[2]
            return code_in(query.partition("#")[0], self._pkce.state)
        return a_code(text)

    def _take(self, answer: Secret | SignInFailed) -> None:
        if self._answer.done():
            return
        if isinstance(answer, SignInFailed):
            self._answer.set_exception(answer)
            # Whoever has stopped waiting need not be told.
            self._answer.exception()
        else:
            logs.hide(answer)
            self._answer.set_result(answer)


async def keep(ring: Ring, shelf: Shelf, key: Secret, *, label: str | None = None) -> Kept:
    """Put a key where the others are, and use it from now on. One that is there already is not kept twice.

    Args:
        ring: The keys.
        shelf: The same keys as their owner handles them.
        key: From a sign-in.
        label: What to call it; None: `LABEL`, or the next one that is free.

    Raises:
        UsageError: The label cannot be one or is taken, or the key was there and is disabled.
        KeysError: It cannot be kept or be used.
    """
    try:
        kept = await ring.kept.load()
    except KeyringUnavailable:
        kept = {}
    known = next((name for name, secret in kept.items() if secret == key), None)
    if known is not None:
        lease = await ring.use(known)
        (tested,) = await shelf.test((known,))
        warning = None if tested.error is None else tested.error.message
        return Kept(lease=lease, is_new=False, status=tested.status, warning=warning)
    taken = {*kept, *(each.state.label for each in await ring.known())}
    while True:
        name = label or free_label(taken)
        try:
            added = await shelf.add(name, key.reveal())
        except LabelTaken:
            # By another process, or by a key that could not be seen before.
            if name == label or name in taken:
                raise
            taken.add(name)
        else:
            return Kept(lease=added.lease, is_new=True, status=added.status, warning=added.warning)


def free_label(taken: Collection[str]) -> str:
    """The first label that no key has."""
    labels = (LABEL, *(f"{LABEL} {number}" for number in range(2, MOST_LABELS + 1)))
    return next((label for label in labels if label not in taken), labels[-1])


def facts(status: KeyStatus) -> tuple[str, ...]:
    """What a person wants to know of a new key: whose it is, and what it may spend."""
    account = () if status.account is None else (f"account {status.account[:8]}",)
    if status.limit_pico is None:
        limit = "no limit of its own"
    else:
        left = status.limit_pico if status.limit_remaining_pico is None else status.limit_remaining_pico
        period = f" {status.limit_reset}" if status.limit_reset in ("daily", "weekly", "monthly") else ""
        limit = f"{format_usd(left)} of its{period} limit of {format_usd(status.limit_pico)} left"
    free = status.free_requests
    requests = () if free is None else (f"{free.remaining:,} of {free.limit:,} free requests left today",)
    return (*account, limit, *requests)
