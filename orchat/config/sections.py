"""Every setting: its section, name, type, default, bounds and one sentence on what it does.

The sentence stands in the field itself, because ``config.example.toml`` is generated from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from orchat.domain.choices import DataCollection, Effort

Dialect = Literal["auto", "openrouter", "openai"]
ProviderSort = Literal["", "price", "throughput", "latency"]
KeyStore = Literal["auto", "keyring", "file", "env"]
OnExhausted = Literal["ask", "switch", "stop"]
PdfEngine = Literal["cloudflare-ai", "mistral-ocr", "native"]
PDF_FEES: dict[PdfEngine, str] = {"mistral-ocr": "$2 per 1,000 pages beside the tokens"}
"""What an engine costs that is not free."""
LogLevel = Literal["debug", "info", "warning", "error", "off"]


def about(
    sentence: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    url: bool = False,
    example: object = None,
) -> dict[str, Any]:
    """What is to be known of a setting besides its type and default; a default of None means "not set".

    Args:
        sentence: What it does, for the example file.
        low: Smallest number allowed.
        high: Largest number allowed.
        choices: The words allowed.
        url: Must be empty or begin with ``http://`` or ``https://``.
        example: Shown in the example file when the default is None.
    """
    return {"about": sentence, "low": low, "high": high, "choices": choices, "url": url, "example": example}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """The server and how long to wait for it."""

    base_url: str = field(
        default="https://openrouter.ai/api/v1",
        metadata=about("Where requests go; any OpenAI-compatible server works.", url=True),
    )
    dialect: Dialect = field(
        default="auto",
        metadata=about("What the server understands; auto looks at the host name.", choices=get_args(Dialect)),
    )
    connect_timeout_s: float = field(default=10.0, metadata=about("Seconds to reach the server.", low=0.1, high=600))
    pool_timeout_s: float = field(
        default=10.0, metadata=about("Seconds to wait for a free connection.", low=0.1, high=600)
    )
    write_timeout_s: float = field(
        default=30.0, metadata=about("Seconds without progress while sending.", low=0.1, high=600)
    )
    first_byte_timeout_s: float = field(
        default=90.0, metadata=about("Seconds until the first byte of the answer.", low=0.1, high=3600)
    )
    idle_timeout_s: float = field(
        default=120.0, metadata=about("Seconds of silence between two bytes of an answer.", low=0.1, high=3600)
    )
    total_timeout_s: float = field(
        default=600.0, metadata=about("Seconds for a whole answer that is not streamed.", low=0.1, high=86400)
    )
    max_connections: int = field(default=100, metadata=about("Connections open at once.", low=1, high=1000))
    app_title: str = field(
        default="orchat", metadata=about("Name shown on OpenRouter's activity page; empty sends none.")
    )
    app_url: str = field(
        default="https://github.com/orchat/orchat",
        metadata=about("Address that identifies the program there; empty sends none.", url=True),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """Which models are asked."""

    default: str = field(default="openrouter/auto", metadata=about("Model of a new conversation."))
    free_default: str = field(
        default="openrouter/free", metadata=about("Model of a new conversation on a key of the free tier.")
    )
    text: tuple[str, ...] = field(
        default=("deepseek/deepseek-r1", "deepseek/deepseek-v3.2"),
        metadata=about("Text models at the top of the picker."),
    )
    vision: tuple[str, ...] = field(
        default=(
            "meta-llama/llama-3.2-90b-vision-instruct",
            "qwen/qwen3-vl-235b-a22b-instruct",
            "~google/gemini-flash-latest",
        ),
        metadata=about(
            "Models that see: orchat ocr asks the first that the catalogue has, and falls back on the others."
        ),
    )
    fallbacks: tuple[str, ...] = field(
        default=(), metadata=about("Models asked, in this order, when the chosen one fails.")
    )
    catalogue_max_age_h: float = field(
        default=24.0, metadata=about("Hours until the list of models is fetched again.", low=0, high=8760)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSettings:
    """What goes with every prompt."""

    system: str = field(default="", metadata=about("System prompt of a new conversation."))
    temperature: float | None = field(default=None, metadata=about("Sampling temperature.", low=0, high=2, example=0.7))
    max_tokens: int | None = field(
        default=None,
        metadata=about("Most tokens of an answer, thoughts included.", low=1, high=10_000_000, example=4096),
    )
    reasoning_effort: Effort | None = field(
        default=None, metadata=about("How much a model may think.", choices=get_args(Effort), example="medium")
    )
    prompt_caching: bool = field(default=True, metadata=about("Let Claude models cache long prompts."))
    save: bool = field(default=True, metadata=about("Keep conversations in the database."))
    title_model: str = field(
        default="", metadata=about("Model that names new sessions; empty leaves the first line of the first prompt.")
    )
    title_budget_usd: float = field(
        default=0.001, metadata=about("Most dollars that such a title may cost.", low=0, high=1)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """Which of OpenRouter's providers may serve."""

    data_collection: DataCollection | Literal[""] = field(
        default="",
        metadata=about(
            'May a provider keep prompts? "deny" removes the :free models.', choices=("", *get_args(DataCollection))
        ),
    )
    zdr: bool = field(default=False, metadata=about("Only providers that keep no data at all."))
    order: tuple[str, ...] = field(default=(), metadata=about("Providers tried first, in this order."))
    only: tuple[str, ...] = field(default=(), metadata=about("The only providers allowed."))
    ignore: tuple[str, ...] = field(default=(), metadata=about("Providers never used."))
    sort: ProviderSort = field(
        default="", metadata=about("What matters most; empty balances.", choices=get_args(ProviderSort))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrySettings:
    """What happens when a request fails before anything was shown."""

    attempts: int = field(
        default=3, metadata=about("Retries before any response header arrived; 0 switches them off.", low=0, high=20)
    )
    base_s: float = field(
        default=0.5, metadata=about("Seconds of the first delay at most; it doubles from there.", low=0, high=60)
    )
    cap_s: float = field(default=8.0, metadata=about("Seconds of the longest delay.", low=0, high=600))
    total_s: float = field(default=60.0, metadata=about("Seconds for all retries together.", low=0, high=3600))
    retry_after_max_s: float = field(
        default=60.0, metadata=about("Longest wait that a server may ask for, in seconds.", low=0, high=3600)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """How fast requests are sent."""

    free_per_minute: int = field(
        default=20, metadata=about("Requests a minute to :free models; 0 lifts the limit.", low=0, high=10_000)
    )
    min_interval_s: float = field(
        default=0.0, metadata=about("Seconds between two requests of one key, whatever the model.", low=0, high=3600)
    )
    max_in_flight: int = field(
        default=0, metadata=about("Requests of one key under way at once; 0 lifts the limit.", low=0, high=10_000)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetSettings:
    """What may be spent, in USD, by this machine's own count; a request that may go over it is not sent."""

    day_usd: float = field(default=0.0, metadata=about("A UTC day, all keys; 0 for no budget.", low=0, high=1_000_000))
    session_usd: float = field(default=0.0, metadata=about("One session; 0 for no budget.", low=0, high=1_000_000))
    key_usd: float = field(default=0.0, metadata=about("Each key and UTC day; 0 for no budget.", low=0, high=1_000_000))
    warn_at: float = field(
        default=0.8, metadata=about("Share of a budget from which on a request warns.", low=0, high=1)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerSettings:
    """When a failing model is left alone for a while."""

    failures: int = field(default=5, metadata=about("Failures that open the breaker of a model.", low=1, high=1000))
    window_s: float = field(default=30.0, metadata=about("Seconds within which they must happen.", low=0.1, high=3600))
    open_s: float = field(default=30.0, metadata=about("Seconds until the model is tried again.", low=0.1, high=3600))


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheSettings:
    """Answers kept for equal requests."""

    enabled: bool = field(default=False, metadata=about("Answer an equal request from the cache."))
    ttl_s: float = field(
        default=86_400.0, metadata=about("Seconds until a kept answer is too old.", low=1, high=31_536_000)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySettings:
    """Where keys are kept and when the next one takes over."""

    store: KeyStore = field(
        default="auto",
        metadata=about(
            "Where keys are kept; auto takes the file if one is named, else the system's keyring.",
            choices=get_args(KeyStore),
        ),
    )
    file: str = field(
        default="", metadata=about("JSON file of keys, readable by you alone; ORCHAT_KEYS_FILE goes before it.")
    )
    rotate_after: int = field(
        default=40,
        metadata=about("Requests a day after which a new instance starts on the next key.", low=1, high=1_000_000),
    )
    on_exhausted: OnExhausted = field(
        default="ask", metadata=about("What to do when a key can no longer serve.", choices=get_args(OnExhausted))
    )
    reconcile: bool = field(
        default=True,
        metadata=about("After answers, ask OpenRouter what the key has used and what a cut answer cost."),
    )
    keyring_timeout_s: float = field(
        default=5.0, metadata=about("Seconds to wait for the system's keyring.", low=0.1, high=300)
    )
    allow_plaintext_keyring: bool = field(
        default=False, metadata=about("Accept a keyring that keeps its secrets in plain text.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSettings:
    """Pictures and documents on their way to a model."""

    max_side: int = field(
        default=2048, metadata=about("Pixels of a picture's longer side; larger ones are scaled.", low=64, high=8192)
    )
    max_bytes: int = field(
        default=4_500_000, metadata=about("Bytes of a picture; many providers take 5 MB.", low=10_000, high=20_000_000)
    )
    pdf_engine: PdfEngine = field(
        default="cloudflare-ai",
        metadata=about(
            "Who reads PDF documents: cloudflare-ai is free, mistral-ocr costs $2 per 1,000 pages.",
            choices=get_args(PdfEngine),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OcrSettings:
    """Reading pages with ``orchat ocr``."""

    jobs: int = field(default=4, metadata=about("Pages under way at once.", low=1, high=64))
    max_tokens: int = field(
        default=8192,
        metadata=about("Most tokens of a page's text; a page that needs more fails.", low=256, high=100_000),
    )
    patience_s: float = field(
        default=600.0,
        metadata=about(
            "Seconds that a page waits for the network or a limit before the job stops.", low=0, high=86_400
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """The log file."""

    level: LogLevel = field(default="info", metadata=about("Least important kind of line.", choices=get_args(LogLevel)))
    max_bytes: int = field(
        default=2_000_000, metadata=about("Size at which a new file is begun.", low=10_000, high=1_000_000_000)
    )
    backups: int = field(default=3, metadata=about("Older files kept.", low=0, high=100))


@dataclass(frozen=True, slots=True, kw_only=True)
class TuiSettings:
    """The screen."""

    theme: str = field(default="orchat-dark", metadata=about("Colours."))
    sidebar: bool = field(default=True, metadata=about("Show tokens, cost and limits beside the conversation."))
    plain: bool = field(
        default=False, metadata=about("No colours and no pictures: for screen readers and simple terminals.")
    )
    flush_ms: int = field(
        default=50, metadata=about("Milliseconds between two paintings of a growing answer.", low=10, high=1000)
    )
    mouse: bool = field(default=True, metadata=about("Use the mouse."))
    send_on_enter: bool = field(default=True, metadata=about("Enter sends; otherwise it begins a new line."))


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonaSettings:
    """Somebody to talk to: a system prompt, a model and its parameters under one name, for ``--persona NAME``."""

    system: str | None = field(
        default=None, metadata=about("System prompt.", example="You review code. Name the worst fault first.")
    )
    model: str | None = field(default=None, metadata=about("Model to ask.", example="openrouter/auto"))
    fallbacks: tuple[str, ...] = field(
        default=(), metadata=about("Models asked, in this order, when it fails.", example=("openrouter/free",))
    )
    temperature: float | None = field(default=None, metadata=about("Sampling temperature.", low=0, high=2, example=0.2))
    max_tokens: int | None = field(
        default=None,
        metadata=about("Most tokens of an answer, thoughts included.", low=1, high=10_000_000, example=2048),
    )
    reasoning_effort: Effort | None = field(
        default=None, metadata=about("How much the model may think.", choices=get_args(Effort), example="low")
    )

    @property
    def parameters(self) -> dict[str, Any]:
        """The fields of `ChatRequest` that it sets."""
        found: dict[str, Any] = {"temperature": self.temperature, "max_completion_tokens": self.max_tokens}
        if self.reasoning_effort is not None:
            from orchat.domain.request import Reasoning

            found["reasoning"] = Reasoning(effort=self.reasoning_effort)
        return {name: value for name, value in found.items() if value is not None}


PERSONAS = "personas"
"""The section that holds a table for each persona."""

SECTIONS = {
    "api": ApiSettings,
    "models": ModelSettings,
    "chat": ChatSettings,
    "provider": ProviderSettings,
    "retry": RetrySettings,
    "limits": LimitSettings,
    "budget": BudgetSettings,
    "breaker": BreakerSettings,
    "cache": CacheSettings,
    "keys": KeySettings,
    "media": MediaSettings,
    "ocr": OcrSettings,
    "log": LogSettings,
    "tui": TuiSettings,
}
"""The sections with declared settings, in the order of the example file; ``keymap`` and ``personas`` are free."""
