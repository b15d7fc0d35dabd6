"""The HTML file: nothing in it runs, nothing in it is loaded, nothing of it is missing."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchat.chat.html import to_html
from orchat.domain.content import ImagePart
from orchat.domain.conversation import Attachment, Conversation, StoredMessage
from orchat.domain.events import Cited
from orchat.domain.fold import Reply
from orchat.domain.money import Cost
from orchat.domain.sessions import SavedSession
from tests.support.clock import START

FACTS = Conversation(id="c", title="Title", created_at=START, updated_at=START)
HARMLESS = {"html", "head", "meta", "title", "style", "body", "header", "main", "article", "section", "footer"}
HARMLESS |= {"h1", "h2", "h3", "h4", "h5", "h6", "p", "span", "pre", "code", "figure", "figcaption", "blockquote", "hr"}
HARMLESS |= {"ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "em", "strong", "s", "a", "br", "img"}
HARMLESS |= {"details", "summary"}


class Reader(HTMLParser):
    """What a browser would see."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "img", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def message(text: str = "", role: str = "assistant", **more: object) -> StoredMessage:
    known: dict[str, object] = {"id": 1, "conversation_id": "c", "parent_id": None, "created_at": START, **more}
    known.setdefault("reply", Reply(text=text))
    return StoredMessage(role=role, **known)  # type: ignore[arg-type]  # names and values are right


def page(*messages: StoredMessage, files: dict[str, bytes] | None = None, **facts: object) -> str:
    conversation = replace(FACTS, **facts)  # type: ignore[arg-type]  # names and values are right
    return to_html(SavedSession(conversation=conversation, messages=messages, files=files or {}), messages)


def assert_harmless(text: str) -> Reader:
    seen = Reader(text)
    assert seen.open == []
    for tag, attributes in seen.tags:
        assert tag in HARMLESS
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        for name in ("src", "href"):
            value = attributes.get(name)
            assert value is None or value.startswith("data:image/" if tag == "img" else ("http://", "https://", "#"))
    assert "default-src 'none'" in text
    return seen


HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</title></style></main><script>",
    "[x](javascript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "![x](https://tracker.example/pixel.png)",
    "![x](data:image/svg+xml,<svg onload=alert(1)>)",
    "[x]: javascript:alert(1)\n[x]",
    "<javascript:alert(1)>",
    "```<script>\n</code></pre><script>\n```",
    '```" onclick="x\n```',
    "\x1b[2J\x00\x9b31m\u202egnp.exe",
    "&lt;script&gt; &#x3c;script>",
    '[a](<x" onmouseover="y>)',
    "\ud83d half",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_runs_and_nothing_is_loaded(text: str) -> None:
    file = Attachment(sha256="s", name=text, mime=text, size=1)
    told = page(
        message(text, "user", attachments=(file,)),
        message(
            text,
            model=text,
            error=text,
            reply=Reply(text=text, reasoning=text, citations=(Cited(url=text, title=text), Cited(url=text))),
        ),
        files={"s": b"x"},
        title=text,
        system=text,
    )
    assert_harmless(told)
    assert "\x1b" not in told and "\x00" not in told


@settings(max_examples=60, deadline=None)
@given(text=st.text(st.characters() | st.sampled_from("<>&\"'`[]()!#*_~|-\n ")))
def test_no_text_gets_out_of_its_place(text: str) -> None:
    assert_harmless(page(message(text), message(text, "user"), title=text))


def test_markdown_is_rendered_and_code_keeps_every_character() -> None:
    told = page(
        message(
            '# Head\n\n| a | b |\n|---|---|\n| 1 | ~~2~~ |\n\n```python\nif a < b:\n    print("&")\n```\n\n[s](https://e.x/)'
        )
    )
    for part in ("<h1>Head</h1>", "<table>", "<s>2</s>", "<figcaption>python</figcaption>"):
        assert part in told
    assert "if a &lt; b:\n    print(&quot;&amp;&quot;)\n" in told
    assert '<a href="https://e.x/" rel="noopener noreferrer nofollow">s</a>' in told


def test_pictures_stand_in_the_file_itself() -> None:
    picture = Attachment(sha256="p", name="cat.png", mime="image/png", size=3)
    vector = Attachment(sha256="v", name="cat.svg", mime="image/svg+xml", size=1000)
    gone = Attachment(sha256="g", name="gone.png", mime="image/png", size=3)
    told = page(message("", "user", attachments=(picture, vector, gone)), files={"p": b"abc", "v": b"<svg/>"})
    assert '<img src="data:image/png;base64,YWJj" alt="cat.png">' in told
    assert "cat.svg (image/svg+xml, 1,000 bytes)" in told
    assert "gone.png (missing)" in told
    assert told.count("<img") == 1


def test_pictures_from_elsewhere_are_links() -> None:
    told = page(message("![cat](https://e.x/cat.png) and ![](https://e.x/dog.png)"))
    assert '<a href="https://e.x/cat.png" rel="noopener noreferrer nofollow">cat</a>' in told
    assert ">picture</a>" in told
    assert "<img" not in told


def test_facts_are_told() -> None:
    told = page(
        message("hi", "user"),
        message("yo", model="a/b", state="cut", error="it broke", cost=Cost(pico=410_000_000, source="estimated")),
        message(
            "so", cost=Cost(pico=10**12, source="reported"), reply=Reply(text="so", reasoning="I think"), created_at=0.0
        ),
        system="Be brief.",
    )
    for part in (">You<", ">a/b<", "cut: it broke", "≈ $0.00041", "<summary>thoughts</summary>", "Be brief.", "$1.00"):
        assert part in told
    assert "other branch" not in told


def test_messages_that_are_not_shown_are_counted() -> None:
    shown, hidden = message("a"), message("b")
    for others, words in (((hidden,), "1 message on other"), ((hidden, hidden), "2 messages on other")):
        saved = SavedSession(conversation=FACTS, messages=(shown, *others))
        assert words in to_html(saved, (shown,))


@pytest.mark.parametrize(
    "text",
    [
        ">" * 10_000 + "x",
        "x" * 1_000_000,
        "[" * 50_000,
        "*a " * 50_000,
        "|" * 5_000 + "\n" + "|-" * 5_000,
        "`" * 50_000,
    ],
    ids=["quotes", "line", "brackets", "stars", "columns", "ticks"],
)
def test_a_hostile_text_takes_no_longer_than_a_person_waits(text: str) -> None:
    began = time.monotonic()
    told = page(message(text))
    assert time.monotonic() - began < 10
    assert re.search("</html>", told)


def test_a_picture_of_an_answer_is_inlined() -> None:
    picture = Attachment(sha256="p", name="made.png", mime="image/png", size=3)
    reply = Reply(media=(ImagePart(url="data:image/png;base64,YWJj"),))
    assert "data:image/png;base64,YWJj" in page(message(reply=reply, attachments=(picture,)), files={"p": b"abc"})
