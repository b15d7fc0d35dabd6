"""Signing in with OpenRouter: OAuth with PKCE (S256), from the page's address to the key (API §6)."""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from orchat.domain.secret import Secret
from orchat.errors import OrchatError, SignInFailed, UpstreamFailed, UsageError
from orchat.openrouter import failures, fields
from orchat.openrouter.refusal import one_line, read_refusal
from orchat.openrouter.server import read_base_url

if TYPE_CHECKING:
    from orchat.openrouter.answer import Document
    from orchat.openrouter.client import OpenRouter

LONGEST_LABEL = 100
"""Characters of ``key_label``."""
_API = "/api/v1"
_PAGE = "https://openrouter.ai/auth"
_ENTROPY = 48
"""Bytes; as base64 they give a verifier of 64 characters, where the RFC asks for 43 to 128."""
_KEY = re.compile(r"[!-~]{8,1000}")
_AGAIN = "Begin again: orchat login"
_PASTE = "Add a key by hand instead: orchat keys add LABEL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pkce:
    """What ties a code to the program that asked for it; made anew for each attempt by `new_pkce`."""

    verifier: Secret
    """Goes only to the server, with the code."""
    state: Secret
    """Comes back with the code."""

    @property
    def challenge(self) -> str:
        """The SHA-256 of the verifier, as it stands in the page's address."""
        digest = hashlib.sha256(self.verifier.reveal().encode()).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """What a sign-in gives."""

    key: Secret
    """The new key."""
    account: str | None
    """Hash of the account's id, as `account.KeyStatus.account`; None when the server does not say whose key it is."""


def new_pkce() -> Pkce:
    """A verifier and a state that nobody can guess."""
    return Pkce(verifier=Secret(secrets.token_urlsafe(_ENTROPY)), state=Secret(secrets.token_urlsafe(_ENTROPY // 2)))


def page_of(base_url: str) -> str:
    """Where people sign in.

    Args:
        base_url: Where the API lives.

    Raises:
        UsageError: Nobody can sign in there, or not safely.
    """
    server = read_base_url(base_url)
    if server.is_openrouter:
        return _PAGE
    if not server.url.endswith(_API):
        raise UsageError(f"{server.host} has no page to sign in on", hint=_PASTE)
    if not (server.is_tls or server.is_loopback):
        raise UsageError(f"signing in needs https, and {server.host} is reached by http", hint=_PASTE)
    return server.url.removesuffix(_API) + "/auth"


def authorization_url(
    base_url: str, pkce: Pkce, *, callback_url: str | None = None, key_label: str | None = None
) -> str:
    """The page on which a person allows a key to be made.

    Args:
        base_url: Where the API lives.
        pkce: Of this attempt.
        callback_url: Where the browser is sent with the code; None: the page shows the code.
        key_label: What the key is called in the person's account.

    Raises:
        UsageError: Nobody can sign in there, or not safely.
    """
    query: dict[str, str] = {}
    if callback_url is not None:
        query["callback_url"] = callback_url
    query |= {"code_challenge": pkce.challenge, "code_challenge_method": "S256"}
    if key_label:
        query["key_label"] = key_label[:LONGEST_LABEL]
    if callback_url is not None:
        query["state"] = pkce.state.reveal()
    return f"{page_of(base_url)}?{urlencode(query)}"


async def exchange(client: OpenRouter, code: Secret, pkce: Pkce) -> SignedIn:
    """Turn a code into a key. It is asked once: a code serves only once.

    Args:
        client: Of the server that gave the code.
        code: From the callback or from the page.
        pkce: Of the attempt that the code belongs to.

    Raises:
        SignInFailed: The server refuses the code.
        RequestFailed: It could not be asked, or failed; the code may still be good.
    """
    wish = {"code": code.reveal(), "code_verifier": pkce.verifier.reveal(), "code_challenge_method": "S256"}
    answer = await client.post("/auth/keys", wish)
    if answer.status != 200:
        raise _refused(answer, client, hidden=(code, pkce.verifier))
    return _signed_in(answer)


def _signed_in(answer: Document) -> SignedIn:
    document = fields.table(fields.parsed(bytes(answer.body)))
    document = fields.table(document.get("data")) or document
    key = Secret(fields.text(document.get("key")).strip())
    if not _KEY.fullmatch(key.reveal()):
        raise UpstreamFailed("The server answered the sign-in without a key.", hint=_AGAIN, retryable=False)
    owner = fields.text(document.get("user_id"))
    return SignedIn(key=key, account=hashlib.sha256(owner.encode()).hexdigest()[:16] if owner else None)


def _refused(answer: Document, client: OpenRouter, *, hidden: tuple[Secret, ...]) -> OrchatError:
    now, body = client.now(), bytes(answer.body)
    refusal = read_refusal(status=answer.status, headers=answer.headers, body=body, now=now)
    told = _BY_STATUS.get(answer.status)
    if told is not None:
        return told(one_line(refusal.message).lower(), _is_zod(body))
    if answer.status == 429 or answer.status >= 500 or 300 <= answer.status < 400:
        error = failures.from_response(status=answer.status, headers=answer.headers, body=body, model=None, now=now)
        # A server may repeat what it was sent.
        if not any(secret.reveal() in f"{error.message}{error.hint}" for secret in hidden):
            return error
        return UpstreamFailed(f"The server answered the sign-in with status {answer.status}.", status=answer.status)
    return SignInFailed(
        f"the server refused the sign-in with status {answer.status}",
        reason="refused",
        status=answer.status,
        hint=_PASTE,
    )


def _bad_request(said: str, is_zod: bool) -> SignInFailed:
    if is_zod:
        words, reason, hint = "the server did not understand the sign-in", "request", "Update orchat. " + _PASTE
    elif "code_challenge_method" in said:
        words, reason, hint = "the server does not sign in by the method S256", "method", "Update orchat. " + _PASTE
    elif "code" in said:
        words, reason, hint = "the server does not know this code", "code", "Copy the whole code, and nothing else."
    else:
        words, reason, hint = "the server did not accept the sign-in", "request", _PASTE
    return SignInFailed(words, reason=reason, status=400, hint=hint)


def _forbidden(said: str, _: bool) -> SignInFailed:
    if "expired" in said:
        words, reason = "the code has expired, or was used before", "expired"
        hint = "A code is good for ten minutes and for one use. " + _AGAIN
    elif "code" in said:
        words, reason = "the code does not belong to this sign-in", "verifier"
        hint = "It comes from another attempt. " + _AGAIN
    else:
        words, reason, hint = "the server refused the sign-in", "refused", _PASTE
    return SignInFailed(words, reason=reason, status=403, hint=hint)


def _wrong_method(_said: str, _: bool) -> SignInFailed:
    hint = "Check base_url: something between orchat and OpenRouter may have changed the request."
    return SignInFailed("the server does not take sign-ins by POST", reason="method", status=405, hint=hint)


def _missing(_said: str, _: bool) -> SignInFailed:
    words = "the server knows no sign-in at this address"
    return SignInFailed(words, reason="refused", status=404, hint=f"Check base_url. {_PASTE}")


_BY_STATUS: dict[int, Callable[[str, bool], SignInFailed]] = {
    400: _bad_request,
    403: _forbidden,
    404: _missing,
    405: _wrong_method,
}


def _is_zod(body: bytes) -> bool:
    error = fields.table(fields.table(fields.parsed(body)).get("error"))
    return fields.text(error.get("name")) == "ZodError"
