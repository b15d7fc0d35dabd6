"""What a job keeps on the disk is whole or not there, and one process at a time may change it."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchat.domain.catalog import Model, Pricing
from orchat.domain.money import Cost, Usage, to_pico
from orchat.errors import ContentRefused, StoreUnwritable, UsageError
from orchat.ocr.document import whole_text
from orchat.ocr.estimate import estimated
from orchat.ocr.folder import STATE, Folder, Manifest
from orchat.ocr.job import Wish
from orchat.ocr.job import planned as plan
from orchat.ocr.page import Page, Record
from orchat.ocr.prompt import BLANK, default_prompt
from orchat.ocr.sources import find_sources, pages_of
from tests.support.pages import pages_in

MANIFEST = Manifest(prompt="Read.", models=("a/b",), format="txt", created_at=5.0, sources=("/x",))


def stack(folder: Path, *numbers: int) -> list[Page]:
    return pages_of(find_sources([pages_in(folder, numbers) / f"page-{number}.png" for number in numbers]))


def record(page: Page, text: str = "words", **more: Any) -> Record:
    made = Record(
        key=page.key, text=text, model="a/b", usage=Usage(prompt_tokens=9), cost=Cost(pico=7, source="reported")
    )
    return replace(made, **more)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path / "out")
    made.open()
    return made


def test_what_was_asked_and_read_comes_back_as_it_was(folder: Folder, tmp_path: Path) -> None:
    (page,) = stack(tmp_path / "in", 1)
    kept = record(
        page, "Grüße \u2028 \x1b[2J 🎉", provider="P", generation_id="gen-1", finished_at=3.5, is_corrected=True
    )
    folder.put_manifest(MANIFEST)
    folder.keep(kept)
    folder.close()
    again = Folder(folder.root)
    assert again.has_job
    assert again.manifest() == MANIFEST
    assert again.records() == {page.key: kept}


def test_a_folder_without_a_job_has_none(tmp_path: Path) -> None:
    assert not Folder(tmp_path).has_job
    assert Folder(tmp_path).manifest() is None
    assert Folder(tmp_path).records() == {}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 2, "prompt": "x"}', '{"version": 1}', "\udcff"])
def test_a_manifest_that_cannot_be_read_is_no_reason_to_begin_anew(folder: Folder, text: str) -> None:
    (folder.root / STATE / "manifest.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError, match="cannot be read"):
        folder.manifest()


@pytest.mark.parametrize(
    "change",
    [
        lambda kept: kept[: len(kept) // 2],
        lambda _: "",
        lambda _: "[]",
        lambda kept: kept.replace('"version": 1', '"version": 9'),
        lambda kept: kept.replace('"text"', '"words"'),
        lambda kept: kept.replace('"key": "', '"key": "0'),
        lambda kept: kept.replace('"prompt_tokens"', '"tokens"'),
    ],
)
def test_a_record_that_cannot_be_understood_does_not_count(folder: Folder, tmp_path: Path, change: object) -> None:
    one, two = stack(tmp_path / "in", 1, 2)
    folder.keep(record(one))
    folder.keep(record(two))
    path = folder.root / STATE / "pages" / f"{one.key}.json"
    assert callable(change)
    path.write_text(change(path.read_text()))
    assert set(folder.records()) == {two.key}


def test_why_a_page_failed_is_kept_until_it_is_read(folder: Folder, tmp_path: Path) -> None:
    one, two = stack(tmp_path / "in", 1, 2)
    folder.keep_failure(one, ContentRefused("the model refused the page"))
    folder.keep_failure(two, UsageError("no \x1b[2J\nline", hint="Turn\nit."))
    kept = Folder(folder.root).failures()
    assert {key: (error.message, error.hint) for key, error in kept.items()} == {
        one.key: ("the model refused the page", None),
        two.key: ("no line", "Turn it."),
    }
    folder.keep(record(one))
    assert set(folder.failures()) == {two.key}


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"version": 9, "message": "x", "hint": null}', '{"version": 1}'])
def test_a_failure_that_cannot_be_understood_does_not_count(folder: Folder, tmp_path: Path, text: str) -> None:
    (page,) = stack(tmp_path / "in", 1)
    folder.keep_failure(page, ContentRefused("no"))
    (folder.root / STATE / "failures" / f"{page.key}.json").write_text(text)
    assert folder.failures() == {}


def test_a_page_that_was_read_has_not_failed_whatever_a_killed_process_left(folder: Folder, tmp_path: Path) -> None:
    one, two = stack(tmp_path / "in", 1, 2)
    folder.keep(record(one))
    folder.keep_failure(one, ContentRefused("no"))
    folder.keep_failure(two, ContentRefused("no"))
    job = plan(folder, Wish(paths=[tmp_path / "in"], resume=True, is_trial=True), ("a/b",), 0.0)
    assert set(job.failures) == {two.key}


def test_what_a_killed_process_left_half_written_is_cleared_away(folder: Folder) -> None:
    folder.close()
    left = [folder.root / ".document.md.part", folder.root / STATE / "pages/.x.json.part"]
    for path in left:
        path.write_text("half")
    folder.open()
    assert not any(path.exists() for path in left)


def test_one_process_at_a_time_may_work_in_a_folder(folder: Folder) -> None:
    other = Folder(folder.root)
    with pytest.raises(UsageError, match="another orchat works in"):
        other.open()
    folder.close()
    other.open()
    other.close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnwritable, match="not a directory") as caught:
        Folder(tmp_path / "file/out").open()
    assert caught.value.hint


def test_the_whole_has_a_mark_for_every_page(tmp_path: Path) -> None:
    pages = stack(tmp_path, 1, 2, 3)
    records = {pages[0].key: record(pages[0], "one"), pages[2].key: record(pages[2], "three\n")}
    assert whole_text(pages, records, {2: "too dark"}, "txt") == (
        "=== page 1: page-1.png ===\n\none\n\n"
        "=== page 2: page-2.png ===\n\n[not read: too dark]\n\n"
        "=== page 3: page-3.png ===\n\nthree\n"
    )
    assert whole_text(pages, records, {}, "md").startswith(
        "---\n\n**Page 1** · `page-1.png`\n\none\n\n---\n\n**Page 2**"
    )
    found = json.loads(whole_text(pages, records, {}, "json"))
    assert [page["text"] for page in found["pages"]] == ["one", "three\n"]
    assert found["missing"] == [{"number": 2, "name": "page-2.png", "reason": "not read yet"}]


def test_texts_follow_their_pages_when_others_come_between(folder: Folder, tmp_path: Path) -> None:
    one, nine = stack(tmp_path / "in", 1, 9)
    records = {one.key: record(one, "one"), nine.key: record(nine, "nine")}
    folder.finish((one, nine), records, {}, "md")
    texts = folder.root / "pages"
    (texts / "0002-page-9.md").write_text("nine, corrected by hand")
    (texts / "mine.md").write_text("not ours")
    between = stack(tmp_path / "in", 1, 5, 9)
    folder.finish(between, records, {}, "md")
    assert {path.name: path.read_text() for path in texts.iterdir()} == {
        "0001-page-1.md": "one\n",
        "0003-page-9.md": "nine\n",
        "mine.md": "not ours",
    }


def test_a_correction_stands_in_the_place_of_what_was_read(folder: Folder, tmp_path: Path) -> None:
    (page,) = stack(tmp_path / "in", 1)
    folder.keep(record(page, "8O,30"))
    folder.put_page(page, record(page, "8O,30"), "md")
    corrected = folder.correct(page, record(page, "8O,30"), "80,30", "md")
    assert folder.records() == {page.key: corrected}
    assert (corrected.text, corrected.is_corrected, corrected.model) == ("80,30", True, "a/b")
    whole = folder.finish([page], folder.records(), {}, "md")
    assert "80,30" in whole.read_text()
    assert (folder.root / "pages/0001-page-1.md").read_text() == "80,30\n"


PRICE = Pricing(prices={"prompt": Decimal("0.000001"), "completion": Decimal("0.000002")})


def test_an_estimate_is_pages_times_tokens_times_price() -> None:
    found = estimated(10, prompt="x" * 400, models=[("a/b", Model(id="a/b", pricing=PRICE))], max_tokens=1000, now=0)
    assert (found.prompt_tokens, found.answer_tokens) == (12_000, 8_000)
    assert found.likely_pico == to_pico(Decimal("0.028"))
    assert found.page_most_pico == to_pico(Decimal("0.0061"))
    assert found.most_pico == to_pico(Decimal("0.061"))


def test_the_most_that_a_page_costs_is_that_of_the_dearest_model() -> None:
    dear = Pricing(prices={name: price * 10 for name, price in PRICE.prices.items()})
    models = [("a/b", Model(id="a/b", pricing=PRICE)), ("a/c", Model(id="a/c", pricing=dear)), ("a/d:free", None)]
    found = estimated(1, prompt="x" * 400, models=models, max_tokens=1000, now=0)
    assert found.page_most_pico == to_pico(Decimal("0.061"))
    unknown = estimated(1, prompt="", models=[*models, ("a/unknown", None)], max_tokens=1000, now=0)
    assert (unknown.page_most_pico, unknown.most_pico) == (None, None)
    assert unknown.likely_pico is not None


def test_free_models_cost_nothing() -> None:
    found = estimated(5, prompt="", models=[("a/b:free", None)], max_tokens=1000, now=0)
    assert (found.likely_pico, found.most_pico) == (0, 0)


def test_each_format_has_a_prompt_of_its_own_and_all_know_blank_pages() -> None:
    prompts = {form: default_prompt(form) for form in ("md", "txt", "json")}
    assert prompts["md"] == prompts["json"] != prompts["txt"]
    assert all(BLANK in prompt for prompt in prompts.values())


def test_a_trial_leaves_no_trace(tmp_path: Path) -> None:
    wish = Wish(paths=[pages_in(tmp_path / "in", (1,))], is_trial=True)
    job = plan(Folder(tmp_path / "out"), wish, ("a/b",), 0.0)
    assert [page.number for page in job.left] == [1]
    assert not (tmp_path / "out").exists()


def test_another_model_may_go_on_with_a_job_and_another_format_too(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "out")
    wish = Wish(paths=[pages_in(tmp_path / "in", (1,))])
    plan(folder, wish, ("a/b",), 5.0)
    folder.close()
    again = plan(folder, Wish(resume=True, format="txt"), ("c/d",), 9.0)
    folder.close()
    assert (again.models, again.manifest.format, again.manifest.created_at) == (("c/d",), "txt", 5.0)
    assert again.manifest.prompt == default_prompt("md")
