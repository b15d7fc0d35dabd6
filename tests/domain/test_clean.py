"""Foreign text never steers the terminal, and text that is harmless is left alone."""

from __future__ import annotations

import re
import sys
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchat.domain.clean import CSI_LIMIT, MARKS, STRING_LIMIT, Cleaner, clean, clean_line, is_clean, is_mark

FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)

PIECES = [
    "\x1b", "\x1b[", "\x1b]", "\x1b]52;c;", "\x1bP", "\x1b_", "\x1b^", "\x1bX", "\x1b\\", "\x1b[31m", "\x1b(B", "\x1b ",
    "\x9b", "\x9d", "\x90", "\x98", "\x9e", "\x9f", "\x9c", "\x85", "\x07", "\x18", "\x1a", "\r", "\n", "\r\n", "\t",
    "\x00", "\x08", "\x7f", "\u2028", "\u2029", "\u202e", "\u2066", "\u061c", "\ufeff", "\U000e0041", "\ud800",
    "e\u0301\u0301", "\u0301", "\u0488", "\ufe0f", "a", "m", "Z", "0;", "世界", "ไทย", "👩‍💻", " ", "word ",
]  # fmt: skip

hostile = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=24).map("".join)


def split(text: str, cuts: list[int]) -> list[str]:
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    return [text[a:b] for a, b in pairwise(edges)]


def longest_run_of_marks(text: str) -> int:
    longest = run = 0
    for char in text:
        run = run + 1 if is_mark(char) else 0
        longest = max(longest, run)
    return longest


@given(hostile)
def test_nothing_forbidden_is_left(text: str) -> None:
    cleaned = clean(text)
    assert FORBIDDEN.search(cleaned) is None
    assert is_clean(cleaned)
    assert longest_run_of_marks(cleaned) <= MARKS


@given(hostile, st.lists(st.integers(0, 80), max_size=6))
def test_the_way_a_text_is_cut_never_matters(text: str, cuts: list[int]) -> None:
    cleaner = Cleaner()
    pieces = [cleaner.feed(piece) for piece in split(text, cuts)]
    assert "".join([*pieces, cleaner.finish()]) == clean(text)


@given(hostile)
def test_every_single_character_may_arrive_alone(text: str) -> None:
    cleaner = Cleaner()
    assert "".join(map(cleaner.feed, text)) == clean(text)


@given(hostile)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.text(alphabet=st.characters(exclude_categories=["Cc", "Cf", "Cs", "Mn", "Me", "Mc", "Zl", "Zp"])))
def test_text_without_controls_is_left_alone(text: str) -> None:
    assert clean(text) == text
    assert clean(f"{text}\n\t{text}\n") == f"{text}\n\t{text}\n"


@pytest.mark.parametrize(
    "text",
    ["नमस्ते दुनिया", "ภาษาไทยที่นี่", "שָׁלוֹם", "tiếng Việt", "👩‍👩‍👧‍👦 🇩🇪 ❤️", "日本語、「テスト」……", "e\u0301a\u0308"],
)
def test_scripts_and_emoji_that_need_marks_and_joiners_are_left_alone(text: str) -> None:
    assert clean(text) == text
    cleaner = Cleaner()
    assert "".join(map(cleaner.feed, text)) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x1b[31mred\x1b[0mb", "aredb"),
        ("a\x1b[38;2;1;2;3 qb", "ab"),
        ("a\x9b2Jb", "ab"),
        ("a\x1b]52;c;c2VjcmV0\x07b", "ab"),
        ("a\x1b]0;title\x1b\\b", "ab"),
        ("a\x9d0;title\x9cb", "ab"),
        ("a\x1bPq#0;2;0;0;0~-\x1b\\b", "ab"),
        ("a\x1b_Gf=24;AAAA\x1b\\b", "ab"),
        ("a\x1b^private\x1b\\b", "ab"),
        ("a\x1bXstart of string\x1b\\b", "ab"),
        ("a\x90dcs\x9c\x98sos\x9c\x9epm\x9c\x9fapc\x9cb", "ab"),
        ("a\x1bcb", "ab"),
        ("a\x1b(Bb", "ab"),
        ("a\x1b ]b", "ab"),
        ("a\x1b]8;;https://x\x1b\\link\x1b]8;;\x1b\\b", "alinkb"),
        ("a\x1b]0;cancelled\x18b", "ab"),
        ("a\x1b", "a"),
        ("a\x1b\nb", "a\nb"),
        ("a\x1bé", "aé"),
        ("a\x1b[12\nb", "a\nb"),
        ("a\x1b[12\x1b[3mb", "ab"),
        ("a\x1b]0;never ends\nb", "a\nb"),
        ("a\x1b]0;never ends\r\nb", "a\nb"),
        ("a\x1b]0;never ends\u2028b", "a\nb"),
        ("a\x1b]0;broken \x1b[31mb", "ab"),
        ("a\r\nb\rc\n\rd", "a\nb\nc\n\nd"),
        ("a\u2028b\u2029c", "a\nb\nc"),
        ("a\x00\x07\x08\x0b\x0c\x7f\x85\x99b", "ab"),
        ("\ufeffa", "a"),
        ("a\u202eb\u2066c\u200fd", "a<U+202E>b<U+2066>c<U+200F>d"),
        ("a\U000e0041\U000e007fb", "a\ufffd\ufffdb"),
        ("a\ud83db", "a\ufffdb"),
        ("e\u0301\u0302\u0303\u0304\u0305x\u0301", "e\u0301\u0302\u0303x\u0301"),
        ("e\u0301\u0302\x1b[m\u0303\u0304", "e\u0301\u0302\u0303"),
    ],
)
def test_known_attacks(text: str, expected: str) -> None:
    assert clean(text) == expected


def test_an_endless_string_hides_a_bounded_stretch() -> None:
    assert clean("\x1b]0;" + "x" * (STRING_LIMIT * 2)).count("x") > STRING_LIMIT // 2
    assert clean("\x1b]" + "x" * STRING_LIMIT + "shown") == "shown"
    assert clean("\x1b[" + "1" * CSI_LIMIT + "shown") == "shown"
    assert clean("\x1b" + " " * CSI_LIMIT + "!?shown").endswith("shown")


def test_an_open_sequence_does_not_reach_into_the_next_text() -> None:
    cleaner = Cleaner()
    assert cleaner.feed("a\x1b]0;open") == "a"
    assert cleaner.finish() == ""
    assert cleaner.feed("next") == "next"


def test_marks_are_counted_over_the_seam() -> None:
    cleaner = Cleaner()
    assert [cleaner.feed(piece) for piece in ("e\u0301", "\u0301\u0301", "\u0301", "", "\u0301x")] == [
        "e\u0301", "\u0301\u0301", "", "", "x",
    ]  # fmt: skip


def test_no_mark_of_unicode_is_taken_for_a_letter() -> None:
    """The quick check looks for runs of what is no letter; a mark that counts as one would slip through."""
    for code in range(sys.maxunicode + 1):
        char = chr(code)
        if unicodedata.category(char) in ("Mn", "Me") or unicodedata.combining(char):
            assert not char.isalnum() and code >= 0x300, hex(code)


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("one\ntwo\tthree", 40, "one two three"),
        ("  a \r\n b  ", 40, "a b"),
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde…"),
        ("abc defg", 5, "abc…"),
        ("a\x1b[31mb\x07", 6, "ab"),
        ("ab", 1, "…"),
        ("", 5, ""),
    ],
)
def test_a_line_is_one_line_of_bounded_length(text: str, limit: int, expected: str) -> None:
    assert clean_line(text, limit) == expected


def test_a_huge_line_is_cut_and_one_of_nothing_but_escapes_says_so() -> None:
    assert clean_line("x" * 1_000_000, 10) == "x" * 9 + "…"
    assert clean_line("\x1b[m" * 100_000, 10) == "…"


def test_a_sequence_may_stretch_over_many_pieces() -> None:
    cleaner = Cleaner()
    pieces = ["a\x1b", "[", "3", "8;5", ";1", "m", "b\x1b]0;", "title", "", "more", "\x1b", "\\c\r", "\n", "d"]
    assert "".join(map(cleaner.feed, pieces)) == "abc\nd"


@settings(max_examples=60)
@given(hostile, st.integers(1, 30))
def test_a_line_never_breaks_and_never_grows(text: str, limit: int) -> None:
    line = clean_line(text, limit)
    assert len(line) <= limit
    assert FORBIDDEN.search(line) is None and "\n" not in line and "\t" not in line
    assert clean_line(line, limit) == line
