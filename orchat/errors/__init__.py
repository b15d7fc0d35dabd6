"""Every error that orchat raises on purpose.

::

    OrchatError
    ├─ ConfigError                    names the layer, file and key it came from
    ├─ UsageError                     the caller asked for something that cannot be done
    │  ├─ LabelTaken                  another key has this label
    │  └─ KeyKnown                    the key is there already, under the label in `label`
    ├─ KeysError
    │  ├─ NoKeys                      no key anywhere
    │  ├─ KeyringUnavailable          the keyring is missing, locked, mute or broken
    │  ├─ KeyRejected                 401: revoked or mistyped; 403: a management key
    │  ├─ CreditsExhausted            402: the account has no credit left
    │  ├─ KeyLimitReached             402/403: this key's own cap
    │  └─ SignInFailed                no key came of a sign-in; `reason` says why
    ├─ RequestFailed
    │  ├─ ConnectionFailed            retryable: DNS, refused, reset, TLS
    │  ├─ TimedOut                    retryable: connect, pool, write, first byte, idle, total
    │  ├─ RateLimited                 retryable after a while: whose limit is in `scope`
    │  ├─ UpstreamFailed              retryable: 5xx, an error event, an answer that is not one
    │  ├─ BadRequest                  400, 409, 412, 413, 422
    │  ├─ ModelUnknown                the model does not exist
    │  ├─ ModelCannotSee              a picture for a model that takes none; `offers` names others
    │  ├─ NoEndpoints                 no provider is left after the filters
    │  ├─ ContextTooLong              the prompt does not fit the model
    │  ├─ ContentRefused              moderation, guardrail, refusal
    │  ├─ NotAllowed                  403 of another kind: region, harness gate
    │  ├─ Unaffordable                402 for this one request: lower max tokens to `affordable_tokens`
    │  ├─ CircuitOpen                 the model failed too often just now
    │  ├─ BudgetExceeded              the user's own budget
    │  └─ StreamInterrupted           text was shown, then the stream broke; `partial` keeps it
    ├─ StoreError
    │  ├─ StoreBusy                   another process holds the database
    │  ├─ StoreNewer                  written by a newer orchat
    │  ├─ StoreForeign                not an orchat database
    │  ├─ StoreDamaged                SQLite says that the file is malformed
    │  └─ StoreUnwritable             read-only, full disk, wrong owner
    ├─ NotFound                       a session, message or attachment that is not there
    └─ MediaError
       ├─ MediaNotFound
       ├─ MediaTooLarge
       ├─ MediaUnsupported
       └─ MediaDamaged

Each has a one-line ``str`` and an optional ``hint`` that says what to do next. None carries a secret or a body.
"""

from __future__ import annotations

from orchat.errors.base import (
    ConfigError,
    KeyKnown,
    LabelTaken,
    NotFound,
    OrchatError,
    UsageError,
)
from orchat.errors.keys import (
    CreditsExhausted,
    KeyLimitReached,
    KeyRejected,
    KeyringUnavailable,
    KeysError,
    NoKeys,
    SignInFailed,
)
from orchat.errors.media import (
    MediaDamaged,
    MediaError,
    MediaNotFound,
    MediaTooLarge,
    MediaUnsupported,
)
from orchat.errors.requests import (
    BadRequest,
    BudgetExceeded,
    CircuitOpen,
    ConnectionFailed,
    ContentRefused,
    ContextTooLong,
    ModelCannotSee,
    ModelUnknown,
    NoEndpoints,
    NotAllowed,
    RateLimited,
    RequestFailed,
    StreamInterrupted,
    TimedOut,
    Unaffordable,
    UpstreamFailed,
)
from orchat.errors.store import (
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreForeign,
    StoreNewer,
    StoreUnwritable,
)

__all__ = [
    "BadRequest",
    "BudgetExceeded",
    "CircuitOpen",
    "ConfigError",
    "ConnectionFailed",
    "ContentRefused",
    "ContextTooLong",
    "CreditsExhausted",
    "KeyKnown",
    "KeyLimitReached",
    "KeyRejected",
    "KeyringUnavailable",
    "KeysError",
    "LabelTaken",
    "MediaDamaged",
    "MediaError",
    "MediaNotFound",
    "MediaTooLarge",
    "MediaUnsupported",
    "ModelCannotSee",
    "ModelUnknown",
    "NoEndpoints",
    "NoKeys",
    "NotAllowed",
    "NotFound",
    "OrchatError",
    "RateLimited",
    "RequestFailed",
    "SignInFailed",
    "StoreBusy",
    "StoreDamaged",
    "StoreError",
    "StoreForeign",
    "StoreNewer",
    "StoreUnwritable",
    "StreamInterrupted",
    "TimedOut",
    "Unaffordable",
    "UpstreamFailed",
    "UsageError",
]
