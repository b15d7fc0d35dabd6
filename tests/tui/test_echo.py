"""What is typed while Textual is loaded is shown up to the first key that is no letter, and all of it is kept."""

from __future__ import annotations

import os
from collections.abc import Sequence
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchat.tui.app import OrchatApp
from orchat.tui.echo import Echo, Line, Typed
from tests.support.screen import at_screen, screen_runtime

ROOM = 20
LETTERS = st.text(st.characters(codec="utf-8"), max_size=12)
PIECES = st.lists(st.binary(max_size=6) | LETTERS.map(str.encode), max_size=8)


def typed(*pieces: bytes, room: int = ROOM) -> Typed:
    line = Line(room)
    for piece in pieces:
        line.take(piece)
    return line.typed


@pytest.mark.parametrize(
    ("keys", "text", "rest"),
    [
        ("hello", "hello", ""),
        ("naïve жизнь 日本", "naïve жизнь 日本", ""),
        ("helo\x7flo", "hello", ""),
        ("a\x7f\x7f\bb", "b", ""),
        ("日\x7f" + "x" * ROOM, "x" * ROOM, ""),
        ("hello\rmore", "hello", "\rmore"),
        ("hello\x1b[Dmore", "hello", "\x1b[Dmore"),
        ("hello\x11", "hello", "\x11"),
        ("cafe\u0301", "cafe", "\u0301"),
        ("a\u202eb", "a", "\u202eb"),
        ("x" * ROOM + "yz", "x" * ROOM, "yz"),
        ("x" * (ROOM - 1) + "日", "x" * (ROOM - 1), "日"),
    ],
)
def test_letters_are_shown_up_to_a_key_that_does_something_else(keys: str, text: str, rest: str) -> None:
    assert typed(keys.encode()) == Typed(text=text, rest=rest.encode())


@pytest.mark.parametrize("junk", [b"\xff", b"\xc3\x28", b"\x80abc", b"\xf8\x88\x80\x80\x80"])
def test_bytes_that_are_no_text_are_kept_as_they_came(junk: bytes) -> None:
    assert typed(b"a" + junk + b"b") == Typed(text="a", rest=junk + b"b")


def test_a_character_that_comes_in_two_pieces_is_one() -> None:
    first, second = "ж".encode()[:1], "ж".encode()[1:]
    assert typed(first) == Typed(rest=first)
    assert typed(first, second + b"a") == Typed(text="жa")


@given(PIECES)
def test_however_it_comes_in_pieces_it_is_the_same(pieces: Sequence[bytes]) -> None:
    assert typed(*pieces) == typed(b"".join(pieces))


@given(PIECES)
def test_nothing_is_lost_but_what_was_erased(pieces: Sequence[bytes]) -> None:
    kept = typed(*pieces)
    assert b"".join(pieces).endswith(kept.rest)
    shown = b"".join(pieces).removesuffix(kept.rest)
    if b"\x7f" not in shown and b"\b" not in shown:
        assert shown == kept.text.encode()


def test_only_another_text_is_shown() -> None:
    line = Line(ROOM)
    assert [line.take(keys) for keys in (b"a", b"", b"b\x7f", b"\x7fb", b"\x1b", b"c")] == [
        True,
        False,
        False,
        True,
        False,
        False,
    ]


# ---- the keyboard ----


def test_what_comes_while_it_listens_is_shown_and_what_comes_afterwards_is_left_to_others() -> None:
    keyboard, fingers = os.pipe()
    shown: list[str] = []
    is_shown = Event()

    def show(text: str) -> None:
        shown.append(text)
        is_shown.set()

    echo = Echo(keyboard, ROOM, show)
    echo.start()
    os.write(fingers, b"hello")
    assert is_shown.wait(10)
    assert echo.stop() == Typed(text="hello")
    os.write(fingers, b" world")
    assert os.read(keyboard, 100) == b" world"
    assert shown == ["hello"]
    os.close(keyboard)
    os.close(fingers)


def test_what_is_there_when_it_ends_is_taken_whole() -> None:
    keyboard, fingers = os.pipe()
    keys = "ж".encode() * 5_000
    echo = Echo(keyboard, ROOM, lambda text: None)
    os.write(fingers, b"a" + keys)
    echo.start()
    assert echo.stop() == Typed(text="a" + "ж" * (ROOM - 1), rest="ж".encode() * (5_001 - ROOM))
    os.close(keyboard)
    os.close(fingers)


def test_a_keyboard_that_is_gone_ends_it() -> None:
    keyboard, fingers = os.pipe()
    os.close(fingers)
    echo = Echo(keyboard, ROOM, lambda text: None)
    echo.start()
    assert echo.stop() == Typed()
    os.close(keyboard)


def test_a_signal_may_come_before_it_has_begun() -> None:
    keyboard, fingers = os.pipe()
    assert Echo(keyboard, ROOM, lambda text: None).stop() == Typed()
    os.close(keyboard)
    os.close(fingers)


# ---- the app ----


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("typed", "text"),
    [
        (Typed(text="hello"), "hello"),
        (Typed(text="hello", rest=b"\x1b[D\x1b[D\x7f"), "helo"),
        (Typed(text="hello", rest=b"\n you"), "hello\n you"),
        (Typed(text="hello", rest=b"\x1b"), "hello"),
        (Typed(text="hello", rest=b"\x1b[<0;5;5M!"), "hello!"),
    ],
)
async def test_the_composer_has_what_was_typed(typed: Typed, text: str) -> None:
    async with at_screen(screen_runtime(None), wait=False, before=lambda app: app.hear(typed)) as person:
        await person.until(lambda: person.chat.composer.area.text == text)


@pytest.mark.anyio
async def test_what_was_typed_is_taken_once() -> None:
    app = OrchatApp(screen_runtime(None))
    app.hear(Typed(text="hello"))
    assert [app.take_typed(), app.take_typed()] == ["hello", ""]
