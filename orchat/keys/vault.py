"""Where secrets are kept: the operating system's keyring, or a file. The only importer of keyring."""

from __future__ import annotations

import hashlib
import json
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from orchat.domain.secret import Secret
from orchat.errors import KeyringUnavailable, KeysError, OrchatError, UsageError
from orchat.keys import secret_service
from orchat.keys.entry import parse_key, parse_label
from orchat.keys.key_file import FileVault
from orchat.keys.place import ELSEWHERE, Keys, alone, replace
from orchat.paths import absolute

if TYPE_CHECKING:
    from orchat.config import KeySettings

T = TypeVar("T")

SERVICE = "orchat"
HEAD = "keys"
LONGEST_PART = 1200
"""Windows takes 1,280 characters an item."""
PROMPT_TIMEOUT_S = 30.0
"""How long a person may need to type the keyring's password."""


class Vault(Protocol):
    """A place for secrets: label to key. Calls may block; see `orchat.keys.ring` for who waits."""

    source: Literal["keyring", "file"]
    """Which of the two."""
    place: str
    """In words, for people."""

    def load(self) -> Keys:
        """All keys."""
        ...

    def save(self, keys: Mapping[str, Secret]) -> None:
        """Replace all keys."""
        ...

    def update(self, edit: Callable[[Keys], None]) -> Keys:
        """Read, edit and save while no other process does; returns what is kept now."""
        ...


def vault_for(settings: KeySettings, environ: Mapping[str, str], folder: Path) -> Vault | None:
    """The place that the settings ask for; nothing is opened yet.

    Args:
        settings: The section ``keys``.
        environ: The environment; ``ORCHAT_KEYS_FILE`` goes before the setting ``keys.file``.
        folder: Where the lock is, and the file if it is wanted but not named.

    Returns:
        None where only the environment counts.
    """
    named = environ.get("ORCHAT_KEYS_FILE") or settings.file
    if settings.store == "env":
        return None
    if settings.store == "file" or (settings.store == "auto" and named):
        return FileVault(absolute(named, environ) if named else folder / "keys.json")
    can_prompt = sys.platform in ("darwin", "win32") or environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")
    return KeyringVault(
        timeout_s=max(settings.keyring_timeout_s, PROMPT_TIMEOUT_S if can_prompt else 0.0),
        mute_after_s=settings.keyring_timeout_s,
        is_secret_service=secret_service.is_default(environ),
        allow_plaintext=settings.allow_plaintext_keyring,
        lock=folder / "keyring.lock",
    )


class KeyringVault:
    """The operating system's keyring: one JSON item, in parts where it is long.

    The first item is written last and names the others, so a crash in between leaves the old keys in place.

    Args:
        timeout_s: Seconds that one call may take, a person who types a password included.
        mute_after_s: Seconds after which a Secret Service that shows no sign of life is given up; None: `timeout_s`.
        is_secret_service: Try the Secret Service before keyring is loaded.
        allow_plaintext: Accept a keyring that does not encrypt.
        lock: File that processes lock while they change the keys.
    """

    source: Literal["keyring", "file"] = "keyring"

    def __init__(
        self,
        *,
        timeout_s: float,
        lock: Path,
        mute_after_s: float | None = None,
        is_secret_service: bool = False,
        allow_plaintext: bool = False,
    ) -> None:
        self.place = f"the system's keyring, service {SERVICE}"
        self._timeout_s = timeout_s
        self._mute_after_s = timeout_s if mute_after_s is None else min(mute_after_s, timeout_s)
        self._is_secret_service = is_secret_service
        self._allow_plaintext = allow_plaintext
        self._lock = lock
        self._known: Keys | None = None

    def load(self) -> Keys:
        """All keys, read once per process.

        Raises:
            KeyringUnavailable: The keyring is missing, locked, mute or broken.
        """
        if self._known is None:
            self._known = self._limited(self._read)
        return dict(self._known)

    def save(self, keys: Mapping[str, Secret]) -> None:
        """Replace all keys.

        Raises:
            KeyringUnavailable: They could not be saved; the old ones are still there.
        """
        self.update(lambda kept: replace(kept, keys))

    def update(self, edit: Callable[[Keys], None]) -> Keys:
        """Read, edit and save while no other process does.

        Args:
            edit: Changes the keys in place; what it raises is passed on, and nothing is saved.

        Raises:
            KeyringUnavailable: They could not be saved; the old ones are still there.
        """

        def work() -> Keys:
            backend = self._backend()
            if _module(backend) == "keyring.backends.null":
                raise KeyringUnavailable("the keyring is switched off (PYTHON_KEYRING_BACKEND)", hint=ELSEWHERE)
            with alone(self._lock, self._timeout_s / 2):
                keys = _read(backend)
                edit(keys)
                _write(backend, keys)
            return keys

        self._known = self._limited(work)
        return dict(self._known)

    def backend(self) -> str:
        """Name the keyring, for whoever looks for a fault; raises as `load` does."""
        return self._limited(lambda: _kind(self._backend()))

    def _read(self) -> Keys:
        # Nothing found may mean that keyring keeps its items elsewhere: only what is there counts.
        found = secret_service.read(_read) if self._is_secret_service else None
        return found or _read(self._backend())

    def _knock(self) -> None:
        if self._is_secret_service or _module(self._backend()).endswith((".SecretService", ".libsecret")):
            secret_service.knock()

    def _backend(self) -> Any:
        import keyring

        try:
            backend: Any = keyring.get_keyring()
        except Exception as error:
            raise KeyringUnavailable(
                "the keyring that PYTHON_KEYRING_BACKEND or keyringrc.cfg names does not load"
                f" ({type(error).__name__})",
                hint=f"Unset the variable or repair the file. {ELSEWHERE}",
            ) from None
        if not self._allow_plaintext and _module(backend).startswith("keyrings.alt"):
            raise KeyringUnavailable(
                "the only keyring of this system keeps its secrets in plain text",
                hint=f"{ELSEWHERE} To use it all the same: keys.allow_plaintext_keyring = true.",
            )
        return backend

    def _limited(self, work: Callable[[], T]) -> T:
        """Run `work` in a thread that may be left behind: a mute keyring never answers."""
        results: list[T] = []
        failures: list[BaseException] = []
        alive = threading.Event()

        def run() -> None:
            try:
                if self._mute_after_s < self._timeout_s:
                    self._knock()
                alive.set()
                results.append(work())
            except BaseException as error:  # handed to the caller below
                failures.append(error)
                alive.set()

        thread = threading.Thread(target=run, name="orchat-keyring", daemon=True)
        thread.start()
        if alive.wait(self._mute_after_s):
            thread.join(self._timeout_s)
        if results:
            return results[0]
        if not failures:
            limit = self._timeout_s if alive.is_set() else self._mute_after_s
            raise KeyringUnavailable(f"the keyring did not answer within {limit:g} s", hint=ELSEWHERE)
        if isinstance(failures[0], OrchatError):
            raise failures[0]
        # Not chained: the arguments of a keyring's exception may hold anything.
        raise _explained(failures[0]) from None


_GONE = "SecretServiceNotAvailableException"
_WORDS = {
    "NoKeyringError": ("this system has no keyring", ELSEWHERE),
    "InitError": ("the keyring was never unlocked", f"Unlock it, for example by logging in. {ELSEWHERE}"),
    "KeyringLocked": ("the keyring is locked", f"Unlock it. {ELSEWHERE}"),
    "LockedException": ("the keyring is locked", f"Unlock it. {ELSEWHERE}"),
    "PromptDismissedException": ("the keyring stayed locked", f"Unlock it. {ELSEWHERE}"),
    _GONE: ("the keyring went away during the call", f"Try again. {ELSEWHERE}"),
}


def _explained(error: BaseException) -> KeyringUnavailable:
    # keyring says that it could not be initialised, whatever the reason: only the cause tells a crash apart.
    kinds = type(error.__cause__).__mro__ if type(error.__cause__).__name__ == _GONE else type(error).__mro__
    for kind in kinds:
        if kind.__name__ in _WORDS:
            message, hint = _WORDS[kind.__name__]
            return KeyringUnavailable(message, hint=hint)
    return KeyringUnavailable(f"the keyring failed ({type(error).__name__})", hint=f"Try again. {ELSEWHERE}")


def _module(backend: Any) -> str:
    return _kind(backend).rpartition(".")[0]


def _kind(backend: Any) -> str:
    """Module and class of the keyring that writes: the first one of a chain."""
    chain = getattr(backend, "backends", None)
    kind = type(chain[0] if chain else backend)
    return f"{kind.__module__}.{kind.__name__}"


def _read(backend: Any) -> Keys:
    head = _get(backend, HEAD)
    if head is None:
        return {}
    try:
        item = json.loads(head)
        if "parts" in item:
            text = "".join(_get(backend, _part(item["tag"], number)) or "" for number in range(item["parts"]))
            if _tag(text) != item["tag"]:
                raise ValueError
            item = json.loads(text)
        return {parse_label(label): parse_key(key) for label, key in item["keys"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, KeysError, UsageError):
        raise KeyringUnavailable(
            f"the item {HEAD} of the service {SERVICE} in the keyring is damaged",
            hint=f"Delete it and add the keys again. {ELSEWHERE}",
        ) from None


def _get(backend: Any, name: str) -> str | None:
    """One item; asked twice, because a Secret Service loses items for a moment while another process writes."""
    try:
        text: str | None = backend.get_password(SERVICE, name)
    except Exception as error:
        if type(error).__name__ != "ItemNotFoundException":
            raise
        text = backend.get_password(SERVICE, name)
    return text


def _write(backend: Any, keys: Keys) -> None:
    text = json.dumps({"v": 1, "keys": {label: secret.reveal() for label, secret in keys.items()}})
    before = _parts_of(_get(backend, HEAD))
    now: list[str] = []
    head = text
    if len(text) > LONGEST_PART:
        pieces = [text[start : start + LONGEST_PART] for start in range(0, len(text), LONGEST_PART)]
        now = [_part(_tag(text), number) for number in range(len(pieces))]
        for name, piece in zip(now, pieces, strict=True):
            backend.set_password(SERVICE, name, piece)
        head = json.dumps({"v": 1, "tag": _tag(text), "parts": len(pieces)})
    backend.set_password(SERVICE, HEAD, head)
    for name in set(before) - set(now):
        with suppress(Exception):  # an old part that stays does no harm
            backend.delete_password(SERVICE, name)


def _parts_of(head: str | None) -> list[str]:
    item = json.loads(head or "{}")
    return [_part(item["tag"], number) for number in range(item.get("parts", 0))]


def _part(tag: str, number: int) -> str:
    return f"{HEAD}.{tag}.{number}"


def _tag(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
