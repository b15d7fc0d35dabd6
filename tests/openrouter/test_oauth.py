"""Signing in at the server's side: the page's address, and what becomes of a code."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchat.demo.faults import FAULTS, fault
from orchat.demo.script import Step, fail, raw, stall
from orchat.demo.server import DemoServer
from orchat.domain.secret import Secret
from orchat.errors import (
    BadRequest,
    ConnectionFailed,
    OrchatError,
    RateLimited,
    SignInFailed,
    TimedOut,
    UpstreamFailed,
    UsageError,
)
from orchat.openrouter.client import OpenRouter, Timeouts
from orchat.openrouter.oauth import LONGEST_LABEL, Pkce, authorization_url, exchange, new_pkce, page_of
from tests.support.browser import decide
from tests.support.clock import FakeClock
from tests.support.sockets import Server, answered

pytestmark = pytest.mark.anyio

BASE = "https://openrouter.ai/api/v1"
CODE = Secret("c0de" * 8)
RFC = Pkce(verifier=Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), state=Secret("state"))
"""The example of RFC 7636, appendix B."""
FAULTS_OF_CODES = {
    "400-code": ("code", "does not know this code"),
    "400-code-method": ("method", "S256"),
    "400-zod-code": ("request", "did not understand"),
    "403-code": ("verifier", "does not belong to this sign-in"),
    "403-code-expired": ("expired", "has expired"),
    "405": ("method", "by POST"),
    "404-path": ("refused", "no sign-in at this address"),
    "422": ("refused", "status 422"),
    "409": ("refused", "status 409"),
    "403-blocked": ("refused", "refused the sign-in"),
    "400-unknown-model": ("request", "did not accept"),
}
MORE = {"422": fail(422, message="no"), "403-blocked": fail(403, message="no")}


def client_of(server: DemoServer) -> OpenRouter:
    return OpenRouter(base_url=server.base_url, dialect="openrouter", clock=FakeClock())


async def refusal(server: DemoServer, step: Step) -> OrchatError:
    server.script(step, path="/auth/keys")
    async with client_of(server) as client:
        with pytest.raises(OrchatError) as caught:
            await exchange(client, CODE, RFC)
    return caught.value


# ---- the page ----


def test_the_challenge_is_that_of_the_rfc() -> None:
    assert RFC.challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_no_two_attempts_are_alike_and_none_can_be_guessed() -> None:
    attempts = [new_pkce() for _ in range(50)]
    for values in ([a.verifier for a in attempts], [a.state for a in attempts]):
        assert len(set(values)) == 50
        assert all(re.fullmatch(r"[A-Za-z0-9_-]{32,128}", value.reveal()) for value in values)
    assert all(43 <= len(attempt.verifier.reveal()) <= 128 for attempt in attempts)
    shown = repr(attempts[0])
    assert attempts[0].verifier.reveal() not in shown and attempts[0].state.reveal() not in shown


def test_the_page_is_told_where_to_send_the_browser() -> None:
    url = authorization_url(BASE, RFC, callback_url="http://127.0.0.1:4711/callback", key_label="my laptop")
    assert url.startswith("https://openrouter.ai/auth?callback_url=http%3A%2F%2F127.0.0.1%3A4711%2Fcallback&")
    assert parse_qs(urlsplit(url).query) == {
        "callback_url": ["http://127.0.0.1:4711/callback"],
        "code_challenge": [RFC.challenge],
        "code_challenge_method": ["S256"],
        "key_label": ["my laptop"],
        "state": ["state"],
    }


def test_without_a_callback_the_page_shows_the_code() -> None:
    url = authorization_url(BASE, RFC)
    assert parse_qs(urlsplit(url).query) == {"code_challenge": [RFC.challenge], "code_challenge_method": ["S256"]}


@settings(max_examples=50)
@given(label=st.text(max_size=200))
def test_no_label_can_add_to_the_address(label: str) -> None:
    query = parse_qs(urlsplit(authorization_url(BASE, RFC, key_label=label.encode(errors="replace").decode())).query)
    assert query.keys() <= {"code_challenge", "code_challenge_method", "key_label"}
    assert len(query.get("key_label", [""])[0]) <= LONGEST_LABEL


@pytest.mark.parametrize(
    ("base_url", "page"),
    [
        (BASE, "https://openrouter.ai/auth"),
        ("https://eu.openrouter.ai/api/v1", "https://openrouter.ai/auth"),
        ("http://127.0.0.1:8080/api/v1/", "http://127.0.0.1:8080/auth"),
        ("https://proxy.example/openrouter/api/v1", "https://proxy.example/openrouter/auth"),
    ],
)
def test_where_people_sign_in(base_url: str, page: str) -> None:
    assert page_of(base_url) == page


@pytest.mark.parametrize(
    ("base_url", "words"),
    [("https://example.com/v1", "no page to sign in on"), ("http://example.com/api/v1", "needs https")],
)
def test_where_nobody_can_sign_in(base_url: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        page_of(base_url)


# ---- the code ----


async def test_a_code_becomes_a_key(server: DemoServer) -> None:
    async with client_of(server) as client:
        pkce = new_pkce()
        seen = await asyncio.to_thread(decide, authorization_url(client.base_url, pkce))
        signed_in = await exchange(client, Secret(seen.code), pkce)
        status = await client.key_status(signed_in.key)

    assert signed_in.account == status.account is not None
    asked = next(request for request in server.requests if request.path == "/auth/keys")
    assert asked.key_fingerprint is None
    assert asked.body.keys() == {"code", "code_verifier", "code_challenge_method"}


@pytest.mark.parametrize("body", [{"data": {"key": "sk-or-v1-abcdef"}}, {"key": " sk-or-v1-abcdef\n", "user_id": None}])
async def test_a_key_without_an_owner_is_a_key(body: Any) -> None:
    async with Server(answered(json.dumps(body).encode())) as server, OpenRouter(base_url=server.url) as client:
        signed_in = await exchange(client, CODE, RFC)
    assert (signed_in.key, signed_in.account) == (Secret("sk-or-v1-abcdef"), None)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"<html>", b'{"key":null}', b'{"key":"short"}', '{"key":"sk-or-v1-ключ"}'.encode()]
)
async def test_an_answer_without_a_key_is_a_failure(body: bytes) -> None:
    async with Server(answered(body)) as server, OpenRouter(base_url=server.url) as client:
        with pytest.raises(UpstreamFailed, match="without a key") as caught:
            await exchange(client, CODE, RFC)
    assert not caught.value.retryable


@pytest.mark.parametrize("name", FAULTS_OF_CODES)
async def test_each_refusal_has_its_own_words(server: DemoServer, name: str) -> None:
    error = await refusal(server, MORE.get(name) or fault(name))

    reason, words = FAULTS_OF_CODES[name]
    assert isinstance(error, SignInFailed)
    assert error.reason == reason
    assert words in error.message
    assert error.hint
    assert error.status == int(name[:3])


def test_every_fault_of_signing_in_is_in_the_table() -> None:
    assert {name for name in FAULTS if "code" in name.split("-")} <= FAULTS_OF_CODES.keys()


@pytest.mark.parametrize(
    ("name", "kind"),
    [("429-capacity", RateLimited), ("500", UpstreamFailed), ("502-html", UpstreamFailed), ("529", UpstreamFailed)],
)
async def test_a_server_that_is_busy_or_broken_can_be_asked_again(
    server: DemoServer, name: str, kind: type[OrchatError]
) -> None:
    error = await refusal(server, fault(name))
    assert isinstance(error, kind)
    assert getattr(error, "retryable", False)


async def test_a_redirect_is_not_followed(server: DemoServer) -> None:
    error = await refusal(server, fail(307, headers={"Location": f"{server.base_url}/elsewhere"}))
    assert isinstance(error, BadRequest)
    assert [request.path for request in server.requests] == ["/auth/keys"]


async def test_a_server_that_hangs_is_given_up(server: DemoServer) -> None:
    server.script(stall(), path="/auth/keys")
    async with OpenRouter(base_url=server.base_url, timeouts=Timeouts(total=0.05)) as client:
        with pytest.raises(TimedOut):
            await exchange(client, CODE, RFC)


async def test_a_server_that_is_not_there_is_told_of() -> None:
    async with Server(answered(b"")) as server:
        url = server.url
    async with OpenRouter(base_url=url) as client:
        with pytest.raises(ConnectionFailed):
            await exchange(client, CODE, RFC)


@pytest.mark.parametrize("status", [400, 403, 409, 429, 500, 307])
async def test_what_the_server_repeats_is_never_shown(server: DemoServer, status: int) -> None:
    echo = f"bad {CODE.reveal()} and {RFC.verifier.reveal()}"
    error = await refusal(server, fail(status, message=echo, metadata={"remedy_hint": echo}))
    for secret in (CODE, RFC.verifier):
        assert secret.reveal() not in f"{error.message} {error.hint} {error!r}"


async def test_bytes_that_are_not_http_are_a_failure(server: DemoServer) -> None:
    error = await refusal(server, raw(b"\x00\xff no\r\n\r\n", framing="wire"))
    assert isinstance(error, OrchatError)
