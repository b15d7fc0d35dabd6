"""What happens while a request runs.

Grammar of one stream, held by a property test::

    (Queued* (BudgetNear* Attempted (Retrying | FellBack | SwitchedKey)? | FellBack | SwitchedKey))*
    Opened Delta* Finished

or an `OrchatError` at any point. A delta is `TextDelta`, `ReasoningDelta`, `ReasoningDetail`, `ToolCallDelta`,
`MediaReceived`, `Cited` or `Annotated`. After the first delta there is no retry, no fallback and no other key.
`FellBack` and `SwitchedKey` stand alone where the breaker keeps a model, or a hold keeps a key, from being asked; an
answer from the cache begins with `Opened`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from orchat.domain.content import ImagePart, JsonObject
from orchat.domain.money import UNKNOWN_COST, Cost, Usage

if TYPE_CHECKING:
    from orchat.domain.fold import Reply
    from orchat.errors import OrchatError


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """The request waits for its turn; told again at least once a second, with what is left."""

    wait_s: float
    """Seconds until it may be sent, as far as that is known now."""
    reason: str
    """Whose limit it waits for, in words."""
    ahead: int = 0
    """Requests that wait for the same and come before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetNear:
    """The request is sent, and with it a budget of the user's own is nearly used up."""

    scope: str
    """``day``, ``session`` or ``key``."""
    spent_pico: int
    """What is spent, requests under way included."""
    limit_pico: int
    """The budget."""
    projected_pico: int | None = None
    """The most that this request may cost; None where its price is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """An attempt is being sent."""

    number: int
    """From 1, over all models."""
    model: str
    """Model asked."""
    key_label: str
    """Label of the key that is used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrying:
    """The attempt failed and will be repeated."""

    error: OrchatError
    """Why."""
    delay_s: float
    """Seconds until the next attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FellBack:
    """The model failed and another one is asked."""

    from_model: str
    """The model that failed."""
    to_model: str
    """The model asked next."""
    error: OrchatError
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchedKey:
    """The key cannot serve and the next one takes over, with the same prompt."""

    from_label: str
    """The key that was put aside."""
    to_label: str
    """The key that is used next."""
    error: OrchatError
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The server took the request: its headers are here. Between client and dispatcher only."""

    generation_id: str | None
    """``X-Generation-Id``, which finds the request again when the stream breaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The answer begins."""

    generation_id: str | None = None
    """``gen-…``."""
    model: str | None = None
    """The model that answers, often a dated slug."""
    provider: str | None = None
    """Display name of the provider that serves it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta:
    """A piece of the answer: everything that one network read brought, joined."""

    text: str
    """Raw text, not cleaned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningDelta:
    """A piece of the model's thoughts."""

    text: str
    """Raw text, not cleaned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningDetail:
    """A fragment of ``reasoning_details``, kept to be sent back unmodified. Never shown."""

    detail: JsonObject
    """As it arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallDelta:
    """A fragment of a tool call."""

    index: int
    """Which call of this answer."""
    id: str = ""
    """Only in the first fragment, and not always there."""
    name: str = ""
    """Only in the first fragment."""
    arguments: str = ""
    """A piece of JSON text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaReceived:
    """The model made a picture."""

    part: ImagePart
    """A ``data:`` URL, usually PNG."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """The model names a source."""

    url: str
    """Link, not checked."""
    title: str = ""
    """May be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotated:
    """An annotation that is not a citation: a parsed file, to be sent back later."""

    annotation: JsonObject
    """As it arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long it took, in milliseconds."""

    ttft_ms: int | None = None
    """From sending to the first delta; None when nothing came."""
    total_ms: int = 0
    """From sending to the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The server said that the answer is complete."""

    reply: Reply
    """The whole answer."""
    finish_reason: str
    """``stop``, ``length``, ``tool_calls``, ``content_filter`` or something newer."""
    usage: Usage = field(default_factory=Usage)
    """Tokens."""
    cost: Cost = UNKNOWN_COST
    """Reported by the server, else estimated from live prices."""
    model: str | None = None
    """The model that answered."""
    provider: str | None = None
    """Who served it."""
    generation_id: str | None = None
    """``gen-…``."""
    timing: Timing = field(default_factory=Timing)
    """How long it took."""
    cached: bool = False
    """True when orchat's own response cache answered."""


Delta: TypeAlias = TextDelta | ReasoningDelta | ReasoningDetail | ToolCallDelta | MediaReceived | Cited | Annotated
Progress: TypeAlias = Queued | BudgetNear | Attempted | Retrying | FellBack | SwitchedKey
Event: TypeAlias = Progress | Accepted | Opened | Delta | Finished
