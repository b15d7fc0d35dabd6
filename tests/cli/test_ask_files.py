"""Pictures and documents that are asked about on the command line."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from orchat.demo import DemoThread
from orchat.demo.script import say
from tests.support.cli import Orchat, run, sent
from tests.support.pictures import encoded, quarters
from tests.support.pictures import png_of_zeros as png


@pytest.mark.parametrize("keep", [True, False])
def test_pictures_and_files_go_along(keep: bool, demo: DemoThread, orchat: Orchat, tmp_path: Path) -> None:
    picture, notes, paper = tmp_path / "pic.png", tmp_path / "notes.txt", tmp_path / "paper.pdf"
    picture.write_bytes(png(40, 30))
    notes.write_text("Remember the milk.")
    paper.write_bytes(b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n")
    argv = ["-i", str(picture), "-f", str(notes), "-f", str(paper), *([] if keep else ["--no-save"])]

    done = orchat("ask", "-m", "demo/seer", *argv, "What is this?")

    assert (done.code, done.err) == (0, "")
    content = sent(demo)["messages"][-1]["content"]
    kinds = [part["type"] for part in content]
    text = "".join(part.get("text", "") for part in content)
    assert "What is this?" in text and "Remember the milk." in text and "notes.txt" in text
    assert kinds.count("image_url") == 1 and kinds.count("file") == 1


def test_a_picture_alone_is_a_question(demo: DemoThread, tmp_path: Path, orchat: Orchat) -> None:
    picture = tmp_path / "pic.png"
    picture.write_bytes(png(40, 30))

    assert orchat("ask", "-m", "demo/seer", "-i", str(picture)).code == 0
    assert [part["type"] for part in sent(demo)["messages"][-1]["content"]] == ["image_url"]


def test_a_picture_may_come_from_stdin(demo: DemoThread) -> None:
    argv = ("ask", "-m", "demo/seer", "-i", "-", "What is this?")
    done = run(*argv, base_url=demo.base_url, stdin=png(40, 30))

    assert done.code == 0
    assert {part["type"] for part in sent(demo)["messages"][-1]["content"]} == {"text", "image_url"}


def test_a_link_to_a_picture_is_passed_on_and_kept(demo: DemoThread, orchat: Orchat) -> None:
    demo.server.script(say("a cat"), say("a cat"), say("and a dog"))
    link = "https://pictures.example/cat.png"

    assert orchat("ask", "--no-save", "-i", link, "What is this?").out == "a cat\n"
    assert sent(demo)["messages"][-1]["content"][-1] == {"type": "image_url", "image_url": {"url": link}}
    assert orchat("ask", "-i", link, "What is this?").out == "a cat\n"
    assert orchat("ask", "-c", "And what else?").out == "and a dog\n"
    first = sent(demo)["messages"][0]["content"]
    assert first == [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": link}}]


@pytest.mark.parametrize("save", ["--save", "--no-save"])
def test_links_and_pictures_arrive_in_their_order(demo: DemoThread, orchat: Orchat, tmp_path: Path, save: str) -> None:
    (tmp_path / "map.png").write_bytes(encoded(quarters(), "PNG"))
    link, picture = "https://pictures.example/cat.png", str(tmp_path / "map.png")
    assert orchat("ask", save, "-m", "demo/seer", "-i", link, "-i", picture, "-i", f"{link}?2", "Which?").code == 0
    urls = [part["image_url"]["url"] for part in sent(demo)["messages"][-1]["content"][1:]]
    assert (urls[0], urls[1][:15], urls[2]) == (link, "data:image/png;", f"{link}?2")


def test_a_blind_model_is_said_to_be_one_before_a_picture_is_sent(
    demo: DemoThread, orchat: Orchat, tmp_path: Path
) -> None:
    (tmp_path / "map.png").write_bytes(encoded(quarters(), "PNG"))
    before = len(demo.server.chats)
    vision = ("--set", "models.vision=meta-llama/gone,demo/seer")
    done = orchat("ask", "-m", "demo/writer", "-i", str(tmp_path / "map.png"), "What is it?", *vision)
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines() == [
        "orchat: demo/writer cannot see pictures",
        "hint: Ask one that sees: demo/seer.",
        "hint: Ask it: -m demo/seer",
    ]
    told = orchat("ask", "--json", "-m", "demo/writer", "-i", str(tmp_path / "map.png"), "What is it?", *vision)
    assert told.error["models"] == ["demo/seer"]
    assert len(demo.server.chats) == before


def test_pictures_arrive_in_their_order_upright_and_without_what_was_written_beside_them(
    orchat: Orchat, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "my house"
    (tmp_path / "turned.jpg").write_bytes(encoded(quarters(), "JPEG", exif=exif, quality=95))
    (tmp_path / "grey.png").write_bytes(encoded(Image.new("I;16", (9, 7), 0x8080), "PNG"))
    done = orchat(
        "ask", "-m", "demo/seer", "-i", str(tmp_path / "turned.jpg"), "-i", str(tmp_path / "grey.png"), "What?"
    )
    first, second = done.out.split("## Image ")[1:]
    # Turned by a quarter to the right, the lower left comes to the upper left.
    assert "60 × 80 px**, portrait" in first
    assert "Quarters: blue above white, red above green" in first
    assert "9 × 7 px" in second and "grey `#808080` (100%)" in second
    assert done.out.count("Written beside the pixels: nothing") == 2
    assert "came before the images" in done.out


def test_a_picture_goes_as_it_is_only_when_that_is_asked_for(orchat: Orchat, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "my house"
    data = encoded(quarters(), "JPEG", exif=exif)
    (tmp_path / "a.jpg").write_bytes(data)
    done = orchat("ask", "-m", "demo/seer", "--keep-original", "-i", str(tmp_path / "a.jpg"), "What?")
    assert f"Format: **JPEG**, {len(data):,} bytes" in done.out
    assert "Written beside the pixels: exif" in done.out


def test_pictures_are_as_large_as_the_settings_say(orchat: Orchat, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(quarters(size=(200, 100)), "PNG"))
    done = orchat("ask", "-m", "demo/seer", "--set", "media.max_side=64", "-i", str(tmp_path / "a.png"), "What?")
    assert "64 × 32 px" in done.out


def bill(tmp_path: Path) -> str:
    (tmp_path / "bill.pdf").write_bytes(encoded(quarters(), "PDF"))
    return str(tmp_path / "bill.pdf")


def test_a_document_is_read_by_the_engine_that_is_free(demo: DemoThread, orchat: Orchat, tmp_path: Path) -> None:
    done = orchat("ask", "-m", "demo/thinker", "-f", bill(tmp_path), "What is due?")
    assert sent(demo)["plugins"] == [{"id": "file-parser", "pdf": {"engine": "cloudflare-ai"}}]
    assert (done.code, done.err) == (0, "")


def test_the_engine_that_costs_says_so_and_a_follow_up_does_not_pay_again(
    demo: DemoThread, orchat: Orchat, tmp_path: Path
) -> None:
    dear = ("--json", "--set", "media.pdf_engine=mistral-ocr", "-m", "demo/thinker")
    said = orchat("ask", "--no-save", *dear[1:], "-f", bill(tmp_path), "What is due?").err
    assert "mistral-ocr reads the document: $2 per 1,000 pages" in said
    first = orchat("ask", *dear, "-f", bill(tmp_path), "What is due?").json
    second = orchat("ask", *dear, "-c", "And to whom?").json
    annotations = [message.get("annotations") for message in sent(demo)["messages"]]
    assert [len(found or ()) for found in annotations] == [0, 1, 0]
    assert [fee(answer) for answer in (first, second)] == [Decimal("0.002"), Decimal(0)]


def fee(answer: Any) -> Decimal:
    """What an answer of the thinker cost beside its tokens."""
    usage, million = answer["usage"], Decimal(1_000_000)
    cached = int(usage["cached_tokens"])
    tokens = (int(usage["prompt_tokens"]) - cached) * Decimal("2.5") + cached * Decimal("0.25")
    return Decimal(str(answer["cost_usd"])) - (tokens + int(usage["completion_tokens"]) * 10) / million
