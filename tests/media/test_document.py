"""Text and PDF documents become parts of a message."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchat.domain.content import FilePart, TextPart
from orchat.errors import MediaDamaged, MediaTooLarge, MediaUnsupported
from orchat.media.document import MAX_PDF, MAX_TEXT, PdfDocument, TextDocument, decode_text, read_document
from tests.support.pictures import encoded, quarters

PDF = encoded(quarters(), "PDF")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"plain\n", "plain\n"),
        (b"one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("Grüße 世界 🎉".encode(), "Grüße 世界 🎉"),
        ("Grüße".encode("utf-8-sig"), "Grüße"),
        ("Grüße".encode("utf-16"), "Grüße"),
        ("﻿Grüße".encode("utf-16-be"), "Grüße"),
        ("Grüße".encode("utf-32"), "Grüße"),
        ("﻿Grüße".encode("utf-32-be"), "Grüße"),
        ("Hello there".encode("utf-16-le"), "Hello there"),
        ("Hello there".encode("utf-16-be"), "Hello there"),
        ("Grüße – €".encode("cp1252"), "Grüße – €"),
        (b"\x1b[31mred\x1b[0m\ttab", "\x1b[31mred\x1b[0m\ttab"),
        (b"bell\x07 and delete\x7f", "bell\x07 and delete\x7f"),
        (b"bell\x07 and \xe4", None),
        (b"zero\0", None),
        (b"\x81\x8d not in any table", None),
        (b"\xff\xfea", None),
    ],
)
def test_text_is_read_in_the_encoding_it_is_in(data: bytes, expected: str | None) -> None:
    assert decode_text(data) == expected


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\r\ufeff")))
def test_any_text_in_utf8_is_read_as_it_is(text: str) -> None:
    assert decode_text(text.encode()) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1\n", "File: a.py\n```\nx = 1\n```\n"),
        ("x = 1", "File: a.py\n```\nx = 1\n```\n"),
        ("```\ncode\n```\n", "File: a.py\n````\n```\ncode\n```\n````\n"),
        ("a ````` b", "File: a.py\n``````\na ````` b\n``````\n"),
        ("a `` b", "File: a.py\n```\na `` b\n```\n"),
    ],
)
def test_a_text_is_fenced_under_its_name(text: str, expected: str) -> None:
    assert TextDocument(name="a.py", text=text).part == TextPart(text=expected)


def test_a_text_file_is_read() -> None:
    assert read_document(b"x = 1\n", "a.py") == TextDocument(name="a.py", text="x = 1\n")


def test_a_drawing_is_text() -> None:
    assert read_document(b"<svg></svg>", "logo.svg") == TextDocument(name="logo.svg", text="<svg></svg>")


def test_a_pdf_becomes_a_file_part() -> None:
    document = read_document(PDF, "bill.pdf")

    assert document == PdfDocument(name="bill.pdf", data=PDF)
    url = f"data:application/pdf;base64,{base64.b64encode(PDF).decode()}"
    assert document.part == FilePart(filename="bill.pdf", data=url)


@pytest.mark.parametrize(
    ("data", "error", "message", "hint"),
    [
        (b"", MediaDamaged, "x is empty", "Choose another file."),
        (
            PDF[: len(PDF) // 2],
            MediaDamaged,
            "x ends early",
            "Get the document once more; this copy is not complete.",
        ),
        (b"a" * (MAX_TEXT + 1), MediaTooLarge, "x has 2.0 MB; the limit is 2 MB", "Attach the part that matters."),
        (PDF + bytes(MAX_PDF), MediaTooLarge, "x has 20.0 MB; the limit is 20 MB", "Attach the part that matters."),
        (
            encoded(quarters(), "PNG"),
            MediaUnsupported,
            "x is a PNG picture; text and PDF can be sent",
            "Attach it as a picture.",
        ),
        (
            bytes(100),
            MediaUnsupported,
            "x is a binary file; text and PDF can be sent",
            "Only pictures, PDF documents and text can be attached.",
        ),
        (
            b"a" * 5000 + b"\0",
            MediaUnsupported,
            "x is a binary file; text and PDF can be sent",
            "Only pictures, PDF documents and text can be attached.",
        ),
        (
            b"PK\x03\x04" + bytes(40),
            MediaUnsupported,
            "x is an archive; text and PDF can be sent",
            "Unpack it and attach the files that matter.",
        ),
    ],
    ids=["empty", "cut pdf", "long text", "large pdf", "picture", "binary", "binary behind text", "archive"],
)
def test_what_cannot_be_sent_is_named(data: bytes, error: type[Exception], message: str, hint: str) -> None:
    with pytest.raises(error) as caught:
        read_document(data, "x")

    assert str(caught.value) == message
    assert getattr(caught.value, "hint", None) == hint


def test_a_name_that_would_steer_the_terminal_is_cleaned() -> None:
    assert read_document(b"x", "a\x1b[2J\nb.txt").name == "a b.txt"
    assert read_document(b"x", "").name == "the file"
