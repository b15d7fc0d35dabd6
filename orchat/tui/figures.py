"""What the sidebar shows: a snapshot of cost, context, key and model."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from orchat.clock import utc_day
from orchat.domain.model_id import is_free_id
from orchat.domain.money import Usage, to_pico

if TYPE_CHECKING:
    from orchat.domain.catalog import Model
    from orchat.domain.conversation import StoredMessage
    from orchat.domain.ledger import UsageRow
    from orchat.keys.ring import KeyLease
    from orchat.runtime import Runtime
    from orchat.tui.session import Session

DAYS = 14
"""Days in the chart."""
DAY_S = 86_400.0
MINUTE_S = 60.0
RECENT = 100
"""Attempts looked at for the last minute."""


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
    key_minute: int = 0
    """Requests sent with it in the last 60 s."""
    minute_limit: int | None = None
    """Most of those, where the model is free."""
    temperature: float | None = None
    """Only when it is set."""
    system: str | None = None
    """System prompt."""

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


async def take_figures(runtime: Runtime, session: Session, lease: KeyLease | None) -> Figures:
    """Read all figures, from this machine alone.

    Args:
        runtime: Started.
        session: The conversation that is shown.
        lease: The key of this instance, if it has one.
    """
    from orchat.domain.ledger import UsageRow
    from orchat.store import ledger

    now, conversation, config = runtime.clock.now(), session.conversation, runtime.config
    row = await runtime.session_usage(conversation.id) if conversation else UsageRow(group="session")
    by_day = {day.group: day.cost_pico for day in await runtime.usage(days=DAYS, by="day")}
    latest = await runtime.parts.db.read(ledger.last_attempts, RECENT)
    key_minute = sum(
        1
        for entry in latest
        if lease and entry.attempt.key_fingerprint == lease.fingerprint and now - entry.attempt.started_at < MINUTE_S
    )
    return Figures(
        model_id=session.model,
        model=await runtime.models.find(session.model) if session.model else None,
        answer=session.answer,
        context=session.context,
        busy=session.busy,
        session=row,
        today=await runtime.today(),
        daily=tuple(by_day.get(utc_day(now - back * DAY_S), 0) for back in reversed(range(DAYS))),
        key_label=lease.label if lease else None,
        key_today=await runtime.requests_today(lease.fingerprint) if lease else 0,
        rotate_after=config.keys.rotate_after,
        key_minute=key_minute,
        minute_limit=config.limits.free_per_minute or None if is_free_id(session.model) else None,
        temperature=config.chat.temperature,
        system=session.system,
    )


CHARS_PER_TOKEN = 4
"""A rule of thumb, good enough for an estimate that says so."""


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
    count = (figures.context_used or 0) + characters / CHARS_PER_TOKEN
    return to_pico(model.pricing.prices["prompt"] * ceil(count))
