"""What may be a key, what may be a label."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchat.errors import KeyRejected, UsageError
from orchat.keys.entry import parse_key, parse_label


def test_white_space_around_a_key_does_not_count() -> None:
    assert parse_key("  sk-or-v1-abc\r\n").reveal() == "sk-or-v1-abc"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        (" \n ", "is empty"),
        ("Bearer sk-or-v1-abc", "has a space or a line break"),
        ("sk-or-\nv1-abc", "has a space or a line break"),
        ("sk-or-v1-abc\u00a0x", "has a space or a line break"),
        ("sk-or-v1-äbc", "has a character in it that no key has"),
        ("sk-or-v1-\x00abc", "has a character in it that no key has"),
        ("sk-or-v1-\u202eabc", "has a character in it that no key has"),
        ('"sk-or-v1-abc"', "has a quotation mark"),
        ("k" * 1001, "is longer than 1000"),
    ],
)
def test_what_cannot_be_a_key_is_refused_without_repeating_it(text: str, message: str) -> None:
    with pytest.raises(KeyRejected, match=message) as caught:
        parse_key(text)
    assert caught.value.hint
    assert "abc" not in f"{caught.value} {caught.value.hint}"


@given(st.text(max_size=50))
def test_whatever_passes_can_stand_in_a_header(text: str) -> None:
    try:
        key = parse_key(text).reveal()
    except KeyRejected as error:
        assert error.message.isascii()
    else:
        assert key.isascii()
        assert key.isprintable()
        assert not {" ", "\n", '"'} & set(key)


@pytest.mark.parametrize("label", ["work", " client 7 ", "me@home", "grün", "a", "x" * 40])
def test_labels_are_plain_words(label: str) -> None:
    assert parse_label(label) == label.strip()


@pytest.mark.parametrize("label", ["", " ", "x" * 41, "a\nb", "[bold]", "\x1b[31m", "a\u202eb", "Env", "given", "a/b"])
def test_other_labels_are_refused(label: str) -> None:
    with pytest.raises(UsageError, match="label") as caught:
        parse_label(label)
    assert caught.value.message.isprintable()
    assert caught.value.hint
