"""What may follow a command is offered, taken by Tab, and never put in the place of what was typed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from orchat.config import PersonaSettings
from orchat.demo.server import DemoServer
from orchat.tui import slash
from orchat.tui.arguments import MOST, Arguments
from orchat.tui.screens.picker import Picker
from orchat.tui.widgets.completion import Completion
from tests.support.screen import Person, at_screen, screen_runtime

MODELS: Any = [SimpleNamespace(id=id, name=id.upper()) for id in ("a/writer", "b/thinker", "writer/c")]
ALL = Arguments(
    models=lambda: MODELS,
    themes=("nord", "orchat-dark"),
    personas={"poet": PersonaSettings(system="Verse."), "pilot": PersonaSettings(model="m")},
)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("/model wri", ["writer/c", "a/writer"]),
        ("/model ", ["a/writer", "b/thinker", "writer/c"]),
        ("/model a/writer", []),
        ("/model a/writer b", []),
        ("/again thi", ["b/thinker"]),
        ("/compare a/writer thi", ["b/thinker"]),
        ("/theme n", ["nord"]),
        ("/persona p", ["poet", "pilot"]),
        ("/persona no", ["none"]),
        ("/effort hi", ["high", "xhigh"]),
        ("/web o", ["on", "off"]),
        ("/provider so", ["sort=price", "sort=throughput", "sort=latency", "sort=exacto"]),
        ("/provider sort=price zd", ["zdr=true", "zdr=false"]),
        ("/provider order", ["order="]),
        ("/set temp", ["temperature "]),
        ("/set reasoning.effort mi", ["minimal"]),
        ("/set temperature d", ["default"]),
        ("/set temperature 1 2", []),
        ("/new x", []),
        ("/nonsense x", []),
        ("/model", []),
        ("model x", []),
        ("/model x\ny", []),
    ],
)
def test_what_may_follow_is_offered(typed: str, words: list[str]) -> None:
    offers = ALL.offers(typed)
    assert [offer.word for offer in offers] == words
    head = typed.rpartition(" ")[0]
    assert all(offer.line == f"{head} {offer.word}" for offer in offers)
    assert all(offer.is_whole == (not offer.word.endswith(("=", " "))) for offer in offers)


def test_nothing_is_offered_where_there_is_nothing() -> None:
    assert Arguments().offers("/model a") == Arguments().offers("/persona ") == []
    many: Any = [SimpleNamespace(id=f"m/{number}", name="") for number in range(2 * MOST)]
    assert len(Arguments(models=lambda: many).offers("/model m")) == MOST
    assert [offer.about for offer in ALL.offers("/persona ")] == ["Verse.", "m", "nobody any more"]


def test_a_name_that_was_typed_whole_comes_first() -> None:
    assert [command.slash for command in slash.completions("/temp")][:2] == ["temp", "temperature"]
    assert slash.completions("/key")[0].slash == "key"


async def offered(person: Person, typed: str, *words: str) -> None:
    await person.type(typed)
    await person.until(lambda: person.chat.query_one(Completion).is_open)
    await person.until_shown(*words)


@pytest.mark.anyio
async def test_tab_takes_an_offer_and_enter_what_was_typed(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await offered(person, "/effort l", "low")
        await person.press("tab")
        assert person.composer_text == "/effort low"
        await person.press("enter")
        await person.until_told("effort: low")
        await offered(person, "/set temp", "temperature")
        await person.press("tab")
        await person.until(lambda: person.composer_text == "/set temperature ")
        await person.type("0.3")
        await person.press("enter")
        await person.until_told("temperature: 0.3")
        await offered(person, "/model demo", "demo/thinker")
        await person.press("enter")
        await person.until_on(Picker)
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.chat)


@pytest.mark.anyio
async def test_enter_takes_an_offer_that_was_looked_for(server: DemoServer) -> None:
    async with at_screen(screen_runtime(server)) as person:
        await offered(person, "/model demo/th", "demo/thinker")
        await person.press("down", "up", "enter")
        await person.until(lambda: person.chat.session.model == "demo/thinker")
        await offered(person, "/provider ord", "order=")
        await person.press("down", "enter")
        await person.until(lambda: person.composer_text == "/provider order=")
        await person.press("escape")
        person.chat.composer.area.load("")
        await offered(person, "/theme nor", "nord")
        await person.click("nord")
        await person.until(lambda: person.app.theme == "nord")
