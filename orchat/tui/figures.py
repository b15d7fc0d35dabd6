"""What the sidebar shows: a snapshot of cost, context, key and model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING

from orchat.clock import utc_day
from orchat.domain.model_id import is_free_id
from orchat.domain.money import Usage, to_pico
from orchat.domain.tokens import CHARACTERS_PER_TOKEN
from orchat.errors import NotFound
from orchat.tui.standing import active_holds, day_left, report_of_today
from orchat.tui.wording import DAY_S, HOUR_S, MINUTE_S

if TYPE_CHECKING:
    from orchat.config import Config
    from orchat.domain.catalog import Model
    from orchat.domain.conversation import StoredMessage
    from orchat.domain.ledger import UsageRow
    from orchat.keys.lease import KeyLease, KnownKey
    from orchat.runtime import Runtime
    from orchat.store.holds import Hold
    from orchat.store.reports import Report
    from orchat.tui.session import Session

DAYS = 14
"""Days in the chart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A budget of the user's own."""

    scope: str
    """``day``, ``session`` or ``key``."""
    limit_pico: int
    """In pico-dollars."""
    spent_pico: int = 0
    """What is spent of it, requests under way included."""

    @property
    def share(self) -> float:
        """How much of it is spent, from 0; more than 1 when it was overrun."""
        return self.spent_pico / self.limit_pico if self.limit_pico else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything that the sidebar and the status line show; None: not known yet."""

    model_id: str = ""
    """The model that is asked next."""
    model: Model | None = None
    """Its row in the catalogue."""
    answer: StoredMessage | None = None
    """The last answer."""
    context: Usage | None = None
    """Tokens of the last answer whose tokens are known."""
    busy: bool = False
    """An answer runs."""
    session: UsageRow | None = None
    """Sums of this session."""
    today: UsageRow | None = None
    """Sums of this UTC day."""
    daily: tuple[int, ...] = ()
    """Pico-dollars of each of the last days, today last."""
    key_label: str | None = None
    """Label of the key; None while it is not chosen."""
    key_today: int = 0
    """Requests sent with it today."""
    rotate_after: int = 40
    """Requests a day after which a new instance takes the next key."""
    is_free: bool = False
    """The model is asked through a ``:free`` id, whose limits belong to the account."""
    key_minute: int = 0
    """Requests to free models that its account sent in the last 60 s."""
    minute_limit: int | None = None
    """Most of those; None where nobody limits them."""
    report: Report | None = None
    """What the server said of the key on this UTC day."""
    is_told: bool = False
    """Whether the server tells about keys at all."""
    holds: tuple[Hold, ...] = ()
    """What puts the key aside, what lasts longest first."""
    budgets: tuple[Budget, ...] = ()
    """Those that are nearly used up or overrun."""
    at: float = 0.0
    """Epoch seconds of these figures."""
    asked: tuple[tuple[str, str], ...] = ()
    """What requests say besides the conversation, where that is not the usual: name and value."""

    @property
    def context_used(self) -> int | None:
        """Tokens that the conversation filled with its last answer."""
        return None if self.context is None else self.context.prompt_tokens + self.context.completion_tokens

    @property
    def context_length(self) -> int | None:
        """Tokens that fit the model."""
        return self.model.context_length if self.model else None

    @property
    def provider(self) -> str | None:
        """Who served the last answer."""
        return self.answer.provider if self.answer else None

    def holds_at(self, now: float) -> tuple[Hold, ...]:
        """What puts the key aside at a later time.

        Args:
            now: Epoch seconds.
        """
        return tuple(hold for hold in self.holds if hold.is_active(now))

    def beat(self, now: float) -> float:
        """The time to count down from: it stands still where nothing counts, and goes by minutes where that will do.

        Args:
            now: Epoch seconds.
        """
        ends = [hold.until for hold in self.holds if hold.until is not None and hold.until > now]
        if any(end - now < HOUR_S for end in ends):
            return now
        counts = ends or self.report is not None
        return now // MINUTE_S * MINUTE_S if counts else self.at

    def wait(self, now: float) -> float:
        """Seconds until time alone changes something here.

        Args:
            now: Epoch seconds.
        """
        ends = [hold.until for hold in self.holds if hold.until is not None and hold.until > now]
        if any(end - now < HOUR_S for end in ends):
            return 1.0
        if self.key_minute:
            return RECOUNT_S
        return MINUTE_S - now % MINUTE_S if ends or self.report is not None else day_left(now)

    def is_old(self, now: float) -> bool:
        """Whether time alone has changed them: a hold or a day is over, or a request left the last minute.

        Args:
            now: Epoch seconds.
        """
        if self.key_minute and now - self.at >= RECOUNT_S:
            return True
        return utc_day(now) != utc_day(self.at) or self.holds_at(now) != self.holds


RECOUNT_S = 5.0
"""Seconds after which the requests of the last minute are counted again, while there are any."""


async def take_figures(runtime: Runtime, session: Session, lease: KeyLease | None) -> Figures:
    """Read all figures, from this machine alone.

    Args:
        runtime: Started.
        session: The conversation that is shown.
        lease: The key of this instance, if it has one.
    """
    from orchat.domain.ledger import UsageRow

    now, conversation, config = runtime.clock.now(), session.conversation, runtime.config
    row = await runtime.session_usage(conversation.id) if conversation else UsageRow(group="session")
    by_day = {day.group: day.cost_pico for day in await runtime.usage(days=DAYS, by="day")}
    known = await _known(runtime, lease)
    is_free = is_free_id(session.model)
    return Figures(
        model_id=session.model,
        model=await runtime.models.find(session.model) if session.model else None,
        answer=await _priced(runtime, session),
        context=session.context,
        busy=session.busy,
        session=row,
        today=await runtime.today(),
        daily=tuple(by_day.get(utc_day(now - back * DAY_S), 0) for back in reversed(range(DAYS))),
        key_label=lease.label if lease else None,
        key_today=known.requests_today if known else 0,
        rotate_after=config.keys.rotate_after,
        is_free=is_free,
        key_minute=await _in_last_minute(runtime, known, now) if known and is_free else 0,
        minute_limit=config.limits.free_per_minute or None,
        report=report_of_today(known, now),
        is_told=runtime.parts.client.dialect == "openrouter",
        holds=active_holds(known, now),
        budgets=await _budgets(runtime, session, lease, now),
        at=now,
        asked=asked_of(session, config),
    )


def are_of(figures: Figures, session: Session, config: Config) -> bool:
    """Whether figures tell of what the session shows and is asked with now; costs that came late are not looked at."""
    return figures.asked == asked_of(session, config) and figures.context == session.context


def asked_of(session: Session, config: Config) -> tuple[tuple[str, str], ...]:
    """Name and value of what requests say besides the conversation, where that is not the usual."""
    from orchat.tui.asked import unusual

    choices = session.choices
    first = [("persona", choices.persona)] if choices.persona else []
    system = [("system prompt", "set")] if choices.system else []
    return (*first, *system, *unusual(choices.parameters, config))


async def _priced(runtime: Runtime, session: Session) -> StoredMessage | None:
    """The last answer, with what the server may have said later of its cost."""
    answer = session.answer
    if answer is None or session.conversation is None or answer.cost.source == "reported":
        return answer
    try:
        details = await runtime.conversations.details(session.conversation.id, answer.id)
    except NotFound:
        return answer
    return replace(answer, cost=details.cost)


async def _known(runtime: Runtime, lease: KeyLease | None) -> KnownKey | None:
    if lease is None:
        return None
    keys = await runtime.parts.ring.known()
    return next((key for key in keys if key.state.fingerprint == lease.fingerprint), None)


async def _in_last_minute(runtime: Runtime, known: KnownKey, now: float) -> int:
    from orchat.store import ledger

    return await runtime.parts.db.read(ledger.in_last_minute, known.account or known.state.fingerprint, now)


async def _budgets(runtime: Runtime, session: Session, lease: KeyLease | None, now: float) -> tuple[Budget, ...]:
    """The budgets of which little or nothing is left."""
    from orchat.dispatch.admission import Terms
    from orchat.store import ledger

    terms, today = Terms.of(runtime.config), utc_day(now)
    conversation = session.conversation.id if session.conversation else None
    found = []
    for line in terms.budgets:
        where: dict[str, str | None] = {"day": today}
        if line.scope == "session":
            where = {"conversation_id": conversation}
        elif line.scope == "key":
            where["fingerprint"] = lease.fingerprint if lease else None
        if None in where.values():
            continue
        spent = await runtime.parts.db.read(ledger.spent, **where)
        found.append(Budget(scope=line.scope, limit_pico=line.limit_pico, spent_pico=spent))
    return tuple(budget for budget in found if budget.share >= terms.warn_at)


def draft_cost(figures: Figures, characters: int) -> int | None:
    """What sending a draft may cost at least, in pico-dollars: the conversation so far and the draft, as input.

    Args:
        figures: Say what the conversation holds and what the model asks.
        characters: Length of the draft, pastes included.

    Returns:
        None when there is no draft or the price is not known.
    """
    model = figures.model
    if not characters or model is None or model.is_free or not model.pricing.is_known:
        return None
    count = (figures.context_used or 0) + characters / CHARACTERS_PER_TOKEN
    return to_pico(model.pricing.prices["prompt"] * ceil(count))
