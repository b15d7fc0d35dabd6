"""The way back from the browser: what it takes, and whom it turns away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchat.domain.secret import Secret
from orchat.errors import SignInFailed
from orchat.keys.callback import ARRIVED, DENIED, LONGEST_CODE, MOST_GUESTS, MOST_HEAD, Callback, a_code, code_in
from tests.support.browser import Seen, fetch

pytestmark = pytest.mark.anyio

STATE = Secret("the-state-of-this-attempt")
CODE = "c0de" * 8
GOOD = urlencode({"code": CODE, "state": STATE.reveal()})


class Told(list[Secret | SignInFailed]):
    """What the callback told."""

    def __init__(self) -> None:
        super().__init__()
        self.news = asyncio.Event()

    def append(self, answer: Secret | SignInFailed) -> None:
        super().append(answer)
        self.news.set()


@asynccontextmanager
async def listening(patience_s: float = 10.0) -> AsyncIterator[tuple[Callback, Told]]:
    told = Told()
    async with Callback(STATE, told.append, patience_s=patience_s) as callback:
        yield callback, told


async def look(url: str, method: str = "GET", **headers: str) -> Seen:
    return await asyncio.to_thread(fetch, url, method, **headers)


async def sent(port: int, data: bytes, *, end: bool = False) -> bytes:
    """Bytes as they are, and all that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        if end:
            writer.write_eof()
        return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


# ---- the code ----


async def test_the_code_is_taken_and_the_browser_told_to_go_back() -> None:
    async with listening() as (callback, told):
        assert callback.url == f"http://127.0.0.1:{callback.port}/callback"
        seen = await look(f"{callback.url}?{GOOD}", Sec_Fetch_Dest="document")
        await told.news.wait()

    assert told == [Secret(CODE)]
    assert (seen.status, seen.text) == (200, ARRIVED.body.decode())
    assert seen.headers["cache-control"] == "no-store"
    assert seen.headers["referrer-policy"] == "no-referrer"
    assert seen.headers["content-security-policy"].startswith("default-src 'none'")
    assert seen.headers["x-content-type-options"] == "nosniff"


async def test_localhost_is_a_name_for_this_machine() -> None:
    async with listening() as (callback, told):
        seen = await look(f"{callback.url}?{GOOD}", Host=f"LOCALHOST:{callback.port}")
        assert (seen.status, told) == (200, [Secret(CODE)])


async def test_only_the_first_answer_counts() -> None:
    async with listening() as (callback, told):
        first, second = await asyncio.gather(look(f"{callback.url}?{GOOD}"), look(f"{callback.url}?{GOOD}"))
        third = await look(f"{callback.url}?code=other&state={STATE.reveal()}")
    assert sorted((first.status, second.status, third.status)) == [200, 410, 410]
    assert told == [Secret(CODE)]


async def test_a_browser_that_does_not_wait_for_its_page_has_still_brought_the_code() -> None:
    async with listening() as (callback, told):
        _, writer = await asyncio.open_connection("127.0.0.1", callback.port)
        writer.write(f"GET /callback?{GOOD} HTTP/1.1\r\nHost: 127.0.0.1:{callback.port}\r\n\r\n".encode())
        writer.close()
        await told.news.wait()
    assert told == [Secret(CODE)]


@pytest.mark.parametrize("more", ["", "&state=" + STATE.reveal()], ids=["without the state", "with it"])
async def test_a_refusal_ends_the_wait(more: str) -> None:
    async with listening() as (callback, told):
        seen = await look(f"{callback.url}?error=access_denied{more}")
        assert (seen.status, seen.text) == (200, DENIED.body.decode())
        assert (await look(f"{callback.url}?{GOOD}")).status == 410
    (answer,) = told
    assert isinstance(answer, SignInFailed)
    assert answer.reason == "denied"


# ---- whom it turns away ----


@pytest.mark.parametrize(
    "query",
    [
        "",
        "code=",
        f"code={CODE}",
        f"code={CODE}&state=",
        f"code={CODE}&state=another",
        f"code={CODE}&state={STATE.reveal()}x",
        f"code={CODE}&state={STATE.reveal()}&state={STATE.reveal()}",
        f"{GOOD}&code=another",
        f"code={'c' * (LONGEST_CODE + 1)}&state={STATE.reveal()}",
        f"code=a%20b&state={STATE.reveal()}",
        f"code=%00&state={STATE.reveal()}",
        f"code=%C3%A9&state={STATE.reveal()}",
        f"state={STATE.reveal()}",
        "error=access_denied&state=another",
        "&".join(f"x{n}=1" for n in range(30)),
    ],
)
async def test_a_callback_that_is_not_ours_is_turned_away_and_the_wait_goes_on(query: str) -> None:
    async with listening() as (callback, told):
        assert (await look(f"{callback.url}?{query}")).status == 400
        assert (told, callback.refused) == ([], 1)
        assert (await look(f"{callback.url}?{GOOD}")).status == 200
        assert told == [Secret(CODE)]


@pytest.mark.parametrize(
    ("path", "method", "headers", "status"),
    [
        ("/", "GET", {}, 404),
        ("/favicon.ico", "GET", {}, 404),
        ("/callback/", "GET", {}, 404),
        ("/Callback", "GET", {}, 404),
        ("//callback", "GET", {}, 404),
        ("/x/../callback", "GET", {}, 404),
        ("/%63allback", "GET", {}, 404),
        ("http://127.0.0.1/callback", "GET", {}, 404),
        ("/callback", "POST", {}, 405),
        ("/callback", "HEAD", {}, 405),
        ("/callback", "OPTIONS", {}, 405),
        ("/callback", "GET", {"Sec_Fetch_Dest": "image"}, 404),
        ("/callback", "GET", {"Sec_Fetch_Dest": "iframe"}, 404),
        ("/callback", "GET", {"Host": "evil.example"}, 421),
        ("/callback", "GET", {"Host": "127.0.0.1"}, 421),
        ("/callback", "GET", {"Host": "127.0.0.1:1"}, 421),
        ("/callback", "GET", {"Host": "127.0.0.1.evil.example:{port}"}, 421),
        ("/callback", "GET", {"Host": "[::1]:{port}"}, 421),
    ],
)
async def test_only_this_request_on_this_machine_is_heard(
    path: str, method: str, headers: dict[str, str], status: int
) -> None:
    async with listening() as (callback, told):
        lines = {"Host": f"127.0.0.1:{callback.port}"}
        lines |= {name.replace("_", "-"): value.format(port=callback.port) for name, value in headers.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        answer = await sent(callback.port, f"{method} {path}?{GOOD} HTTP/1.1\r\n{head}\r\n".encode())

        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert (b"allow: get" in answer.lower()) == (status == 405)
        assert told == []
        assert callback.refused == 1


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00",
        b"GET /callback HTTP/1.1\r\n\r\n",
        b"GET /callback HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /" + b"x" * (2 * MOST_HEAD),
    ],
    ids=["tls", "no host", "two hosts", "too long"],
)
async def test_what_is_no_request_is_turned_away(data: bytes) -> None:
    async with listening() as (callback, told):
        answer = await sent(callback.port, data, end=True)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
        assert told == []
        assert (await look(f"{callback.url}?{GOOD}")).status == 200


async def test_nothing_that_came_in_stands_on_a_page() -> None:
    evil = "<script>alert(1)</script>"
    async with listening() as (callback, _):
        for target in (f"/callback?code={quote(evil)}&state={quote(evil)}", f"/{quote(evil)}", "/callback?error=evil"):
            seen = await look(f"http://127.0.0.1:{callback.port}{target}")
            assert "alert" not in seen.text and "evil" not in seen.text
            assert not any("alert" in value for value in seen.headers.values())


async def test_a_guest_who_says_nothing_is_shown_out() -> None:
    async with listening(patience_s=0.01) as (callback, told):
        assert await sent(callback.port, b"GET ") == b""
        assert told == []


async def test_a_guest_who_leaves_at_once_is_no_trouble() -> None:
    async with listening() as (callback, told):
        assert await sent(callback.port, b"", end=True) == b""
        assert (told, callback.refused) == ([], 0)


async def test_silent_guests_do_not_pile_up() -> None:
    async with listening() as (callback, _):
        guests = [await asyncio.open_connection("127.0.0.1", callback.port) for _ in range(MOST_GUESTS + 1)]
        reader, writer = guests[-1]
        with pytest.raises(ConnectionError):
            if await reader.read() == b"":
                raise ConnectionResetError
        for _, writer in guests:
            writer.close()


async def test_nobody_is_heard_outside_of_the_loopback_nor_afterwards() -> None:
    async with listening() as (callback, _):
        port = callback.port
        assert callback._server is not None
        assert {each.getsockname()[0] for each in callback._server.sockets} == {"127.0.0.1"}
    with pytest.raises(ConnectionError):
        await sent(port, b"")


async def test_guests_are_sent_away_at_the_end() -> None:
    async with listening() as (callback, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", callback.port)
        writer.write(b"GET ")
        assert (await look(f"http://127.0.0.1:{callback.port}/")).status == 404
    with pytest.raises(ConnectionError):
        if await reader.read() == b"":
            raise ConnectionResetError
    writer.close()


# ---- reading ----


@settings(max_examples=100)
@given(query=st.text(max_size=200))
def test_no_query_but_the_right_one_gives_a_code(query: str) -> None:
    try:
        code = code_in(query, STATE)
    except SignInFailed as error:
        assert error.reason in ("code", "state", "denied")
        assert error.message and error.hint
    else:
        raise AssertionError(f"{query!r} gave {code.reveal()!r}")


@settings(max_examples=50)
@given(code=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=LONGEST_CODE))
def test_a_code_comes_through_whole(code: str) -> None:
    assert code_in(urlencode({"state": STATE.reveal(), "code": code}), STATE).reveal() == code == a_code(code).reveal()
