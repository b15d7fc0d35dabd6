"""The demo's sign-in: what a browser sees, and what a code is worth."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from orchat.demo.server import DemoServer
from orchat.demo.signin import CODE_S, KEPT, challenge_of, may_go_to
from tests.support.browser import Seen, decide, fetch
from tests.support.clock import FakeClock
from tests.support.demo import client_of, get

pytestmark = pytest.mark.anyio

VERIFIER = "a-verifier-that-is-long-enough-to-be-one-000"
CALLBACK = "http://127.0.0.1:1/callback"


def page(server: DemoServer, **query: str) -> str:
    query = {"code_challenge": challenge_of(VERIFIER, "S256"), "code_challenge_method": "S256", **query}
    return f"{server.base_url.removesuffix('/api/v1')}/auth?{urlencode({k: v for k, v in query.items() if v})}"


async def decided(url: str, **how: bool) -> Seen:
    return await asyncio.to_thread(decide, url, **how)


async def code_of(server: DemoServer, **query: str) -> str:
    return (await decided(page(server, **query))).code


async def change(server: DemoServer, body: Any, method: str = "POST") -> httpx.Response:
    async with client_of(server, None) as client:
        return await client.request(method, "/auth/keys", json=body)


def wish(code: str, verifier: str = VERIFIER, **more: str) -> dict[str, str]:
    return {"code": code, "code_verifier": verifier, "code_challenge_method": "S256", **more}


async def test_a_code_becomes_a_key_that_serves() -> None:
    async with DemoServer(pace=0, keys={}) as server:
        answer = await change(server, wish(await code_of(server, key_label="orchat")))

        assert answer.status_code == 200
        assert answer.json()["user_id"] == "user_demo"
        status = await get(server, "/key", key=answer.json()["key"])
        assert status.json()["data"]["label"] == "orchat"


async def test_the_browser_is_sent_back_with_code_and_state(server: DemoServer) -> None:
    seen = await decided(page(server, callback_url=f"{CALLBACK}?x=1", state="s t"), follow=False)

    assert (seen.status, seen.text.count("<pre>")) == (302, 0)
    place, query = seen.headers["location"].split("?")
    assert place == CALLBACK
    found = parse_qs(query)
    assert (found["x"], found["state"]) == (["1"], ["s t"])
    assert (await change(server, wish(found["code"][0]))).status_code == 200


async def test_a_refusal_comes_back_without_code_and_state(server: DemoServer) -> None:
    seen = await decided(page(server, callback_url=CALLBACK, state="s"), allow=False, follow=False)
    assert urlsplit(seen.headers["location"]).query == "error=access_denied"
    assert "Denied" in (await decided(page(server), allow=False)).text


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"code": 1}, 400, "ZodError"),
        ([], 400, "ZodError"),
        (wish("x", code_challenge_method="S512"), 400, "Invalid code_challenge_method"),
        (wish("x"), 400, "Invalid code"),
    ],
)
async def test_what_is_no_wish_is_refused(server: DemoServer, body: Any, status: int, message: str) -> None:
    answer = await change(server, body)
    assert answer.status_code == status
    assert message in answer.text


async def test_a_code_is_tied_to_its_verifier_its_time_and_one_use() -> None:
    clock = FakeClock()
    async with DemoServer(pace=0, clock=clock) as server:
        code, late = await code_of(server), await code_of(server)
        assert "Invalid code or code_verifier" in (await change(server, wish(code, "another"))).text
        assert (await change(server, wish(code))).status_code == 200
        assert "Authorization code expired" in (await change(server, wish(code))).text
        clock.advance(CODE_S + 1)
        assert (await change(server, wish(late))).status_code == 403
        assert (await change(server, wish(late), method="GET")).status_code == 405


async def test_other_ways_to_prove_it(server: DemoServer) -> None:
    plain = await code_of(server, code_challenge=VERIFIER, code_challenge_method="plain")
    assert (await change(server, wish(plain, code_challenge_method="plain"))).status_code == 200
    seen = await decided(page(server, callback_url=CALLBACK, code_challenge="", code_challenge_method=""), follow=False)
    bare = parse_qs(urlsplit(seen.headers["location"]).query)["code"][0]
    assert (await change(server, {"code": bare})).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        {"code_challenge": ""},
        {"code_challenge_method": "S512"},
        {"callback_url": "http://example.com/"},
    ],
)
async def test_a_page_that_cannot_be_asked_for(server: DemoServer, query: dict[str, str]) -> None:
    assert (await asyncio.to_thread(fetch, page(server, **query))).status == 400


async def test_other_pages_are_not_found_and_old_attempts_are_forgotten(server: DemoServer) -> None:
    site = server.base_url.removesuffix("/api/v1")
    assert (await asyncio.to_thread(fetch, f"{site}/authors")).status == 404
    assert (await asyncio.to_thread(fetch, page(server), "POST")).status == 404
    assert (await asyncio.to_thread(fetch, f"{site}/auth/allow?id=unknown")).status == 404
    code = await code_of(server)
    for _ in range(KEPT):
        assert (await asyncio.to_thread(fetch, page(server))).status == 200
    assert "Invalid code" in (await change(server, wish(code))).text


async def test_a_label_is_no_markup(server: DemoServer) -> None:
    assert "<i>" not in (await asyncio.to_thread(fetch, page(server, key_label="<i>x</i>"))).text


@pytest.mark.parametrize(
    ("callback", "may"),
    [
        ("https://example.com/x", True),
        ("http://localhost:1/x", True),
        ("http://127.0.0.1:65535", True),
        ("http://127.0.0.2:1/x", False),
        ("https://", False),
        ("https://a\r\nX: y", False),
        ("http://[::1", False),
        ("javascript:alert(1)", False),
    ],
)
def test_where_a_browser_may_be_sent(callback: str, may: bool) -> None:
    assert may_go_to(callback) is may
