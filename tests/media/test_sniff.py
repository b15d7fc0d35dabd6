"""Files are told apart by content."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchat.media import sniff
from orchat.media.sniff import Family, Kind
from tests.support.pictures import encoded, quarters


def zipped(*names: str) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "application/vnd.oasis" if name == "mimetype" else "x")
    return out.getvalue()


def iso(brand: bytes, *compatible: bytes) -> bytes:
    body = b"ftyp" + brand + b"\0\0\0\0" + b"".join(compatible)
    return (len(body) + 4).to_bytes(4, "big") + body + bytes(40)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (encoded(quarters(), "PNG"), sniff.PNG),
        (encoded(quarters(), "JPEG"), sniff.JPEG),
        (encoded(quarters(), "GIF"), sniff.GIF),
        (encoded(quarters(), "WEBP"), sniff.WEBP),
        (encoded(quarters(), "AVIF"), sniff.AVIF),
        (encoded(quarters(), "TIFF"), sniff.TIFF),
        (encoded(quarters(), "PDF"), sniff.PDF),
        (encoded(quarters(), "EPS"), sniff.POSTSCRIPT),
        (b"\xc5\xd0\xd3\xc6" + bytes(28), sniff.EPS),
        (b"\0\1\2junk%PDF-1.4\n", sniff.PDF),
        (b"\n%PDF-1.4\n%\xe2\xe3\xcf\xd3", sniff.PDF),
        (b"Files that begin with %PDF- are documents.", sniff.TEXT),
        (iso(b"heic", b"mif1"), sniff.HEIC),
        (iso(b"mif1", b"heic"), sniff.HEIC),
        (iso(b"mif1", b"avif"), sniff.AVIF),
        (iso(b"isom", b"mp42"), sniff.VIDEO),
        (iso(b"qt  "), sniff.VIDEO),
        (iso(b"M4A ", b"mp42"), sniff.AUDIO),
        (b"\x1aE\xdf\xa3" + bytes(20), sniff.VIDEO),
        (b"RIFF\x24\0\0\0WAVEfmt ", sniff.AUDIO),
        (b"ID3\x04\0\0\0\0\0\0", sniff.AUDIO),
        (b"\xff\xfb\x90\x44" + bytes(20), sniff.AUDIO),
        (zipped("notes.txt"), sniff.ARCHIVE),
        (zipped("[Content_Types].xml", "word/document.xml"), sniff.OFFICE),
        (zipped("mimetype", "content.xml"), sniff.OFFICE),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(20), sniff.OFFICE),
        (b"\x1f\x8b\x08" + bytes(20), sniff.ARCHIVE),
        (b"name".ljust(257, b"\0") + b"ustar\x0000", sniff.ARCHIVE),
        (b"\x7fELF\x02\x01\x01" + bytes(20), sniff.PROGRAM),
        (b"SQLite format 3\0" + bytes(20), sniff.DATABASE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", sniff.SVG),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- made -->\n<svg\n>", sniff.SVG),
        (b"<?xml version='1.0'?><!DOCTYPE svg PUBLIC 'x'><svg >", sniff.SVG),
        (b"<?xml version='1.0'?><note/>", sniff.TEXT),
        (b"print('hello')\n", sniff.TEXT),
        ("Grüße, мир, 世界\n".encode(), sniff.TEXT),
        ("Grüße".encode("latin-1"), sniff.TEXT),
        ("Grüße".encode("utf-16"), sniff.TEXT),
        ("Hello there".encode("utf-16-le"), sniff.TEXT),
        ("Hello there".encode("utf-16-be"), sniff.TEXT),
        (b"\x1b[31mred\x1b[0m", sniff.TEXT),
        (b"BMW and MZ and ID3 are words", sniff.TEXT),
        (b"MZ is a word", sniff.TEXT),
        (b"", sniff.TEXT),
        (b"text\0with a zero", sniff.BINARY),
        (b"a bell\x07", sniff.TEXT),
        (b"a bell\x07 and \xe4 bit", sniff.BINARY),
        (("x" * 4095 + "é").encode(), sniff.TEXT),
        (bytes(range(32)), sniff.BINARY),
    ],
    ids=lambda value: value.name if isinstance(value, Kind) else "",
)
def test_a_file_is_told_by_its_content(data: bytes, expected: Kind) -> None:
    assert sniff.sniff(data) == expected


@pytest.mark.parametrize(
    ("pillow", "name"), [("BMP", "a BMP picture"), ("ICO", "an icon"), ("JPEG2000", "a JPEG 2000 picture")]
)
def test_what_is_refused_has_a_name_and_a_way_out(pillow: str, name: str) -> None:
    kind = sniff.sniff(encoded(quarters(), pillow))

    assert (kind.family, kind.name) == (Family.REFUSED, name)
    assert kind.hint == "Export it as PNG or JPEG and attach that."


@given(st.binary(max_size=300))
def test_any_bytes_have_a_kind_and_a_refused_one_has_a_hint(data: bytes) -> None:
    kind = sniff.sniff(data)

    assert (kind.hint is not None) == (kind.family in (Family.REFUSED, Family.BINARY, Family.DRAWING))


@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF), min_size=1))
def test_any_text_is_text(text: str) -> None:
    assert sniff.sniff(text.encode()).family in (Family.TEXT, Family.DRAWING)


@pytest.mark.parametrize(
    ("data", "expected"), [(b"", None), (b"a", None), (b"a\0", "utf-16-le"), (b"\0a", "utf-16-be"), (b"\0\0\0\0", None)]
)
def test_unmarked_wide_text_is_told_by_its_zeros(data: bytes, expected: str | None) -> None:
    assert sniff.wide_encoding(data) == expected
