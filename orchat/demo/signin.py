"""Signing in: the page that asks a person, the codes it gives out, and the keys they are changed for (API §6)."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode, urlsplit

from orchat.clock import Clock
from orchat.demo.answer import Step
from orchat.demo.faults import ACCOUNT_ID, fault
from orchat.demo.lookups import Page
from orchat.demo.stage import Stage
from orchat.domain.secret import Secret

PAGE = "/auth"
ALLOW, DENY = f"{PAGE}/allow", f"{PAGE}/deny"
EXCHANGE = "/auth/keys"
CODE_S = 600.0
"""Seconds that a code is good for."""
KEPT = 100
"""Attempts that are remembered."""
_METHODS = ("S256", "plain")


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One visit to the page."""

    callback: str | None
    """Where the browser goes next; None: the code is shown."""
    state: str | None
    """Goes back with the code."""
    challenge: str
    """May be empty where there is a callback."""
    method: str
    """``S256`` or ``plain``."""
    label: str
    """What the key will be called."""
    since: float
    """Epoch seconds."""
    is_used: bool = False
    """The code was changed for a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Html:
    """A web page, or a redirect."""

    text: str
    """What stands in the body."""
    status: int = 200
    """HTTP status."""
    location: str | None = None
    """Where the browser goes next."""

    async def play(self, stage: Stage) -> None:
        """Answer."""
        headers = [("Location", self.location)] if self.location else []
        body = f'<!doctype html><meta charset="utf-8"><title>Demo sign-in</title>{self.text}'.encode()
        await stage.reply(body, status=self.status, headers=headers, content_type="text/html; charset=utf-8")


class SignIns:
    """Codes and keys of one server.

    Args:
        clock: Tells how old a code is.
        add_key: Told every key that is made, and its label.
        seed: Tells the codes and keys of one server from another's.
    """

    def __init__(self, clock: Clock, add_key: Callable[[Secret, str], None], *, seed: Callable[[], str]) -> None:
        self._clock = clock
        self._add_key = add_key
        self._seed = seed
        self._attempts: dict[str, Attempt] = {}
        self._made = 0

    def page(self, path: str, query: Mapping[str, str]) -> Step | None:
        """The answer to a browser; None where there is no such page."""
        if path == PAGE:
            return self._ask(query)
        if path in (ALLOW, DENY):
            return self._decided(query.get("id", ""), is_allowed=path == ALLOW)
        return None

    def exchange(self, method: str, body: object) -> Step:
        """The answer to ``/auth/keys``."""
        if method != "POST":
            return fault("405")
        wish = body if isinstance(body, dict) else {}
        code, verifier = wish.get("code"), wish.get("code_verifier", "")
        if not isinstance(code, str) or not isinstance(verifier, str):
            return fault("400-zod-code")
        attempt = self._attempts.get(code)
        objection = self._objection(attempt, wish.get("code_challenge_method", "S256"), verifier)
        if attempt is None or objection is not None:
            return fault(objection or "400-code")
        attempt.is_used = True
        key = Secret(f"sk-or-v1-{self._unique('key', 64)}")
        self._add_key(key, attempt.label)
        return Page(value={"key": key.reveal(), "user_id": ACCOUNT_ID})

    def _objection(self, attempt: Attempt | None, method: object, verifier: str) -> str | None:
        """The fault that stands between a code and a key."""
        if method not in _METHODS:
            return "400-code-method"
        if attempt is None:
            return None
        if attempt.is_used or self._clock.now() > attempt.since + CODE_S:
            return "403-code-expired"
        is_answered = not attempt.challenge or challenge_of(verifier, attempt.method) == attempt.challenge
        return None if is_answered else "403-code"

    def _ask(self, query: Mapping[str, str]) -> Step:
        callback, challenge = query.get("callback_url"), query.get("code_challenge", "")
        method = query.get("code_challenge_method", "S256" if challenge else "plain")
        if method not in _METHODS or (callback is None and not challenge):
            return Html(text="<h1>Invalid request</h1>", status=400)
        if callback is not None and not may_go_to(callback):
            return Html(text="<h1>Invalid callback_url</h1>", status=400)
        code = self._unique("code", 32)
        self._attempts[code] = Attempt(
            callback=callback,
            state=query.get("state"),
            challenge=challenge,
            method=method,
            label=query.get("key_label", ""),
            since=self._clock.now(),
        )
        while len(self._attempts) > KEPT:
            del self._attempts[next(iter(self._attempts))]
        about = f"<h1>Demo sign-in</h1><p>Allow a key called <b>{escape(query.get('key_label', 'key'))}</b>?</p>"
        links = f'<p><a href="{ALLOW}?id={code}">Allow</a> · <a href="{DENY}?id={code}">Deny</a></p>'
        return Html(text=about + links)

    def _decided(self, code: str, *, is_allowed: bool) -> Step:
        attempt = self._attempts.get(code)
        if attempt is None:
            return Html(text="<h1>Not found</h1>", status=404)
        if not is_allowed:
            del self._attempts[code]
        if attempt.callback is None:
            words = f"<h1>Your code</h1><pre>{code}</pre>" if is_allowed else "<h1>Denied</h1>"
            return Html(text=words)
        state = {} if attempt.state is None else {"state": attempt.state}
        answer = {"code": code, **state} if is_allowed else {"error": "access_denied"}
        joint = "&" if urlsplit(attempt.callback).query else "?"
        return Html(text="", status=302, location=f"{attempt.callback}{joint}{urlencode(answer)}")

    def _unique(self, kind: str, length: int) -> str:
        self._made += 1
        return hashlib.sha256(f"{self._seed()}/{kind}/{self._made}".encode()).hexdigest()[:length]


def may_go_to(callback: str) -> bool:
    """Whether a browser may be sent there: https, or this machine."""
    if not all("!" <= character <= "~" for character in callback):
        return False
    try:
        parts = urlsplit(callback)
        is_here = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1")
    except ValueError:
        return False
    return bool(parts.hostname) and (parts.scheme == "https" or is_here)


def challenge_of(verifier: str, method: str) -> str:
    """The challenge that a verifier answers."""
    if method == "plain":
        return verifier
    return urlsafe_b64encode(hashlib.sha256(verifier.encode("utf-8", "replace")).digest()).rstrip(b"=").decode()
