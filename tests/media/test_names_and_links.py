"""File names are made safe; links are passed on and never fetched."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orchat.domain.content import ImagePart
from orchat.errors import MediaUnsupported
from orchat.media.filename import MAX_BYTES, slug
from orchat.media.links import is_link, link_image


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("notes.txt", "notes.txt"),
        ("Grüße aus Köln.md", "Grüße-aus-Köln.md"),
        ("a/b\\c:d*e?.png", "a-b-c-d-e.png"),
        ("../../etc/passwd", "etc-passwd"),
        (".bashrc", "bashrc"),
        ("--rf", "rf"),
        ("trailing. ", "trailing"),
        ("a . b", "a.b"),
        ("many....dots", "many.dots"),
        ("\u202egnp.exe", "gnp.exe"),
        ("x\x1b[2Jy\n", "x-2Jy"),
        ("ﬁle①.txt", "file1.txt"),
        ("℀.txt", "a-c.txt"),
        ("世界.md", "世界.md"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("com1.tar.gz", "_com1.tar.gz"),
        ("COM¹.txt", "_COM1.txt"),
        ("console.txt", "console.txt"),
        ("", "file"),
        ("...", "file"),
        ("🎉", "file"),
        ("\udcff", "file"),
        ("x" * 200 + ".txt", "x" * 76 + ".txt"),
        ("é" * 200, "é" * 40),
        ("a." + "b" * 200, "a." + "b" * 78),
    ],
)
def test_a_name_becomes_safe(name: str, expected: str) -> None:
    assert slug(name) == expected


def test_a_name_of_which_nothing_is_left_takes_the_default() -> None:
    assert slug("???", default="picture") == "picture"


@given(st.text())
@example("con" + "x" * 300)
@example("a" * 79 + ".b")
@example("aux." * 40)
def test_a_safe_name_is_safe_whatever_it_was(name: str) -> None:
    safe = slug(name)

    assert 1 <= len(safe.encode()) <= MAX_BYTES
    assert safe[0] not in ".-"
    assert safe[-1] not in "."
    assert all(char.isalnum() or char in "_.-" for char in safe)
    assert safe.partition(".")[0].lower() not in ("con", "nul", "aux", "prn", "com1", "lpt9")
    assert slug(safe) == safe


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://example.org/a/cat.png", "cat.png"),
        ("http://example.org/cat.png?size=2#x", "cat.png"),
        ("HTTPS://Example.org", "example.org"),
        ("https://example.org/", "example.org"),
        ("https://[2001:db8::1]:8080/x.gif", "x.gif"),
        ("  https://example.org/a.jpg\n", "a.jpg"),
    ],
)
def test_a_link_is_passed_on_as_it_is(url: str, name: str) -> None:
    assert link_image(url) == ImagePart(url=url.strip(), name=name)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://example.org/cat.png", "a picture's link must be http or https, not ftp"),
        ("file:///etc/passwd", "a picture's link must be http or https, not file"),
        ("javascript:alert(1)", "a picture's link must be http or https, not javascript"),
        ("data:image/png;base64,AAAA", "a picture's link must be http or https, not data"),
        ("cat.png", "a picture's link must be http or https, not no scheme"),
        ("https://", "that is not a usable link to a picture"),
        ("https:///cat.png", "that is not a usable link to a picture"),
        ("https://[::1/cat.png", "that is not a usable link to a picture"),
        ("https://example.org/a b.png", "that is not a usable link to a picture"),
        ("https://example.org/\x1b[2J", "that is not a usable link to a picture"),
        ("https://example.org/" + "a" * 9000, "that is not a usable link to a picture"),
        ("https://user:secret@example.org/cat.png", "the link holds a user name or a password"),
        ("https://user@example.org/cat.png", "the link holds a user name or a password"),
    ],
)
def test_a_link_that_cannot_be_passed_on_is_refused(url: str, message: str) -> None:
    with pytest.raises(MediaUnsupported) as caught:
        link_image(url)

    assert str(caught.value) == message
    is_file = url.startswith("file:")
    assert caught.value.hint == ("Name the file by its path." if is_file else "Save the picture and attach the file.")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://example.org/cat.png", True),
        ("ftp://example.org", True),
        ("git+ssh://example.org", True),
        ("cat.png", False),
        ("/home/me/cat.png", False),
        ("C://cat.png", False),
        ("://cat.png", False),
        ("my folder/x://y", False),
    ],
)
def test_a_link_is_told_from_a_path(text: str, expected: bool) -> None:
    assert is_link(text) is expected
