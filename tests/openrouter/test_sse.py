"""Bytes to events, for every cut and every bad habit of servers."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchat.openrouter.sse import MAX_EVENT, MAX_LINE, Decoder


def decoded(data: bytes, size: int | None = None) -> tuple[list[str], Decoder, bool]:
    decoder = Decoder()
    step = size or max(1, len(data))
    events = [event for at in range(0, len(data), step) for event in decoder.feed(data[at : at + step])]
    return events, decoder, decoder.finish()


TABLE: list[tuple[str, bytes, list[str]]] = [
    ("LF", b"data: a\n\ndata: b\n\n", ["a", "b"]),
    ("CRLF", b"data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]),
    ("lone CR", b"data: a\r\rdata: b\r\r", ["a", "b"]),
    ("mixed", b"data: a\r\n\ndata: b\r\r\ndata: c\n\r", ["a", "b", "c"]),
    ("BOM", b"\xef\xbb\xbfdata: a\n\n", ["a"]),
    ("BOM before a comment", b"\xef\xbb\xbf: hi\n\ndata: a\n\n", ["a"]),
    ("comments", b": OPENROUTER PROCESSING\n\n:\n\ndata: a\n\n: between\n\ndata: b\n\n", ["a", "b"]),
    ("no space", b"data:a\n\ndata:  b\n\n", ["a", " b"]),
    ("unknown fields", b"event: x\nid: 7\nretry: 9\nfoo\ndatax: no\ndata: a\n\n", ["a"]),
    ("many lines", b"data: {\ndata: }\n\n", ["{\n}"]),
    ("no data", b"event: x\n\ndata\n\ndata:\n\ndata: \n\n", []),
    ("two empty lines of data", b"data\ndata\n\n", ["\n"]),
    ("U+2028 and U+0085", 'data: "a\u2028b\u0085c"\n\n'.encode(), ['"a\u2028b\u0085c"']),
    ("emoji", "data: 👩‍💻é\n\n".encode(), ["👩‍💻é"]),
    ("blank lines", b"\n\n\ndata: a\n\n\n\n", ["a"]),
    ("no final blank line", b"data: a\n\ndata: lost\n", ["a"]),
    ("cut in a line", b"data: a\n\ndata: lo", ["a"]),
]


@pytest.mark.parametrize(("name", "data", "events"), TABLE, ids=[row[0] for row in TABLE])
@pytest.mark.parametrize("size", [None, 1, 2, 3, 7])
def test_every_habit_of_servers_is_understood_however_it_is_cut(
    name: str, data: bytes, events: list[str], size: int | None
) -> None:
    found, decoder, _ = decoded(data, size)
    assert found == events
    assert decoder.error is None
    assert decoder.invalid_bytes == 0


def test_comments_are_counted_as_signs_of_life() -> None:
    _, decoder, incomplete = decoded(b": one\n\ndata: a\n\n:two\n: thr")
    assert decoder.comments == 2
    assert not incomplete


@pytest.mark.parametrize("data", [b"data: a\n", b"data: a", b"dat", b"data: a\n\ndata: b\n"])
def test_an_event_without_its_blank_line_leaves_the_stream_incomplete(data: bytes) -> None:
    assert decoded(data)[2]


def test_a_whole_stream_is_complete() -> None:
    assert not decoded(b"data: a\n\n")[2]


@pytest.mark.parametrize("size", [None, 1, 2, 3, 7])
def test_an_invalid_byte_is_replaced_and_counted(size: int | None) -> None:
    data = b"data: a\xffb\xc3(\n\ndata: \xef\xbf\xbd is legal\n\ndata: \xe2\x82 and \xef\xbf\xbd\n\n"
    found, decoder, _ = decoded(data, size)
    assert found == ["a\ufffdb\ufffd(", "\ufffd is legal", "\ufffd and \ufffd"]
    assert decoder.invalid_bytes == 3


def test_a_line_without_end_is_refused_in_time() -> None:
    decoder = Decoder()
    assert decoder.feed(b"data: ok\n\ndata: ") == ["ok"]
    fed = 0
    while decoder.error is None:
        decoder.feed(b"x" * 65536)
        fed += 65536
        assert fed <= MAX_LINE + 65536
    assert decoder.error == "a line of more than 1 MiB"
    assert decoder.feed(b"\n\ndata: more\n\n") == []


def test_a_long_line_is_refused_in_one_piece_as_well() -> None:
    found, decoder, _ = decoded(b"data: ok\n\n: " + b"x" * MAX_LINE + b"\n\ndata: more\n\n")
    assert found == ["ok"]
    assert decoder.error == "a line of more than 1 MiB"


@pytest.mark.parametrize("size", [None, 65536, 1000003])
def test_a_generated_picture_of_many_mib_is_legal(size: int | None) -> None:
    payload = '{"url":"data:image/png;base64,' + "A" * (3 << 20) + '"}'
    found, decoder, _ = decoded(f"data: {payload}\n\ndata: next\n\n".encode(), size)
    assert found == [payload, "next"]
    assert decoder.error is None


def test_a_picture_without_end_is_refused() -> None:
    decoder = Decoder()
    decoder.feed(b'data: {"url":"data:image/png;base64,')
    piece = b"A" * (8 << 20)
    for _ in range(9):
        decoder.feed(piece)
    assert decoder.error == "an event of more than 64 MiB"


def test_an_event_of_endless_lines_is_refused() -> None:
    decoder = Decoder()
    line = b"data: " + b"x" * (MAX_LINE - 8) + b"\n"
    for _ in range(MAX_EVENT // MAX_LINE + 1):
        decoder.feed(line)
    assert decoder.error == "an event of more than 64 MiB"


lines = st.lists(
    st.sampled_from(
        [
            b"data: {}",
            b"data:x",
            b"data: a: b",
            b"data",
            b": c",
            b":",
            b"event: e",
            b"",
            b"",
            "data: é👩".encode(),
            b"\xff",
        ]
    ),
    max_size=12,
)
ends = st.lists(st.sampled_from([b"\n", b"\r\n", b"\r"]), min_size=12, max_size=12)


@settings(max_examples=150)
@given(lines=lines, ends=ends, cuts=st.lists(st.integers(0, 120), max_size=8), bom=st.booleans())
def test_any_cut_gives_the_same_events(lines: list[bytes], ends: list[bytes], cuts: list[int], bom: bool) -> None:
    data = (b"\xef\xbb\xbf" if bom else b"") + b"".join(line + end for line, end in zip(lines, ends, strict=False))
    whole, whole_decoder, incomplete = decoded(data)
    decoder = Decoder()
    places = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    events = [event for a, b in pairwise(places) for event in decoder.feed(data[a:b])]
    assert events == whole
    assert decoder.finish() == incomplete
    assert decoder.comments == whole_decoder.comments
    assert decoder.invalid_bytes == whole_decoder.invalid_bytes
    assert decoded(data, 1)[0] == whole


@settings(max_examples=60)
@given(lines=lines)
def test_the_kind_of_line_end_makes_no_difference(lines: list[bytes]) -> None:
    results = {tuple(decoded(b"".join(line + end for line in lines))[0]) for end in (b"\n", b"\r\n", b"\r")}
    assert len(results) == 1


def test_an_empty_piece_changes_nothing() -> None:
    decoder = Decoder()
    assert decoder.feed(b"data: a\r") == []
    assert decoder.feed(b"") == []
    assert decoder.feed(b"\n\r") == ["a"]
    assert decoder.feed(b"\n") == []
