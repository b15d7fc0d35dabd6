"""The server itself: one small request, and what it says about the key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING

from orchat.cli import interrupts
from orchat.cli.doctor.finding import Finding, fault, of_error, ok, skip, warn
from orchat.domain.money import format_usd
from orchat.errors import KeysError

if TYPE_CHECKING:
    from orchat.clock import Clock
    from orchat.config import ApiSettings
    from orchat.domain.secret import Secret
    from orchat.openrouter.account import KeyStatus
    from orchat.openrouter.client import OpenRouter

LIMIT_S = 20.0
SOON_S = 7 * 86_400.0
"""A key that expires within so many seconds is told of."""


def visit(api: ApiSettings, key: tuple[str, Secret] | None, clock: Clock) -> list[Finding]:
    """Ask the server.

    Args:
        api: The section ``api``.
        key: Label and key; None where there is none.
        clock: Measures.

    Raises:
        KeyboardInterrupt: A signal ended it.
    """

    async def whole() -> list[Finding]:
        from orchat.openrouter.client import OpenRouter

        async with OpenRouter.from_settings(api, clock=clock) as client:
            secret = None if key is None else key[1]
            findings = [await _guarded("server", lambda: _reach(client, secret, clock))]
            if secret is not None:
                findings.append(await _guarded("key status", lambda: _status(client, secret, clock)))
            return findings

    return interrupts.run(whole)


async def _reach(client: OpenRouter, secret: Secret | None, clock: Clock) -> Finding:
    began = clock.monotonic()
    try:
        await client.reach(secret)
    except KeysError as error:
        if client.dialect == "openrouter" or secret is not None:
            return fault("server", error.message, error.hint)
        return warn("server", f"{client.base_url} wants a key", error.hint)
    return ok("server", f"{client.base_url} answers, {(clock.monotonic() - began) * 1000:.0f} ms")


async def _status(client: OpenRouter, secret: Secret, clock: Clock) -> Finding:
    if client.dialect != "openrouter":
        return skip("key status", "only OpenRouter tells")
    return judged(await client.key_status(secret), clock.now())


def judged(status: KeyStatus, now: float) -> Finding:
    """What the state of a key means; neither its masked text nor the account is repeated.

    Args:
        status: As the server said.
        now: Epoch seconds.
    """
    name, said = "key status", [f"{format_usd(status.usage_daily_pico)} today"]
    left, cap = status.limit_remaining_pico, status.limit_pico
    if cap is not None and left is not None:
        reset = f", resets {status.limit_reset}" if status.limit_reset else ""
        said.append(f"{format_usd(left)} of {format_usd(cap)} left{reset}")
    free = status.free_requests
    if free is not None:
        said.append(f"{free.remaining} of {free.limit} free requests left today")
    text = ", ".join(said)
    if status.is_management_key:
        return fault(name, "a management key, which cannot chat", "Add an ordinary key: orchat keys add LABEL")
    if left is not None and left <= 0:
        return fault(name, f"its limit is used up: {text}", "Raise the limit, or wait for its reset.")
    expires = _moment(status.expires_at)
    if expires is not None and expires <= now:
        return fault(name, f"it expired at {status.expires_at}", "Make a new key, then: orchat keys add LABEL")
    if expires is not None and expires - now < SOON_S:
        return warn(name, f"it expires at {status.expires_at}; {text}", "Make a new key in time.")
    return ok(name, text)


def _moment(text: str | None) -> float | None:
    """Epoch seconds of a time as servers write it; None where it is none."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment.timestamp()


async def _guarded(name: str, check: Callable[[], Awaitable[Finding]]) -> Finding:
    try:
        return await check()
    except Exception as error:  # a doctor that falls ill helps nobody
        return of_error(name, error)
