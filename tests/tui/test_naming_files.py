"""Files that are named, found, weighed and listed: the parts that know no widget."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchat.domain.catalog import Model, Pricing
from orchat.domain.content import ImagePart
from orchat.domain.conversation import LINK, Attachment
from orchat.errors import MediaDamaged, MediaNotFound
from orchat.media.glance import glance
from orchat.tui import browsing
from orchat.tui.attached import Attached, cost_of, format_of, of_bytes, of_kept, of_link, prepare, tokens_of
from orchat.tui.browsing import Found
from orchat.tui.mentions import candidates, mention_at, named_in, names_any
from orchat.tui.weighing import Asked, chosen_facts, file_facts, refusal_lines, refused
from orchat.tui.widgets.prompt_area import LONG_PASTE, may_be_paths
from tests.support.pictures import encoded, photo, quarters
from tests.support.scans import scans

SEER = Model(
    id="demo/seer",
    input_modalities=("text", "image"),
    pricing=Pricing(prices={"prompt": Decimal("0.000001"), "completion": Decimal("0.000002")}),
)
PICTURE = of_bytes(encoded(quarters(), "PNG"), "a.png", "image/png", (80, 60))
TEXT = of_bytes(b"x" * 400, "a.txt", "text/plain")
PDF = of_bytes(b"%PDF" + b"x" * 5996, "a.pdf", "application/pdf")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return scans(tmp_path / "scans")


# ---- mentions ----


@pytest.mark.parametrize(
    ("line", "column", "found"),
    [
        ("@", 1, (0, "")),
        ("look at @sca", 12, (8, "sca")),
        ("look at @sca and", 12, (8, "sca")),
        ("(@a/b", 5, (1, "a/b")),
        ("@my\\ file", 9, (0, "my\\ file")),
        ("me@example.com", 14, None),
        ("@a b", 4, None),
        ("a @@b", 5, None),
        ("", 0, None),
    ],
)
def test_a_mention_ends_at_the_cursor(line: str, column: int, found: tuple[int, str] | None) -> None:
    mention = mention_at(line, column)
    assert (None if mention is None else (mention.start, mention.part)) == found


def names(part: str, base: Path) -> list[str]:
    return [candidate.typed for candidate in candidates(part, base)]


def test_names_that_begin_so_come_before_those_that_contain_it(folder: Path) -> None:
    (folder / "my-scan.txt").write_text("")
    assert names("scan", folder) == ["scan-blue.png", "scan-green.png", "scan-red.png", "my-scan.txt"]
    assert names("", folder)[0] == "2026-10/"
    assert names(".", folder)[0] == ".hidden.txt"
    assert names("PHOTO", folder) == ["photo\\ with\\ spaces.jpg"]
    assert names("2026-10/", folder) == ["2026-10/old.png"]
    assert names("nowhere/", folder) == []
    assert names("~nobody-at-all/", folder) == []
    assert names("a\0/", folder) == []


def test_what_cannot_be_looked_at_is_offered_without_its_size(folder: Path) -> None:
    (folder / "broken").symlink_to(folder / "gone")
    (found,) = candidates("broken", folder)
    assert (found.about, found.is_folder) == ("", False)


def test_a_path_from_home_or_root_is_completed_as_it_was_begun(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    assert names("~/scan-r", Path("/")) == ["~/scan-red.png"]
    assert names(f"{folder}/scan-r", Path("/")) == [f"{folder}/scan-red.png"]


def test_a_prompt_names_the_files_that_are_there(folder: Path) -> None:
    text = "see @scan-red.png, @scan-red.png and (@notes.md). Not @nobody, me@scan-blue.png or @2026-10 or @a\0b"
    assert named_in(text, folder) == (folder / "scan-red.png", folder / "notes.md")
    assert names_any(text)
    assert not names_any("me@example.com")


@given(st.text(max_size=60), st.integers(0, 60))
def test_no_text_breaks_a_mention(line: str, column: int) -> None:
    mention = mention_at(line, min(column, len(line)))
    assert mention is None or line[mention.start] == "@"


# ---- pastes ----


@pytest.mark.parametrize(
    "text", ["/a", "~/a", " ./a", "file:///a", "'a b.png'", "https://e.com/a.png", "copy\nfile:///a"]
)
def test_what_may_be_a_path_is_looked_at(text: str) -> None:
    assert may_be_paths(text)


@pytest.mark.parametrize("text", ["", "words", "def f():\n    pass", "/" * (LONG_PASTE + 1)])
def test_what_cannot_be_a_path_is_not(text: str) -> None:
    assert not may_be_paths(text)


# ---- folders ----


def test_a_folder_lists_the_way_up_then_folders_then_files(folder: Path) -> None:
    found = browsing.listing(folder, hidden=False)
    assert [each.name for each in found[:3]] == ["..", "2026-10", "cut.png"]
    assert ".hidden.txt" in [each.name for each in browsing.listing(folder, hidden=True)]
    assert browsing.listing(Path("/"), hidden=False)[0].name != ".."


def test_a_folder_with_too_much_in_it_is_cut(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browsing, "MOST", 3)
    assert len(browsing.listing(folder, hidden=False)) == 4


def test_what_cannot_be_looked_at_is_listed_all_the_same(folder: Path) -> None:
    (folder / "broken").symlink_to(folder / "gone")
    assert "broken" in [each.name for each in browsing.listing(folder, hidden=False)]


def test_letters_find_the_best_name_first(folder: Path) -> None:
    found = browsing.listing(folder, hidden=False)
    assert [each.name for each in browsing.fitting(found, "red")] == ["scan-red.png"]
    assert browsing.fitting(found, " ") == found


def test_home_is_written_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert browsing.shown(tmp_path / "a") == "~/a"
    assert browsing.shown(tmp_path) == "~"
    assert browsing.shown(Path("/etc")) == "/etc"


def test_a_typed_path_leads_as_far_as_there_are_folders(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    assert browsing.resolved("2026-10/ol", folder) == (folder / "2026-10", "ol")
    assert browsing.resolved(f"file://{folder}/a", Path("/")) == (folder, "a")
    assert browsing.resolved("~", Path("/")) == (folder, "")
    assert browsing.resolved("name", folder) is None
    assert browsing.resolved("gone/name", folder) is None
    assert browsing.resolved("~nobody-at-all/x", folder) is None


def test_folders_are_remembered_once_each_the_last_one_first() -> None:
    assert browsing.with_recent(["/a", "/b"], Path("/b")) == ["/b", "/a"]
    assert len(browsing.with_recent([f"/{number}" for number in range(20)], Path("/x"))) == browsing.MOST_RECENT


@pytest.mark.parametrize("width", [10, 33, 34, 47, 48, 60, 120])
def test_a_row_never_takes_more_room_than_there_is(folder: Path, width: int) -> None:
    for found in browsing.listing(folder, hidden=True):
        for seen in (None, None if found.is_folder else glance(found.path)):
            for chosen in (False, True):
                line = browsing.row(found, seen, "a", is_chosen=chosen, width=width)
                assert line.cell_length <= max(width, 7)


def test_a_foreign_name_is_shown_harmless() -> None:
    found = Found(Path("/a"), "a\x1b[31m[bold]ß\nb.png", is_folder=False)
    line = browsing.row(found, None, "ß", is_chosen=False, width=60)
    assert "\x1b" not in line.plain
    assert "\n" not in line.plain
    assert "[bold]" in line.plain


# ---- files ----


def test_each_kind_of_file_is_prepared_by_its_content(folder: Path) -> None:
    (folder / "really.txt").write_bytes(encoded(photo((3000, 2000)), "JPEG"))
    made = [prepare(folder / name) for name in ("really.txt", "notes.md", "terms.pdf")]
    assert [format_of(file) for file in made] == ["JPEG", "text", "PDF"]
    assert made[0].note == "from 3000×2000"
    assert made[0].label == "really.txt 2048×1365"
    assert prepare(folder / "really.txt", max_side=300).label == "really.txt 300×200"
    assert made[1].label == "notes.md 23 B"


def test_a_file_is_read_from_where_it_is(tmp_path: Path) -> None:
    place = tmp_path / "a"
    place.write_bytes(b"abc")
    assert Attached(name="a", mime="text/plain", size=3, place=place).read() == b"abc"
    place.unlink()
    with pytest.raises(MediaNotFound, match="a is gone"):
        Attached(name="a", mime="text/plain", size=3, place=place).read()


def test_a_link_and_what_is_kept_already_say_what_they_are() -> None:
    link = of_link(ImagePart(url="https://example.com/a.png"))
    assert (link.label, link.is_picture, format_of(link), link.mime) == ("picture link", True, "link", LINK)
    kept = of_kept(Attachment(sha256="0", name="a.png", mime="image/png", size=9, width=3, height=2))
    assert (kept.label, kept.kept is not None) == ("a.png 3×2", True)
    assert format_of(of_bytes(b"", "a", "audio/mpeg")) == "mpeg"
    assert format_of(of_bytes(b"", "a", "")) == "file"


def test_tokens_and_cost_are_rough_and_unknown_where_no_price_is_known() -> None:
    assert tokens_of([PICTURE, TEXT, PDF]) == 1_100 + 100 + 101
    assert cost_of([PICTURE], SEER, 0.0) == 1_100_000_000
    assert cost_of([PICTURE], None, 0.0) is None
    assert cost_of([PICTURE], Model(id="a/b"), 0.0) is None
    assert cost_of([PICTURE], Model(id="a/b:free"), 0.0) == 0


def facts(*lines: object) -> str:
    return "\n".join(str(line) for line in lines)


def test_what_is_said_of_one_file(folder: Path) -> None:
    seen = glance(folder / "scan-red.png")
    assert file_facts(None, None, Asked()) == []
    assert "sent as    …" in facts(*file_facts(seen, None, Asked()))
    assert "nobody is not in the catalogue" in facts(*file_facts(seen, PICTURE, Asked(id="a/nobody")))
    assert "price not known" in facts(*file_facts(seen, PICTURE, Asked()))
    assert "free" in facts(*file_facts(seen, PICTURE, Asked(id="a/b:free", model=Model(id="a/b:free"))))
    damaged = MediaDamaged("a is damaged", hint="Save it anew.")
    assert facts(*file_facts(seen, damaged, Asked())).endswith("\nsent as    nothing")
    assert facts(*refusal_lines(refused(seen, damaged) or ("", ""))) == "a is damaged.\nSave it anew."
    heic = glance(folder / "holiday.heic")
    assert "file       HEIC picture" in facts(*file_facts(heic, None, Asked()))
    assert "cannot be sent" in (refused(heic, None) or ("", ""))[0]
    assert file_facts(glance(folder / "gone"), None, Asked()) == []
    assert refused(seen, None) is None


def test_the_engine_that_costs_says_so_before_a_document_is_sent(folder: Path) -> None:
    seen = glance(folder / "terms.pdf")
    dear, cheap = Asked(pdf_engine="mistral-ocr"), Asked(pdf_engine="cloudflare-ai")
    fee = "read by    mistral-ocr, $2 per 1,000 pages beside the tokens"
    assert fee in facts(*file_facts(seen, PDF, dear)) and fee in facts(*chosen_facts([PICTURE, PDF], 2, dear))
    assert "read by    cloudflare-ai\n" in facts(*file_facts(seen, PDF, cheap))
    assert "read by" not in facts(*file_facts(seen, PICTURE, dear))


def test_what_is_said_of_several_files() -> None:
    assert facts(*chosen_facts([], 2, Asked())) == "2 chosen  2 not ready yet"
    said = facts(*chosen_facts([PICTURE, TEXT, PDF, PICTURE], 4, Asked(id="demo/seer", model=SEER)))
    assert "4 chosen\nsent as    80×60 PNG, text, PDF …" in said
    assert "seer sees pictures" in said
    assert "metadata" not in facts(*chosen_facts([TEXT], 1, Asked(id="demo/seer", model=SEER)))


def test_nothing_but_files_is_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert named_in("@pipe", tmp_path) == ()
