from textual import events
from textual._xterm_parser import XTermParser

from orchat.tui.keys import learn_keys


def keys_of(sent: str) -> list[str]:
    learn_keys()
    parser = XTermParser()
    found = [*parser.feed(sent), *parser.feed("")]
    return [event.key for event in found if isinstance(event, events.Key)]


def test_alt_enter_is_a_key_of_its_own_where_it_comes_as_escape_and_return() -> None:
    assert keys_of("\x1b\r") == ["alt+enter"]
    assert keys_of("a\x1b\rb") == ["a", "alt+enter", "b"]


def test_enter_and_escape_stay_what_they_are() -> None:
    assert keys_of("\r") == ["enter"]
    assert keys_of("\x1b") == ["escape"]
