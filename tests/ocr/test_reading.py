"""A stack of pages is read: each once, each by itself on the disk, whatever happens on the way."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from orchat.demo.faults import fault
from orchat.demo.script import Step, cut_after, error_event, fail, say, stall
from orchat.demo.server import DemoServer
from orchat.domain.money import to_pico
from orchat.errors import BudgetExceeded, ConnectionFailed, CreditsExhausted, MediaError, RequestFailed, StoreUnwritable
from orchat.ocr.page import PageDone, PageFailed, PageNoted, PageStarted, PageWaits
from tests.support.clock import FakeClock
from tests.support.house import House, make_runtime
from tests.support.pages import pages_in, pdf_of, planned, read, reading, sent_pages, tells_of
from tests.support.pictures import encoded, quarters

pytestmark = pytest.mark.anyio


async def test_each_page_is_read_from_its_own_picture(house: House, tmp_path: Path) -> None:
    job = await planned(house.runtime, tmp_path / "out", pages_in(tmp_path / "in", range(1, 13)))
    assert [page.name for page in job.pages] == [f"page-{number}.png" for number in range(1, 13)]

    run, events = await read(house.runtime, job, jobs=4)

    for page in job.pages:
        assert tells_of(run.records[page.key].text, page.number)
        assert tells_of((tmp_path / f"out/pages/{page.number:04}-page-{page.number}.md").read_text(), page.number)
    kinds = Counter(type(event) for event in events)
    assert kinds == {PageStarted: 12, PageDone: 12}
    assert sent_pages(house.server.chats, range(1, 13)) == [1] * 12
    assert (run.totals.done, run.totals.left, run.totals.failed, run.stopped) == (12, 0, 0, None)
    assert run.totals.cost_pico == sum(record.cost.pico or 0 for record in run.records.values()) > 0


async def test_no_more_pages_are_under_way_than_were_asked_for(house: House, tmp_path: Path) -> None:
    job = await planned(house.runtime, tmp_path / "out", pages_in(tmp_path / "in", range(1, 7)))
    gate = asyncio.Event()
    house.server.script(*(stall(stage="headers", until=gate, text=f"page {number}") for number in range(6)))
    async with reading(house.runtime, job, jobs=3) as run:
        await house.server.received(3)
        for _ in range(50):
            await asyncio.sleep(0)
        assert len(house.server.chats) == 3
        gate.set()
        assert len([event async for event in run if isinstance(event, PageDone)]) == 6
    job.folder.close()


async def test_pages_of_a_document_are_drawn_and_read_in_order(house: House, tmp_path: Path) -> None:
    (tmp_path / "report.pdf").write_bytes(pdf_of([7, 8, 9]))
    job = await planned(house.runtime, tmp_path / "out", tmp_path / "report.pdf")
    run, _ = await read(house.runtime, job, jobs=1)
    assert [page.name for page in job.pages] == [f"report.pdf, page {number}" for number in (1, 2, 3)]
    texts = [run.records[page.key].text for page in job.pages]
    # The document holds its pictures as JPEG, which moves colours a little.
    assert all("(100%)" in text for text in texts)
    assert len(set(texts)) == 3
    assert sorted(path.name for path in (tmp_path / "out/pages").iterdir()) == [
        f"000{number}-report-p{number}.md" for number in (1, 2, 3)
    ]


async def test_what_was_read_before_is_not_sent_again(house: House, tmp_path: Path) -> None:
    source = pages_in(tmp_path / "in", (1, 2))
    await read(house.runtime, await planned(house.runtime, tmp_path / "out", source))
    pages_in(source, (3,))

    job = await planned(house.runtime, tmp_path / "out", source, resume=True)
    run, events = await read(house.runtime, job)

    assert [event.page.number for event in events if isinstance(event, PageDone)] == [3]
    assert (run.totals.done, run.totals.known) == (3, 2)
    assert sent_pages(house.server.chats, (1, 2, 3)) == [1, 1, 1]


async def test_a_page_that_changed_is_read_anew(house: House, tmp_path: Path) -> None:
    source = pages_in(tmp_path / "in", (1, 2))
    await read(house.runtime, await planned(house.runtime, tmp_path / "out", source))
    (source / "page-2.png").write_bytes((pages_in(tmp_path / "other", (9,)) / "page-9.png").read_bytes())
    job = await planned(house.runtime, tmp_path / "out", source, resume=True)
    run, _ = await read(house.runtime, job)
    assert tells_of(run.records[job.pages[1].key].text, 9)
    assert sent_pages(house.server.chats, (1, 2, 9)) == [1, 1, 1]


async def test_equal_pages_are_read_once_and_stand_at_both_places(house: House, tmp_path: Path) -> None:
    source = pages_in(tmp_path / "in", (1, 2))
    (source / "page-3.png").write_bytes((source / "page-1.png").read_bytes())
    job = await planned(house.runtime, tmp_path / "out", source)
    run, events = await read(house.runtime, job)
    assert len(house.server.chats) == 2
    assert tells_of((tmp_path / "out/pages/0003-page-3.md").read_text(), 1)
    assert {event.page.number: event.was_known for event in events if isinstance(event, PageDone)} == {
        1: False,
        2: False,
        3: True,
    }
    assert (run.totals.done, run.totals.known, run.totals.left) == (3, 1, 0)


@pytest.mark.parametrize(
    "steps",
    [
        (fail(503),),
        (fail(502), fail(502), fail(502), fail(502)),
        (cut_after(5),),
        (cut_after(5, how="rst"), cut_after(5)),
        (error_event("middle"),),
        (say(""),),
        (fault("429-upstream"),),
    ],
    ids=["503", "502s", "cut", "cuts", "error event", "nothing", "limit"],
)
async def test_a_failure_that_passes_is_waited_for(house: House, tmp_path: Path, steps: tuple[Step, ...]) -> None:
    job = await planned(house.runtime, tmp_path / "out", pages_in(tmp_path / "in", (1,)))
    house.server.script(*steps)
    run, events = await read(house.runtime, job)
    assert tells_of(run.records[job.pages[0].key].text, 1)
    assert run.failures == {}
    told = [event for event in events if isinstance(event, (PageWaits, PageNoted))]
    assert told


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (fail(400, message="Image is not readable"), "not readable"),
        (say("half of", finish="length"), "longer than 8,192 tokens"),
        (say("no", finish="content_filter"), "refused the page"),
    ],
    ids=["400", "length", "filter"],
)
async def test_a_page_that_cannot_be_read_does_not_stop_the_others(
    house: House, tmp_path: Path, step: Step, reason: str
) -> None:
    job = await planned(house.runtime, tmp_path / "out", pages_in(tmp_path / "in", (1, 2, 3)))
    house.server.script(step)
    run, events = await read(house.runtime, job, jobs=1)
    assert list(run.failures) == [1]
    assert reason in run.failures[1].message
    assert [event.page.number for event in events if isinstance(event, PageFailed)] == [1]
    assert (run.totals.done, run.totals.failed, run.totals.left, run.stopped) == (2, 1, 0, None)


async def test_a_page_that_is_never_answered_whole_fails_after_three_tries(house: House, tmp_path: Path) -> None:
    job = await planned(house.runtime, tmp_path / "out", pages_in(tmp_path / "in", (1,)))
    house.server.script(cut_after(3), cut_after(3), cut_after(3), say("too late"))
    run, events = await read(house.runtime, job)
    assert list(run.failures) == [1]
    assert [event.delay_s for event in events if isinstance(event, PageWaits)] == [1.0, 4.0]
    assert len(house.server.chats) == 3


async def test_files_that_are_no_pages_fail_and_the_others_are_read(house: House, tmp_path: Path) -> None:
    source = pages_in(tmp_path / "in", (1,))
    whole = encoded(quarters(), "PNG")
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "notes.txt").write_text("words")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4 nothing of it")
    os.mkfifo(tmp_path / "pipe.png")
    bad = [tmp_path / name for name in ("cut.png", "notes.txt", "empty.png", "broken.pdf", "pipe.png")]
    job = await planned(house.runtime, tmp_path / "out", *bad, source)
    run, _ = await read(house.runtime, job)
    assert sorted(run.failures) == [1, 2, 3, 4, 5]
    assert all(isinstance(error, MediaError) and error.hint for error in run.failures.values())
    assert tells_of(run.records[job.pages[5].key].text, 1)
    assert len(house.server.chats) == 1


async def test_why_a_page_failed_is_known_until_it_is_read(house: House, tmp_path: Path) -> None:
    source = pages_in(tmp_path / "in", (1, 2))
    house.server.script(fail(400, message="Too dark"))
    await read(house.runtime, await planned(house.runtime, tmp_path / "out", source), jobs=1)

    job = await planned(house.runtime, tmp_path / "out", source, resume=True)
    assert "Too dark" in job.failures[job.pages[0].key].message
    house.server.script(fault("402-insufficient-credits"))
    run, _ = await read(house.runtime, job, jobs=1)
    assert run.failures == {}
    assert "Too dark" in run.reasons()[1]

    await read(house.runtime, await planned(house.runtime, tmp_path / "out", source, resume=True))
    job = await planned(house.runtime, tmp_path / "out", source, resume=True)
    assert (job.left, job.failures) == ((), {})
    job.folder.close()


async def test_a_failure_that_cannot_be_written_down_is_told_all_the_same(house: House, tmp_path: Path) -> None:
    job = await planned(house.runtime, tmp_path / "out", pages_in(tmp_path / "in", (1, 2)))
    (tmp_path / "out/.orchat-ocr/failures").rmdir()
    house.server.script(fail(400, message="Too dark"))
    run, _ = await read(house.runtime, job, jobs=1)
    assert "Too dark" in run.failures[1].message
    assert (run.totals.done, run.stopped) == (1, None)


async def test_a_file_that_changes_under_way_is_not_sent_as_another(house: House, tmp_path: Path) -> None:
    source = pages_in(tmp_path / "in", (1,))
    job = await planned(house.runtime, tmp_path / "out", source)
    pages_in(source / "..", (2,))
    (source / "page-1.png").write_bytes((tmp_path / "page-2.png").read_bytes())
    run, _ = await read(house.runtime, job)
    assert "has changed" in run.failures[1].message
    assert not house.server.chats


async def test_what_concerns_every_page_stops_the_job_and_it_can_be_gone_on_with(house: House, tmp_path: Path) -> None:
    source = pages_in(tmp_path / "in", range(1, 9))
    job = await planned(house.runtime, tmp_path / "out", source)
    house.server.script(say("one"), fault("402-insufficient-credits"))
    run, _ = await read(house.runtime, job, jobs=1)
    assert isinstance(run.stopped, CreditsExhausted)
    assert (run.totals.done, run.totals.left, run.failures) == (1, 7, {})
    assert len(house.server.chats) == 2


async def test_a_dead_network_is_waited_for_and_then_the_job_stops(
    server: DemoServer, clock: FakeClock, tmp_path: Path
) -> None:
    async with make_runtime(server, clock, api__base_url="http://127.0.0.1:9/api/v1") as runtime:
        await runtime.start()
        job = await planned(runtime, tmp_path / "out", pages_in(tmp_path / "in", (1, 2)))
        began = clock.now()
        run, events = await read(runtime, job, jobs=1, patience_s=60.0)
    assert isinstance(run.stopped, ConnectionFailed)
    assert run.failures == {}
    assert [event.delay_s for event in events if isinstance(event, PageWaits)] == [15.0] * 4
    assert clock.now() - began >= 60


async def test_a_job_never_spends_more_than_it_may(house: House, tmp_path: Path) -> None:
    job = await planned(house.runtime, tmp_path / "out", pages_in(tmp_path / "in", range(1, 21)))
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "cost": 0.01}
    house.server.script(*(say(f"page {number}", usage=usage) for number in range(20)))
    run, _ = await read(
        house.runtime, job, jobs=4, max_cost_pico=to_pico_usd("0.10"), page_most_pico=to_pico_usd("0.02")
    )
    assert isinstance(run.stopped, BudgetExceeded)
    assert run.stopped.scope == "job"
    # Nine cost nine cents; a tenth might have cost two.
    assert (run.totals.done, run.totals.cost_pico) == (9, to_pico_usd("0.09"))
    assert run.failures == {}

    job = await planned(house.runtime, tmp_path / "out", tmp_path / "in", resume=True)
    run, _ = await read(
        house.runtime, job, jobs=4, max_cost_pico=to_pico_usd("0.50"), page_most_pico=to_pico_usd("0.02")
    )
    assert (run.stopped, run.totals.done, run.totals.cost_pico) == (None, 20, to_pico_usd("0.20"))


def to_pico_usd(text: str) -> int:
    return to_pico(Decimal(text))


async def test_leaving_early_keeps_every_page_that_has_arrived(house: House, tmp_path: Path) -> None:
    job = await planned(house.runtime, tmp_path / "out", pages_in(tmp_path / "in", range(1, 5)))
    house.server.script(say("one"), say("two"), stall(stage="body", text="three"), stall(stage="headers"))
    done = 0
    async with reading(house.runtime, job, jobs=2) as run:
        async for event in run:
            done += isinstance(event, PageDone)
            if done == 2:
                await house.server.received(4)
                break
    job.folder.close()
    resumed = await planned(house.runtime, tmp_path / "out", tmp_path / "in", resume=True)
    assert {record.text for record in resumed.records.values()} == {"one", "two"}
    run, _ = await read(house.runtime, resumed)
    assert run.totals.left == 0


async def test_a_full_disk_stops_the_job_and_leaves_no_half_page(house: House, tmp_path: Path) -> None:
    source = pages_in(tmp_path / "in", range(1, 6))
    job = await planned(house.runtime, tmp_path / "out", source)
    kept = tmp_path / "out/.orchat-ocr/pages"
    house.server.script(say("one"))
    async with reading(house.runtime, job, jobs=1) as run:
        # A folder in its place cannot be written, and root may write everywhere else.
        obstacle = kept / f".{job.pages[1].key}.json.part"
        obstacle.mkdir()
        done = [event.page.number async for event in run if isinstance(event, PageDone)]
    obstacle.rmdir()
    # The third was on its way when the second could not be written.
    assert done in ([1], [1, 3])
    job.folder.close()
    assert isinstance(run.stopped, StoreUnwritable)
    assert "--resume" in (run.stopped.hint or "")
    assert len(list(kept.iterdir())) == len(done)
    resumed = await planned(house.runtime, tmp_path / "out", source, resume=True)
    run, _ = await read(house.runtime, resumed)
    assert (run.totals.done, run.totals.left) == (5, 0)


async def test_pages_fall_back_on_models_that_see(house: House, tmp_path: Path) -> None:
    job = await planned(
        house.runtime,
        tmp_path / "out",
        pages_in(tmp_path / "in", (1,)),
        model="openrouter/auto",
        fallbacks=("demo/writer", "demo/seer"),
    )
    assert job.models == ("openrouter/auto", "demo/seer")
    house.server.script(fail(404, message="No endpoints found for openrouter/auto."))
    run, events = await read(house.runtime, job)
    assert run.totals.done == 1
    assert [chat.body["model"] for chat in house.server.chats] == ["openrouter/auto", "demo/seer"]
    assert any(isinstance(event, PageNoted) for event in events)


async def test_the_models_of_the_settings_do_not_stand_in_for_a_chosen_one(
    server: DemoServer, clock: FakeClock, tmp_path: Path
) -> None:
    async with make_runtime(server, clock, models__fallbacks=("openrouter/auto",)) as runtime:
        await runtime.start()
        job = await planned(runtime, tmp_path / "out", pages_in(tmp_path / "in", (1,)))
        server.script(fail(404, message="No endpoints found for demo/seer."))
        run, _ = await read(runtime, job)
    assert isinstance(run.stopped, RequestFailed)
    assert len(server.chats) == 1


async def test_the_request_holds_the_prompt_before_the_picture(house: House, tmp_path: Path) -> None:
    job = await planned(house.runtime, tmp_path / "out", pages_in(tmp_path / "in", (1,)), prompt="Read this.")
    await read(house.runtime, job, max_tokens=500)
    body = house.server.chats[0].body
    kinds = [part["type"] for part in body["messages"][0]["content"]]
    assert kinds == ["text", "image_url"]
    assert body["messages"][0]["content"][0]["text"] == "Read this."
    assert (body["max_completion_tokens"], body["temperature"], body["model"]) == (500, 0.0, "demo/seer")


async def test_a_fault_of_ours_ends_the_run_instead_of_hanging_it(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await planned(house.runtime, tmp_path / "out", pages_in(tmp_path / "in", range(1, 9)))

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(job.folder.__class__, "keep", broken)
    with pytest.raises(ZeroDivisionError):
        await read(house.runtime, job, jobs=2)
    job.folder.close()


async def test_the_record_of_a_page_tells_all_that_is_known_of_it(house: House, tmp_path: Path) -> None:
    job = await planned(house.runtime, tmp_path / "out", pages_in(tmp_path / "in", (1,)))
    await read(house.runtime, job)
    (path,) = (tmp_path / "out/.orchat-ocr/pages").iterdir()
    record = json.loads(path.read_text())
    assert record["key"] == f"{job.pages[0].source.sha256}-1" == path.stem
    assert record["model"].startswith("demo/seer")
    assert record["usage"]["prompt_tokens"] > 300
    assert record["cost"]["source"] == "reported"
    assert record["finished_at"] == house.clock.now()
