"""Our own export comes back without loss, into this database and into another."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchat import errors
from orchat.chat.books import Wish
from orchat.demo.script import cut_after, say
from orchat.demo.server import DemoServer
from orchat.domain.conversation import Draft, StoredMessage
from orchat.domain.sessions import SavedSession
from orchat.runtime import Runtime
from tests.support.clock import FakeClock
from tests.support.house import House, make_runtime

pytestmark = pytest.mark.anyio


async def full(house: House) -> str:
    """A session with two branches, thoughts, a picture, citations, a file, a cut answer and one that goes on."""
    chat = house.runtime.conversations
    id = (await chat.create(model="demo/writer", system="Be brief.", parameters={"seed": 7}, persona="muse")).id
    file = await chat.attach(b"seeds", name="p.txt", mime="text/plain", width=3, height=4)
    house.server.script(
        say("one", reasoning="hm", images=[b"\x89PNG picture"], citations=[("https://e.x/", "E")]),
        say("two", tool_calls=[("dice", '{"sides": 6}')], usage={"cost": 0.25, "prompt_tokens": 7}),
        cut_after(5, text="three and more"),
        say(" and four"),
    )
    turn = await chat.send(id, Draft(text="first", attachments=(file,)))
    for step in (turn, await chat.again(id, turn.prompt.id, Wish(model="demo/thinker"))):
        async with step:
            while await step.batch():
                pass
    with pytest.raises(errors.StreamInterrupted):
        async with await chat.edit(id, turn.prompt.id, Draft(text="other")) as cut:
            while await cut.batch():
                pass
    async with await chat.go_on(id, cut.answer_id) as more:
        while await more.batch():
            pass
    await chat.rename(id, "Named")
    await chat.pin(id)
    await chat.switch(id, turn.answer_id)
    return id


def comparable(saved: SavedSession) -> tuple[object, ...]:
    """What has to be the same in every database: numbers only in how they hang together."""
    place = {message.id: at for at, message in enumerate(saved.messages)}

    def plain(message: StoredMessage) -> StoredMessage:
        return replace(
            message,
            id=place[message.id],
            conversation_id="",
            parent_id=None if message.parent_id is None else place[message.parent_id],
            continues=None if message.continues is None else place[message.continues],
        )

    leaf = saved.conversation.active_leaf
    facts = replace(saved.conversation, active_leaf=None if leaf is None else place[leaf])
    return facts, tuple(map(plain, saved.messages)), dict(saved.files)


Elsewhere = Callable[[], Runtime]


@pytest.fixture
def elsewhere(server: DemoServer, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    """A runtime of another machine."""

    def make() -> Runtime:
        monkeypatch.setenv("ORCHAT_HOME", str(tmp_path / "elsewhere"))
        return make_runtime(server, clock)

    return make


async def test_an_export_comes_back_without_loss(house: House, elsewhere: Elsewhere, tmp_path: Path) -> None:
    id = await full(house)
    chat = house.runtime.conversations
    path = tmp_path / "session.json"
    path.write_text(await chat.export(id, "json"), encoding="utf-8")
    saved = await chat.saved(id)
    assert len(saved.messages) == 6
    async with elsewhere() as there:
        await there.start()
        report = await there.conversations.import_file(path)
        (done,) = report.sessions
        assert (report.program, done.outcome, done.id, done.messages) == ("orchat", "imported", id, 6)
        brought = await there.conversations.saved(id)
        assert comparable(brought) == comparable(saved)
        assert brought.conversation.cost_pico == saved.conversation.cost_pico > 250_000_000_000
        assert (await there.conversations.import_file(path)).sessions[0].outcome == "known"
        assert (
            json.loads(await there.conversations.export(id, "json"))["files"] == json.loads(path.read_text())["files"]
        )


async def test_the_original_is_known_as_long_as_it_holds_everything(house: House, tmp_path: Path) -> None:
    chat = house.runtime.conversations
    id = await full(house)
    path = tmp_path / "session.json"
    path.write_text(await chat.export(id, "json"), encoding="utf-8")
    house.server.script(say("more"))
    async with await chat.send(id, Draft(text="go on")) as turn:
        while await turn.batch():
            pass
    (known,) = (await chat.import_file(path)).sessions
    assert (known.outcome, known.id) == ("known", id)

    whole = json.loads(path.read_text())
    whole["messages"][0]["reply"]["text"] = "changed"
    path.write_text(json.dumps([whole, whole]))
    first, second = (await chat.import_file(path)).sessions
    assert (first.outcome, second.outcome) == ("imported", "known")
    assert first.id == second.id != id
    assert (await chat.get(id)).messages == 8

    await chat.delete(id)
    path.write_text(await chat.export(first.id or "", "json"))
    other = json.loads(path.read_text())
    other["conversation"]["id"] = id
    other["messages"][0]["reply"]["text"] = "changed again"
    path.write_text(json.dumps(other))
    (gone,) = (await chat.import_file(path)).sessions
    assert (gone.outcome, gone.id) == ("deleted", id)


async def test_an_export_of_a_session_whose_file_is_gone_goes_without_it(house: House, tmp_path: Path) -> None:
    chat = house.runtime.conversations
    id = (await chat.create()).id
    file = await chat.attach(b"seeds", name="p.txt", mime="text/plain")
    turn = await chat.send(id, Draft(text="first", attachments=(file,)))
    await turn.give_up()
    house.runtime.parts.db.blobs.path(file.sha256).unlink()
    whole = json.loads(await chat.export(id, "json"))
    assert whole["files"] == {}
    whole["conversation"]["id"] = "0" * 12
    path = tmp_path / "session.json"
    path.write_text(json.dumps(whole))
    await chat.import_file(path)
    assert (await chat.path("0" * 12))[0].attachments == (file,)


async def test_html_and_markdown_tell_the_path(house: House) -> None:
    chat = house.runtime.conversations
    id = await full(house)
    page = await chat.export(id, "html")
    assert "data:image/png;base64," in page and "4 messages on other branches" in page and ">Named</h1>" in page
    assert (await chat.export(id, "md")).startswith("# Named\n")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda whole: whole["conversation"].update(id="../../x"), "it has no id"),
        (lambda whole: whole.update(conversation=7), "it has no id"),
        (lambda whole: whole["messages"][0].update(id=None), "message 1 has no number"),
        (lambda whole: whole["messages"][1].update(role="critic"), "message 2 has no role or no state"),
        (lambda whole: whole["messages"][1].update(state="done?"), "message 2 has no role or no state"),
        (
            lambda whole: whole["messages"][0]["attachments"][0].update(sha256="../x"),
            "message 1 has a file without a digest",
        ),
        (lambda whole: whole["files"].update(x="*"), "the file x is not in base64"),
    ],
)
async def test_a_damaged_export_is_told_of_and_the_others_come(
    house: House, tmp_path: Path, change: Callable[[dict[str, Any]], None], reason: str
) -> None:
    chat = house.runtime.conversations
    whole = json.loads(await chat.export(await full(house), "json"))
    fine = json.loads(json.dumps(whole))
    fine["conversation"]["id"] = "0" * 12
    fine["messages"][0]["reply"]["text"] = "fine"
    change(whole)
    path = tmp_path / "session.json"
    path.write_text(json.dumps([whole, fine, {"odd": 1}]))
    failed, done = (await chat.import_file(path)).sessions
    assert failed.outcome == "failed"
    assert failed.reason.startswith(reason)
    assert (done.outcome, done.id) == ("imported", "0" * 12)


async def test_figures_that_cannot_be_are_left_out(house: House, tmp_path: Path) -> None:
    chat = house.runtime.conversations
    whole = json.loads(await chat.export(await full(house), "json"))
    whole["conversation"].update(
        id="0" * 12, created_at=1e300, updated_at="x", cost_usd="-5", pinned=1, active_leaf="x"
    )
    whole["messages"][1].update(
        cost_usd="99999999",
        cost_source="gift",
        usage={"prompt_tokens": -4, "cost_pico": True},
        timing=[],
        created_at=-1,
    )
    whole["messages"][1]["reply"].update(reasoning_details=[7], media="x")
    path = tmp_path / "session.json"
    path.write_text(json.dumps(whole))
    await chat.import_file(path)
    kept = await chat.get("0" * 12)
    assert (kept.cost_pico, kept.pinned, kept.created_at > 0) == (0, False, True)
    answer = (await chat.saved(kept.id)).messages[1]
    assert (answer.cost.pico, answer.cost.source, answer.created_at) == (None, "unknown", 0.0)
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.cost_pico) == (0, None)
