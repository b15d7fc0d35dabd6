"""``orchat ocr``: stacks of pages, unattended."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from orchat.demo import DemoThread
from orchat.demo.faults import fault
from orchat.demo.script import cut_after, fail, say, stall
from tests.support.cli import Orchat, Running, Terminal, environment, run
from tests.support.pages import hex_of, pages_in, pdf_of, sent_pages, tells_of
from tests.support.pictures import encoded, quarters

SEER = ("-m", "demo/seer")


def wait_for(holds: Callable[[], bool]) -> None:
    limit = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.01)


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    return pages_in(tmp_path / "in", range(1, 11))


def test_a_folder_becomes_texts_and_one_document(demo: DemoThread, orchat: Orchat, stack: Path, tmp_path: Path) -> None:
    done = orchat("ocr", str(stack), "-o", str(tmp_path / "out"), *SEER, "--jobs", "3")

    assert (done.code, done.out) == (0, "")
    whole = (tmp_path / "out/document.md").read_text()
    for number in range(1, 11):
        assert tells_of((tmp_path / f"out/pages/{number:04}-page-{number}.md").read_text(), number)
        assert f"**Page {number}** · `page-{number}.png`" in whole
    assert [whole.index(hex_of(number)) for number in range(1, 11)] == sorted(
        whole.index(hex_of(number)) for number in range(1, 11)
    )
    lines = done.err.splitlines()
    assert lines[0] == "10 pages; demo/seer reads"
    assert re.fullmatch(r"estimate: 12,\d{3} \+ 8,000 tokens, about \$0\.0\d+, \$0\.\d+ at most", lines[1])
    assert re.fullmatch(r"page \d+, page-\d+\.png: \d+\+\d+ tok, \$0\.000\d+ \(1 of 10\)", lines[2])
    assert lines[-1].startswith("10 of 10 pages read, $0.00")


def test_without_a_folder_the_document_is_the_output_and_nothing_stays(orchat: Orchat, stack: Path, home: Path) -> None:
    done = orchat("ocr", str(stack / "page-3.png"), str(stack / "page-2.png"), "--format", "txt", *SEER)
    assert done.code == 0
    assert [line for line in done.out.splitlines() if line.startswith("===")] == [
        "=== page 1: page-3.png ===",
        "=== page 2: page-2.png ===",
    ]
    assert done.out.index(hex_of(3)) < done.out.index(hex_of(2))
    assert list((home / "orchat/data/ocr").iterdir()) == []


def test_json_tells_model_tokens_cost_and_the_digest_of_every_file(
    demo: DemoThread, orchat: Orchat, tmp_path: Path
) -> None:
    import hashlib

    data = pdf_of([1, 2])
    (tmp_path / "a.pdf").write_bytes(data)
    usage = {"prompt_tokens": 400, "completion_tokens": 20, "cost": 0.0005}
    demo.server.script(say("first", usage=usage), say("second", usage=usage))
    done = orchat("ocr", str(tmp_path / "a.pdf"), "--format", "json", "--jobs", "1", *SEER)
    assert done.code == 0
    first, second = done.json["pages"]
    assert first["sha256"] == second["sha256"] == hashlib.sha256(data).hexdigest()
    assert (first["text"], first["page"], first["name"]) == ("first", 1, "a.pdf, page 1")
    assert (second["model"], second["cost_usd"]) == ("demo/seer", "0.0005")
    assert second["usage"] == {"prompt_tokens": 400, "completion_tokens": 20, "reasoning_tokens": 0}
    assert done.json["totals"] == {
        "pages": 2,
        "read": 2,
        "prompt_tokens": 800,
        "completion_tokens": 40,
        "cost_usd": "0.001",
        "unknown_cost": 0,
    }
    assert done.json["missing"] == []


def test_pages_that_failed_are_listed_at_the_end(demo: DemoThread, orchat: Orchat, stack: Path, tmp_path: Path) -> None:
    whole = encoded(quarters(), "PNG")
    (stack / "page-2b.png").write_bytes(whole[: len(whole) // 2])
    demo.server.script(fail(400, message="Cannot read image"))
    done = orchat("ocr", str(stack), "-o", str(tmp_path / "out"), "--jobs", "1", *SEER)
    assert done.code == 1
    tail = done.err.splitlines()[-6:]
    assert tail[0].startswith("9 of 11 pages read")
    assert tail[1] == "2 pages could not be read:"
    assert tail[2].startswith("- page 1, page-1.png: ")
    assert "Cannot read image" in tail[2]
    assert tail[3] == "- page 3, page-2b.png: page-2b.png is damaged or ends early"
    assert tail[4] == "hint: Open it in a viewer, save it anew, and attach that."
    assert tail[5] == "--resume tries them again"
    assert "[not read: page-2b.png is damaged or ends early]" in (tmp_path / "out/document.md").read_text()

    told = orchat("ocr", str(stack), "-o", str(tmp_path / "out"), "--resume", "--dry-run", *SEER).err.splitlines()
    assert told[-2:] == tail[2:4]

    (stack / "page-2b.png").unlink()
    done = orchat("ocr", str(stack), "-o", str(tmp_path / "out"), "--resume", *SEER)
    assert (done.code, done.err.splitlines()[0]) == (0, "10 pages, 9 of them read before; demo/seer reads")
    names = sorted(path.name for path in (tmp_path / "out/pages").iterdir())
    assert names == sorted(f"{number:04}-page-{number}.md" for number in range(1, 11))


def test_what_to_do_about_pages_that_failed_is_said_once(orchat: Orchat, tmp_path: Path) -> None:
    for name in ("a.heic", "b.heic", "c.txt"):
        (tmp_path / name).write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0")
    done = orchat("ocr", *(str(tmp_path / name) for name in ("a.heic", "b.heic", "c.txt")), *SEER)
    assert done.code == 1
    assert done.err.count("is an HEIC picture") == 6
    assert done.err.count("hint: Phones can be set to JPEG; else export it as JPEG and attach that.") == 1


def test_a_job_is_neither_begun_over_another_nor_changed_by_going_on(
    orchat: Orchat, stack: Path, tmp_path: Path
) -> None:
    argv = ("ocr", str(stack / "page-1.png"), "-o", str(tmp_path / "out"), *SEER)
    assert orchat(*argv).code == 0
    again = orchat(*argv)
    assert again.code == 2
    assert "holds a job already" in again.err
    assert "--resume" in again.err
    (tmp_path / "prompt.txt").write_text("Count the letters.")
    other = orchat(*argv, "--resume", "--prompt", str(tmp_path / "prompt.txt"))
    assert other.code == 2
    assert "another prompt" in other.err


def test_a_folder_alone_is_enough_to_go_on(demo: DemoThread, orchat: Orchat, stack: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    demo.server.script(say("one"), fault("402-insufficient-credits"))
    stopped = orchat("ocr", str(stack), "-o", out, "--jobs", "1", *SEER)
    assert stopped.code == 3
    assert "9 pages left: --resume goes on" in stopped.err
    done = orchat("ocr", "--resume", "-o", out, *SEER)
    assert done.code == 0
    assert "10 of 10 pages read" in done.err


def test_a_spent_budget_stops_and_a_higher_one_goes_on(
    demo: DemoThread, orchat: Orchat, stack: Path, tmp_path: Path
) -> None:
    before = len(demo.server.chats)
    out = str(tmp_path / "out")
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "cost": 0.03}
    demo.server.script(*(say(f"page {number}", usage=usage) for number in range(10)))
    # A page may cost three cents: 4,100 tokens of prompt and 8,192 of text.
    stopped = orchat("ocr", str(stack), "-o", out, "--max-cost", "$0.10", *SEER)
    assert stopped.code == 1
    assert "the job's budget of $0.10 does not cover another page: $0.09 is spent" in stopped.err
    assert "--over-budget" not in stopped.err
    assert "3 of 10 pages read" in stopped.err
    done = orchat("ocr", "--resume", "-o", out, "--max-cost", "1", *SEER)
    assert done.code == 0
    assert "10 of 10 pages read, $0.30" in done.err
    assert len(demo.server.chats) - before == 10


def test_a_budget_needs_a_price(orchat: Orchat, stack: Path) -> None:
    done = orchat("ocr", str(stack), "-m", "openrouter/auto", "--max-cost", "1")
    assert done.code == 2
    assert "price of a model is not known" in done.err


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        ((), "there is nothing to read"),
        (("--resume",), "there is nothing to read"),
        (("nowhere.png",), "nowhere.png does not exist"),
        (("EMPTY",), "no pictures and no PDF documents"),
        (("PAGE", "--max-cost", "lots"), "--max-cost is not an amount"),
        (("PAGE", "--max-cost", "-1"), "--max-cost is not an amount"),
        (("PAGE", "--jobs", "0"), "jobs"),
        (("PAGE", "--prompt", "PAGE"), "text and PDF can be sent"),
        (("PAGE", "-m", "demo/writer"), "demo/writer cannot see pictures"),
        (("--resume", "-o", "EMPTY"), "there is nothing to read"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_sent(
    demo: DemoThread, orchat: Orchat, stack: Path, tmp_path: Path, argv: tuple[str, ...], says: str
) -> None:
    before = len(demo.server.chats)
    (tmp_path / "empty").mkdir()
    known = {"PAGE": str(stack / "page-1.png"), "EMPTY": str(tmp_path / "empty")}
    given = [known.get(word, word) for word in argv]
    done = orchat("ocr", *given, *(() if "-m" in given else SEER))
    assert done.code in (1, 2)
    assert says in done.err
    assert len(done.err.splitlines()) <= 2
    assert len(demo.server.chats) == before


def test_the_models_are_those_of_the_settings_that_the_catalogue_has(orchat: Orchat, stack: Path) -> None:
    page = str(stack / "page-1.png")
    vision = "meta-llama/llama-3.2-90b-vision-instruct,demo/writer,openrouter/auto,demo/seer"
    done = orchat("ocr", page, "--set", f"models.vision={vision}")
    assert done.err.splitlines()[0] == "1 page; openrouter/auto reads, else demo/seer"
    none = orchat("ocr", page, "--set", "models.vision=meta-llama/llama-3.2-90b-vision-instruct")
    assert none.code == 2
    assert "none of the models in models.vision" in none.err


def test_a_trial_says_what_it_would_cost_and_does_nothing(
    demo: DemoThread, orchat: Orchat, stack: Path, tmp_path: Path
) -> None:
    before = len(demo.server.chats)
    done = orchat("ocr", str(stack), "-o", str(tmp_path / "out"), "--dry-run", *SEER)
    assert (done.code, done.out) == (0, "")
    assert "estimate:" in done.err
    assert not (tmp_path / "out").exists()
    assert len(demo.server.chats) == before


def test_a_prompt_of_ones_own_is_what_the_model_is_told(demo: DemoThread, orchat: Orchat, stack: Path) -> None:
    (stack / "p.txt").write_text("Count the cats.\n")
    orchat("ocr", str(stack / "page-1.png"), "--prompt", str(stack / "p.txt"), *SEER)
    assert demo.server.chats[-1].prompt == "Count the cats."


def test_ctrl_c_keeps_what_is_there_and_says_how_to_go_on(demo: DemoThread, stack: Path, tmp_path: Path) -> None:
    before = len(demo.server.chats)
    out = tmp_path / "out"
    demo.server.script(say("one"), say("two"), stall(stage="headers"))
    running = Running("ocr", str(stack), "-o", str(out), "--jobs", "1", *SEER, environ=environment(demo.base_url))
    wait_for(lambda: len(demo.server.chats) >= before + 3)
    running.signal(signal.SIGINT)
    done = running.end()
    assert done.code == 130
    assert "2 of 10 pages read" in done.err
    assert "8 pages left: --resume goes on" in done.err
    assert "Traceback" not in done.err
    resumed = run("ocr", "--resume", "-o", str(out), *SEER, base_url=demo.base_url)
    assert resumed.code == 0
    assert (out / "pages/0001-page-1.md").read_text() == "one\n"
    assert sent_pages(demo.server.chats[before:], range(1, 11)) == [1, 1, 2, *[1] * 7]


def test_a_full_disk_is_said_and_gone_on_from(demo: DemoThread, stack: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    demo.server.script(say("short"), say("x" * 40_000))

    argv = ("ocr", str(stack), "-o", str(out), "--jobs", "1", *SEER)
    done = run(*argv, base_url=demo.base_url, program=_FULL)
    assert done.code == 4, done
    assert "no space left on device" in done.err
    assert "go on with --resume" in done.err
    assert not list(out.rglob("*.part"))
    again = run("ocr", "--resume", "-o", str(out), *SEER, base_url=demo.base_url)
    assert again.code == 0
    assert (out / "pages/0001-page-1.md").read_text() == "short\n"


_FULL = """
# A disk that is full when the long page comes; the database has room, or nothing would be sent.
import sys
from orchat.__main__ import main
from orchat.ocr.folder import Folder

keep = Folder.keep

def limited(self, record):
    if len(record.text) > 20_000:
        (self.root / ".orchat-ocr/pages" / f".{record.key}.json.part").symlink_to("/dev/full")
    keep(self, record)

Folder.keep = limited
sys.exit(main())
"""


def test_on_a_terminal_one_line_tells_how_far_it_is(demo: DemoThread, stack: Path, tmp_path: Path) -> None:
    argv = ("ocr", str(stack), "-o", str(tmp_path / "out"), *SEER)
    done = Terminal(*argv, environ=environment(demo.base_url), columns=120).end()
    assert done.code == 0
    assert re.search(r"█+ 10/10 pages · \$0\.00\d+ · \d+\.\d pages/s · 0:00 left", done.out)
    assert "page 1, page-1.png" not in done.out
    assert "10 of 10 pages read" in done.out


def test_two_at_once_do_not_work_in_one_folder(demo: DemoThread, stack: Path, tmp_path: Path) -> None:
    before = len(demo.server.chats)
    out = str(tmp_path / "out")
    demo.server.script(stall(stage="headers"))
    first = Running("ocr", str(stack), "-o", out, "--jobs", "1", *SEER, environ=environment(demo.base_url))
    wait_for(lambda: len(demo.server.chats) > before)
    second = run("ocr", "--resume", "-o", out, *SEER, base_url=demo.base_url)
    assert second.code == 2
    assert "another orchat works in" in second.err
    first.signal(signal.SIGKILL)
    first.end()
    assert run("ocr", "--resume", "-o", out, *SEER, base_url=demo.base_url).code == 0


def test_the_cost_of_a_page_is_what_the_server_said(demo: DemoThread, orchat: Orchat, stack: Path) -> None:
    done = orchat("ocr", str(stack), "--format", "json", *SEER)
    paid = sum(Decimal(page["cost_usd"]) for page in done.json["pages"])
    assert Decimal(done.json["totals"]["cost_usd"]) == paid > 0
    assert json.loads(orchat("usage", "--json").out) is not None


def test_what_happens_on_the_way_to_a_page_is_told(
    demo: DemoThread, orchat: Orchat, stack: Path, tmp_path: Path
) -> None:
    retry = ("--set", "retry.attempts=1", "--set", "retry.base_s=0.01", "--jobs", "1")
    demo.server.script(
        fail(503), fault("404-no-endpoints"), cut_after(3), say("one"), fault("429-retry-after"), say("two"), say("3")
    )
    pages = [str(stack / f"page-{number}.png") for number in (1, 2, 3)]
    done = orchat("ocr", *pages, "-m", "demo/seer", "-m", "openrouter/auto", *retry, "-v")
    assert done.code == 0
    assert "reads, else openrouter/auto" in done.err
    said = [line for line in done.err.splitlines() if line.startswith("page ") and "tok" not in line]
    assert re.fullmatch(r"page 1: .*; again in 0\.0 s", said[0])
    assert re.fullmatch(r"page 1: .*; asking openrouter/auto", said[1])
    assert re.fullmatch(r"page 1: .*; again in 1 s", said[2])
    assert re.fullmatch(r"page 2: .*; again in .* s|page 2: .*; asking openrouter/auto", said[3])


def test_two_equal_pages_are_paid_once(orchat: Orchat, stack: Path) -> None:
    page = str(stack / "page-1.png")
    done = orchat("ocr", page, page, *SEER, "--format", "json")
    assert "page 2, page-1.png: equal to another" in done.err
    assert done.json["totals"]["read"] == 2
    assert len({found["generation_id"] for found in done.json["pages"]}) == 1


def test_the_same_command_goes_on_where_it_had_no_folder(demo: DemoThread, orchat: Orchat, stack: Path) -> None:
    before = len(demo.server.chats)
    argv = ("ocr", str(stack), "--jobs", "1", *SEER)
    demo.server.script(say("one"), fault("402-insufficient-credits"))
    stopped = orchat(*argv)
    assert (stopped.code, stopped.out) == (3, "")
    assert "9 pages left: the same command goes on" in stopped.err
    done = orchat(*argv)
    assert done.code == 0
    assert "**Page 1** · `page-1.png`\n\none\n" in done.out
    assert len(demo.server.chats) - before == 11
