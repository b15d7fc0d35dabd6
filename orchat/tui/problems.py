"""The one place of the screen that says in words what an error means and how to go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from orchat import errors
from orchat.tui.commands import BY_ID
from orchat.tui.keymap import USUAL, Keymap
from orchat.tui.standing import back_at, cause
from orchat.tui.transcript.entry import ErrorCard
from orchat.tui.wording import usd

if TYPE_CHECKING:
    from orchat.domain.events import BudgetNear

WayId = Literal["again", "again_with", "lower", "new_key", "next_key", "keys", "over_budget", "go_on"]
"""Ids of commands."""
Ways = tuple[tuple[WayId, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An error as a person meets it."""

    title: str
    """What happened, a few words."""
    text: str
    """The details, one line: foreign."""
    hint: str = ""
    """What to do next."""
    ways: Ways = ()
    """Ways on, the likeliest first: the command, and what it does here."""
    until: float | None = None
    """Epoch seconds at which it may be tried again, where that is known."""
    held: str = ""
    """Label of the key that was put aside because of it; empty where none was."""
    aside: str = ""
    """What was put aside, in words."""
    max_tokens: int | None = None
    """Most tokens that the balance or the budget covers, where that is known."""

    def card(self, now: float, keymap: Keymap = USUAL) -> ErrorCard:
        """What the transcript shows.

        Args:
            now: Epoch seconds: what is left of a wait is counted down.
            keymap: The keys that lead on.
        """
        text = self.text
        if self.until is not None and self.aside:
            # A line of its own: it is what counts down.
            text = f"{text}\n{_back(self.until, now, self.aside)}"
        elif self.until is not None and self.until > now:
            text = f"{text} · again {back_at(self.until, now)}"
        names = ("Enter", *(_key_of(way, keymap) for way, _ in self.ways[1:]))
        keys = tuple((name, label) for name, (_, label) in zip(names, self.ways, strict=False))
        return ErrorCard(title=self.title, text=text, hint=self.hint, keys=keys)


def _back(until: float, now: float, aside: str) -> str:
    return f"{aside}, again {back_at(until, now)}" if until > now else "it may be tried again now"


def _key_of(way: WayId, keymap: Keymap) -> str:
    """What takes a way from the composer; Enter in an empty one takes the first."""
    command = BY_ID[_AS_TYPED.get(way, way)]
    key = keymap.shown(command) if command.scope == "chat" else ""
    return key or f"/{command.slash}"


_AS_TYPED = {"again": "retry", "again_with": "model", "new_key": "key"}
"""Commands for the composer that do the same as one for the conversation."""
RETRY: tuple[WayId, str] = ("again", "retry")
OTHER_MODEL: tuple[WayId, str] = ("again_with", "other model")
OTHER_KEY: tuple[WayId, str] = ("new_key", "other key")
KEYS: tuple[WayId, str] = ("keys", "keys")
GO_ON: tuple[WayId, str] = ("go_on", "go on")
ANYWAY: tuple[WayId, str] = ("over_budget", "send anyway")

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


def problem_of(error: errors.OrchatError, *, now: float, key_label: str = "") -> Problem:
    """An error in words.

    Args:
        error: What was raised.
        now: Epoch seconds, from which "retry after" counts.
        key_label: Label of the key that paid, for an error that does not name it.
    """
    title = _title(error)
    text = error.message.removeprefix(f"{title}: ")
    ways = _ways(error)
    problem = Problem(title=title, text=text, hint=_hint(error.hint, ways), ways=ways)
    if isinstance(error, (errors.Unaffordable, errors.BudgetExceeded)):
        return _too_dear(problem, error)
    problem = replace(problem, until=_until(error, now))
    held = _held(error, key_label)
    return problem if not held else _put_aside(problem, error, held)


def short_cause(error: errors.OrchatError) -> str:
    """Why a key had to make way for another, in two words."""
    return cause(error.scope if isinstance(error, errors.RateLimited) else error.kind)


def budget_near(near: BudgetNear) -> str:
    """A budget that is nearly used up, or overrun because that was wished."""
    state = "is nearly used up" if near.spent_pico < near.limit_pico else "is used up"
    words = f"Your budget for {_BUDGETS.get(near.scope, near.scope)} {state}"
    more = "" if near.projected_pico is None else f", and this answer may cost up to {usd(near.projected_pico)}"
    return f"{words}: {usd(near.spent_pico)} of {usd(near.limit_pico)} is spent{more}."


_BUDGETS = {"day": "today", "session": "this session", "key": "this key today"}


def _too_dear(problem: Problem, error: errors.Unaffordable | errors.BudgetExceeded) -> Problem:
    """Money is short for this one request: fewer tokens may do."""
    tokens = error.affordable_tokens
    lower: Ways = (("lower", f"lower max tokens to {tokens:,} and resend"),) if tokens else ()
    ours = isinstance(error, errors.BudgetExceeded)
    ways = (ANYWAY, *lower, OTHER_MODEL) if ours else (*lower, OTHER_MODEL, OTHER_KEY)
    return replace(problem, max_tokens=tokens, ways=ways)


def _held(error: errors.OrchatError, key_label: str) -> str:
    """The label of the key that was put aside for this error; empty where none was."""
    if isinstance(error, errors.KeysError):
        return (error.key_label or key_label) if error.until is not None else ""
    is_ours = isinstance(error, errors.RateLimited) and error.scope in _KEY_LIMITS and error.resets_at is not None
    return key_label if is_ours else ""


_KEY_LIMITS = ("free_day", "free_minute", "in_flight")


def _put_aside(problem: Problem, error: errors.OrchatError, label: str) -> Problem:
    """A key was put aside: which one comes next, and how it comes back."""
    assert isinstance(error, (errors.KeysError, errors.RateLimited))
    scope, next_label = error.scope, error.next_label
    if isinstance(error, errors.RateLimited):
        scope = "account" if scope == "in_flight" else "free"
    test: tuple[WayId, str] = ("again", f"test {label}, try again")
    last = OTHER_MODEL if scope == "free" else KEYS
    ways: Ways = (("next_key", f"go on with {next_label}"), test, last)
    if not next_label:
        ways = (OTHER_MODEL, test) if scope == "free" else (OTHER_KEY, test, KEYS)
    aside = _ASIDE.get(scope, _ASIDE["key"]).format(label)
    return replace(problem, held=label, aside=aside, hint=_hint(problem.hint, ways), ways=ways)


_ASIDE = {
    "key": "{} is put aside",
    "account": "the account of {} is put aside",
    "free": "free models of {} are put aside",
}


def stored_problem(message: str, hint: str | None, *, cut: bool) -> Problem:
    """A failure of an earlier day, of which only the words were kept."""
    title = "The answer was cut off" if cut else "There was no answer"
    ways = (RETRY, OTHER_MODEL)
    return Problem(title=title, text=message, hint=_hint(hint, ways), ways=ways)


def _hint(hint: str | None, ways: Ways) -> str:
    """One that names a command line is for those who have no other way."""
    return "" if ways and hint and ("`orchat " in hint or "orchat keys" in hint) else hint or ""


def with_rest(problem: Problem) -> Problem:
    """A part of the answer has arrived: the rest can be asked for."""
    at = 0 if problem.ways[:1] in ((), (RETRY,)) else 1
    return replace(problem, ways=(*problem.ways[:at], GO_ON, *problem.ways[at:]))


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
    if isinstance(error, (errors.CircuitOpen, errors.KeysError)):
        return error.until
    if isinstance(error, errors.RateLimited) and error.resets_at is not None:
        return error.resets_at
    if isinstance(error, (errors.RateLimited, errors.UpstreamFailed)) and error.retry_after_s is not None:
        return now + error.retry_after_s
    return None


_CHOICES: tuple[tuple[Callable[[errors.OrchatError], bool], Ways], ...] = (
    (lambda e: isinstance(e, errors.KeyringUnavailable), (RETRY, OTHER_KEY)),
    (lambda e: isinstance(e, errors.NoKeys), (OTHER_KEY,)),
    (lambda e: isinstance(e, errors.KeysError), (OTHER_KEY, RETRY)),
    (lambda e: isinstance(e, errors.Unaffordable), (OTHER_MODEL, OTHER_KEY)),
    (
        lambda e: isinstance(e, (errors.ModelUnknown, errors.NoEndpoints, errors.ContextTooLong, errors.NotAllowed)),
        (OTHER_MODEL,),
    ),
    (lambda e: isinstance(e, (errors.ContentRefused, errors.BadRequest)), (OTHER_MODEL, RETRY)),
    (lambda e: isinstance(e, errors.RequestFailed), (RETRY, OTHER_MODEL)),
    (lambda e: isinstance(e, (errors.StoreBusy, errors.StoreUnwritable)), (RETRY,)),
)


def _ways(error: errors.OrchatError) -> Ways:
    return next((ways for fits, ways in _CHOICES if fits(error)), ())


def keymap_card(faults: Sequence[errors.ConfigError]) -> ErrorCard:
    """What cannot be of the keys in the settings; everything else works.

    Args:
        faults: From `orchat.tui.keymap.faults_of`; at least one.
    """
    lines = (f"{fault.message}. {fault.hint}" if fault.hint else f"{fault.message}." for fault in faults)
    count = "One key" if len(faults) == 1 else f"{len(faults)} keys"
    return ErrorCard(title=f"{count} in the settings cannot be used", text="\n".join(lines), hint="")
