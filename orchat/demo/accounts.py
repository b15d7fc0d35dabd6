"""Keys and the accounts behind them: what was used, what is left, and who is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from orchat.clock import utc_day
from orchat.demo.answer import Step
from orchat.demo.breaks import Fail, Window, limit_headers
from orchat.demo.faults import fault, refusal
from orchat.demo.tokens import number
from orchat.domain.secret import Secret

DEMO_KEY = Secret("sk-or-demo-0000000000000000000000000000000000000000")
"""Opens the demo and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoKey:
    """One key that the server accepts."""

    label: str | None = None
    """As ``GET /key`` reports it; None: the key's first and last characters."""
    account: str = "demo"
    """Keys of one account share credits and the free limits."""
    credits: Decimal = Decimal(100)
    """USD bought by the account."""
    limit: Decimal | None = None
    """USD that this key may spend; None: no cap."""
    free_per_minute: int = 3
    """Requests to free models in a minute, for the whole account."""
    free_per_day: int = 10
    """Requests to free models in a UTC day, for the whole account."""
    is_free_tier: bool = False
    """Whether the account never bought credits."""
    is_management_key: bool = False
    """A management key may not chat."""
    revoked: bool = False
    """A revoked key is unknown: 401."""
    fault: Step | None = None
    """Answers every chat request of this key."""


@dataclass(slots=True)
class Admissions:
    """A limit on requests within a window: a minute from the first request on, or a UTC day."""

    limit: int
    """Requests admitted in a window."""
    window: Window
    """``minute`` or ``day``."""
    used: int = 0
    """Requests admitted in the current window."""
    resets_at: float = 0.0
    """Epoch seconds at which the next window begins."""

    def roll(self, now: float) -> None:
        """Begin a new window when the last one is over."""
        if now >= self.resets_at:
            self.used = 0
            self.resets_at = now + 60 if self.window == "minute" else (now // 86_400 + 1) * 86_400

    def admit(self, now: float) -> bool:
        """Count a request, or say that the window is full."""
        self.roll(now)
        if self.used >= self.limit:
            return False
        self.used += 1
        return True

    def refusal(self, now: float) -> Fail:
        """The 429 of a window that is full."""
        headers = limit_headers(self.limit, self.window, now, resets_at=self.resets_at)
        return refusal("429-free-daily" if self.window == "day" else "429-free-per-minute", headers)


@dataclass(slots=True)
class Spending:
    """USD by UTC day."""

    days: dict[str, Decimal] = field(default_factory=dict)
    """Day to amount."""

    def add(self, amount: Decimal, now: float) -> None:
        """Count an amount today."""
        day = utc_day(now)
        self.days[day] = self.days.get(day, Decimal(0)) + amount

    def since(self, day: str) -> Decimal:
        """What was spent on that day and later; ``""`` means ever."""
        return sum((amount for at, amount in self.days.items() if at >= day), Decimal(0))


class Account:
    """What the keys of one account share.

    Args:
        terms: One of its keys, for credits and limits.
    """

    def __init__(self, terms: DemoKey) -> None:
        self.credits = terms.credits
        self.spending = Spending()
        self.minute = Admissions(terms.free_per_minute, "minute")
        self.day = Admissions(terms.free_per_day, "day")

    @property
    def balance(self) -> Decimal:
        """USD left."""
        return self.credits - self.spending.since("")

    def admit_free(self, now: float) -> Step | None:
        """Count a request to a free model, or refuse it."""
        self.minute.roll(now)
        if self.minute.used >= self.minute.limit:
            return self.minute.refusal(now)
        if not self.day.admit(now):
            return self.day.refusal(now)
        self.minute.admit(now)
        return None


@dataclass(slots=True, kw_only=True)
class Holder:
    """Whoever sends a request: a key, its terms and its account."""

    terms: DemoKey
    """What the key may do."""
    label: str
    """As ``GET /key`` reports it."""
    account: Account
    """Shared by the account's keys."""
    spending: Spending = field(default_factory=Spending)
    """Of this key alone."""

    def charge(self, amount: Decimal, now: float) -> None:
        """Book the cost of a generation."""
        self.spending.add(amount, now)
        self.account.spending.add(amount, now)

    def left(self) -> Decimal:
        """USD that this key may still spend."""
        if self.terms.limit is None:
            return self.account.balance
        return min(self.account.balance, self.terms.limit - self.spending.since(""))

    def objection(self) -> Step | None:
        """Why this key cannot chat at all; None when it can."""
        if self.terms.fault is not None:
            return self.terms.fault
        if self.terms.is_management_key:
            return fault("403-management-key")
        if self.terms.limit is not None and self.spending.since("") >= self.terms.limit:
            return fault("403-key-limit")
        if self.account.balance <= 0:
            return fault("402-insufficient-credits")
        return None

    def status(self, now: float) -> dict[str, object]:
        """What ``GET /key`` says."""
        today = datetime.fromtimestamp(now, tz=timezone.utc)
        monday, month = today - timedelta(days=today.weekday()), today.replace(day=1)
        self.account.day.roll(now)
        day, used, cap = self.account.day, self.spending.since(""), self.terms.limit
        return {
            "label": self.label,
            "is_management_key": self.terms.is_management_key,
            "is_provisioning_key": self.terms.is_management_key,
            "limit": None if cap is None else number(cap),
            "limit_reset": None,
            "limit_remaining": None if cap is None else number(max(Decimal(0), cap - used)),
            "include_byok_in_limit": False,
            "usage": number(used),
            "usage_daily": number(self.spending.since(utc_day(now))),
            "usage_weekly": number(self.spending.since(f"{monday:%Y-%m-%d}")),
            "usage_monthly": number(self.spending.since(f"{month:%Y-%m-%d}")),
            **dict.fromkeys(("byok_usage", "byok_usage_daily", "byok_usage_weekly", "byok_usage_monthly"), 0),
            "is_free_tier": self.terms.is_free_tier,
            "expires_at": None,
            "creator_user_id": f"user_{self.terms.account}",
            "free_model_daily_requests": {"used": day.used, "limit": day.limit, "remaining": day.limit - day.used},
            "rate_limit": {"requests": -1, "interval": "10s", "note": "This field is deprecated and safe to ignore."},
        }

    def credits(self) -> dict[str, object]:
        """What ``GET /credits`` says."""
        account = self.account
        return {"total_credits": number(account.credits), "total_usage": number(account.spending.since(""))}


class Accounts:
    """All keys that the server knows.

    Args:
        keys: Key to terms; None: every key is good, and all belong to one account.
    """

    def __init__(self, keys: Mapping[str, DemoKey] | None) -> None:
        self._open = keys is None
        self._terms = {_digest(key): terms for key, terms in (keys or {}).items()}
        self._holders: dict[str, Holder] = {}
        self._accounts: dict[str, Account] = {}

    def put(self, key: str, terms: DemoKey) -> None:
        """Add a key, or change its terms; what it spent stays."""
        digest = _digest(key)
        self._terms[digest] = terms
        if digest in self._holders:
            self._holders[digest].terms = terms

    def holder(self, key: str) -> Holder | None:
        """Whoever holds this key; None when it is unknown or revoked."""
        digest = _digest(key)
        terms = self._terms.get(digest, DemoKey() if self._open else None)
        if terms is None or terms.revoked:
            return None
        if digest not in self._holders:
            account = self._accounts.setdefault(terms.account, Account(terms))
            label = terms.label or (f"{key[:12]}...{key[-3:]}" if len(key) > 24 else "sk-or-...")
            self._holders[digest] = Holder(terms=terms, label=label, account=account)
        return self._holders[digest]


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
