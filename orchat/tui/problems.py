"""The one place of the screen that says in words what an error means and how to go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from orchat import errors
from orchat.tui.transcript.entry import ErrorCard
from orchat.tui.wording import seconds

WayId = Literal["again", "again_with", "lower", "new_key"]
"""Ids of commands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An error as a person meets it."""

    title: str
    """What happened, a few words."""
    text: str
    """The details, one line: foreign."""
    hint: str = ""
    """What to do next."""
    ways: tuple[tuple[WayId, str], ...] = ()
    """Ways on, the likeliest first: the command, and what it does here."""
    until: float | None = None
    """Epoch seconds at which it may be tried again, where that is known."""
    max_tokens: int | None = None
    """Most tokens that the balance covers, where that is known."""

    def card(self, now: float) -> ErrorCard:
        """What the transcript shows.

        Args:
            now: Epoch seconds: what is left of a wait is counted down.
        """
        text = self.text
        if self.until is not None:
            left = self.until - now
            text = f"{text} · again in {seconds(left)}" if left > 0 else text
        keys = tuple((_KEYS[way] if place else "Enter", label) for place, (way, label) in enumerate(self.ways))
        return ErrorCard(title=self.title, text=text, hint=self.hint, keys=keys)


_KEYS: dict[WayId, str] = {"again": "/retry", "again_with": "^O", "lower": "/retry", "new_key": "/key"}
"""From the composer; Enter in an empty one takes the first way."""
RETRY: tuple[WayId, str] = ("again", "retry")
OTHER_MODEL: tuple[WayId, str] = ("again_with", "other model")
OTHER_KEY: tuple[WayId, str] = ("new_key", "other key")

_SCOPES = {
    "free_day": "The free requests of today are used up",
    "free_minute": "Too many free requests in this minute",
    "upstream": "The provider is at its limit",
    "capacity": "The provider has no capacity left",
    "in_flight": "Too many requests at once",
}
_STAGES = {
    "connect": "The server did not answer the connection",
    "pool": "No connection became free",
    "write": "The prompt could not be sent in time",
    "first_byte": "The answer did not begin in time",
    "idle": "The answer fell silent",
    "total": "The answer took too long",
}
_TITLES: tuple[tuple[type[errors.OrchatError], str], ...] = (
    (errors.NoKeys, "There is no key"),
    (errors.KeyringUnavailable, "The keyring does not answer"),
    (errors.KeyRejected, "The key was refused"),
    (errors.CreditsExhausted, "The account has no credit left"),
    (errors.KeyLimitReached, "The key's own limit is used up"),
    (errors.KeysError, "No key can serve this"),
    (errors.ConnectionFailed, "The server cannot be reached"),
    (errors.UpstreamFailed, "The provider failed"),
    (errors.ModelUnknown, "This model does not exist"),
    (errors.NoEndpoints, "No provider serves this model as wished"),
    (errors.ContextTooLong, "The conversation is too long for this model"),
    (errors.ContentRefused, "The content was refused"),
    (errors.NotAllowed, "This is not allowed"),
    (errors.Unaffordable, "The balance does not cover this answer"),
    (errors.CircuitOpen, "The model failed too often just now"),
    (errors.BudgetExceeded, "Your budget does not allow this"),
    (errors.StreamInterrupted, "The answer was cut off"),
    (errors.BadRequest, "The server does not accept this request"),
    (errors.RequestFailed, "The request failed"),
    (errors.StoreBusy, "The database is busy"),
    (errors.StoreNewer, "The database was written by a newer orchat"),
    (errors.StoreForeign, "The database is not one of orchat"),
    (errors.StoreDamaged, "The database is damaged"),
    (errors.StoreUnwritable, "The disk cannot be written"),
    (errors.StoreError, "The database cannot be used"),
    (errors.NotFound, "It is not there"),
    (errors.MediaError, "The file cannot be attached"),
    (errors.ConfigError, "A setting is wrong"),
    (errors.UsageError, "This cannot be done"),
)


def problem_of(error: errors.OrchatError, *, now: float) -> Problem:
    """An error in words.

    Args:
        error: What was raised.
        now: Epoch seconds, from which "retry after" counts.
    """
    problem = Problem(title=_title(error), text=error.message, hint=error.hint or "", ways=_ways(error))
    if isinstance(error, errors.Unaffordable) and error.affordable_tokens:
        lower: tuple[WayId, str] = ("lower", f"lower max tokens to {error.affordable_tokens:,} and resend")
        return replace(problem, max_tokens=error.affordable_tokens, ways=(lower, OTHER_MODEL, OTHER_KEY))
    return replace(problem, until=_until(error, now))


def stored_problem(message: str, hint: str | None, *, cut: bool) -> Problem:
    """A failure of an earlier day, of which only the words were kept."""
    title = "The answer was cut off" if cut else "There was no answer"
    return Problem(title=title, text=message, hint=hint or "", ways=(RETRY, OTHER_MODEL))


def unexpected(error: BaseException) -> Problem:
    """A defect of ours: its kind and nothing of its content, which may hold a prompt."""
    return Problem(
        title="Something unexpected happened",
        text=f"a defect in orchat: {type(error).__name__}",
        hint="what was said is saved; the log tells where it happened",
        ways=(RETRY,),
    )


def _title(error: errors.OrchatError) -> str:
    if isinstance(error, errors.RateLimited):
        return _SCOPES.get(error.scope, "A limit was reached")
    if isinstance(error, errors.TimedOut):
        return _STAGES.get(error.stage, "It took too long")
    return next((title for kind, title in _TITLES if isinstance(error, kind)), "It did not work")


def _until(error: errors.OrchatError, now: float) -> float | None:
    if isinstance(error, errors.CircuitOpen):
        return error.until
    if isinstance(error, errors.RateLimited) and error.resets_at is not None:
        return error.resets_at
    if isinstance(error, (errors.RateLimited, errors.UpstreamFailed)) and error.retry_after_s is not None:
        return now + error.retry_after_s
    return None


_CHOICES: tuple[tuple[Callable[[errors.OrchatError], bool], tuple[tuple[WayId, str], ...]], ...] = (
    (lambda e: isinstance(e, errors.KeyringUnavailable), (RETRY, OTHER_KEY)),
    (lambda e: isinstance(e, errors.NoKeys), (OTHER_KEY,)),
    (lambda e: isinstance(e, errors.KeysError), (OTHER_KEY, RETRY)),
    (lambda e: isinstance(e, errors.Unaffordable), (OTHER_MODEL, OTHER_KEY)),
    (
        lambda e: isinstance(e, (errors.ModelUnknown, errors.NoEndpoints, errors.ContextTooLong, errors.NotAllowed)),
        (OTHER_MODEL,),
    ),
    (lambda e: isinstance(e, (errors.ContentRefused, errors.BadRequest)), (OTHER_MODEL, RETRY)),
    (lambda e: isinstance(e, errors.BudgetExceeded), ()),
    (lambda e: isinstance(e, errors.RequestFailed), (RETRY, OTHER_MODEL)),
    (lambda e: isinstance(e, (errors.StoreBusy, errors.StoreUnwritable)), (RETRY,)),
)


def _ways(error: errors.OrchatError) -> tuple[tuple[WayId, str], ...]:
    return next((ways for fits, ways in _CHOICES if fits(error)), ())
