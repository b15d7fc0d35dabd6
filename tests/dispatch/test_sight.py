"""A picture goes to models that see, and to no others; that is told before anything is sent."""

from __future__ import annotations

import base64

import pytest

from orchat.demo.script import fail, raw, say
from orchat.demo.server import DemoServer
from orchat.dispatch import sight
from orchat.dispatch.dispatcher import Circumstances
from orchat.domain.catalog import Catalogue, Model
from orchat.domain.content import ImagePart, message
from orchat.domain.events import Event, FellBack
from orchat.domain.request import ChatRequest
from orchat.errors import ModelCannotSee, OrchatError
from orchat.store import settings
from tests.support.clock import FakeClock
from tests.support.house import House, make_runtime
from tests.support.pictures import encoded, quarters

pytestmark = pytest.mark.anyio

PICTURE = ImagePart(url=f"data:image/png;base64,{base64.b64encode(encoded(quarters(), 'PNG')).decode()}")
CATALOGUE = Catalogue(
    models=(
        Model(id="a/sees", input_modalities=("text", "image"), canonical_slug="a/sees-2026"),
        Model(id="a/blind"),
        Model(id="~a/sees-latest", input_modalities=("text", "image")),
    ),
    fetched_at=1.0,
)


async def ask(house: House, model: str | None, *fallbacks: str) -> list[Event]:
    request = ChatRequest(messages=(message("user", "What is it?", PICTURE),), model=model)
    async with house.runtime.dispatcher.stream(request, Circumstances(fallbacks=fallbacks)) as stream:
        return [event async for event in stream]


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        (("a/sees", "a/blind", "~a/sees-latest"), ("a/sees", "~a/sees-latest")),
        (("a/sees:nitro", "a/sees-2026", "a/sees:nitro"), ("a/sees:nitro", "a/sees-2026")),
        (("b/unknown",), ()),
        ((), ()),
    ],
)
def test_models_that_see_are_those_of_which_the_catalogue_says_so(
    models: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert sight.that_see(models, CATALOGUE) == expected


def test_without_a_catalogue_every_model_may_see() -> None:
    assert sight.that_see(("b/unknown", "a/blind"), Catalogue()) == ("b/unknown", "a/blind")
    assert not sight.is_blind("a/blind", Catalogue())


async def test_a_blind_model_is_not_asked_about_a_picture(house: House) -> None:
    await house.runtime.parts.db.write(settings.note_used, "demo/writer")
    await house.runtime.parts.db.write(settings.note_used, "openrouter/auto")
    await house.runtime.parts.db.write(settings.toggle_favourite, "demo/seer")
    with pytest.raises(ModelCannotSee, match="demo/writer cannot see pictures") as caught:
        await ask(house, "demo/writer")
    assert caught.value.offers == ("openrouter/auto", "demo/seer")
    assert caught.value.hint == "Ask one that sees: openrouter/auto, demo/seer."
    assert caught.value.model == "demo/writer"
    assert not house.server.chats
    assert await house.entries() == []


async def test_where_no_model_is_known_to_see_none_is_named(house: House) -> None:
    with pytest.raises(ModelCannotSee) as caught:
        await ask(house, "demo/thinker")
    assert (caught.value.offers, caught.value.hint) == ((), "Ask a model that sees.")


async def test_the_default_model_is_looked_at_too(house: House) -> None:
    with pytest.raises(ModelCannotSee, match="demo/writer"):
        await ask(house, None)


async def test_a_model_that_sees_is_asked(house: House) -> None:
    house.server.script(say("a map"))
    await ask(house, "demo/seer")
    assert house.server.chats[0].body["model"] == "demo/seer"


async def test_a_picture_falls_back_only_on_models_that_see(house: House) -> None:
    house.server.script(fail(404, message="No endpoints found for demo/seer."), say("a map"))
    events = await ask(house, "demo/seer", "demo/writer", "b/unknown", "demo/thinker", "openrouter/auto", "demo/seer")
    assert [event.to_model for event in events if isinstance(event, FellBack)] == ["openrouter/auto"]


async def test_a_text_falls_back_on_any_model(house: House) -> None:
    house.server.script(fail(404, message="No endpoints found for demo/seer."), say("words"))
    events = await house.ask(model="demo/seer", fallbacks=("demo/writer",))
    assert [event.to_model for event in events if isinstance(event, FellBack)] == ["demo/writer"]


async def test_a_model_that_is_not_listed_may_see(house: House) -> None:
    with pytest.raises(OrchatError) as caught:
        await ask(house, "b/unlisted")
    assert not isinstance(caught.value, ModelCannotSee)
    assert len(house.server.chats) == 1


async def test_another_server_is_believed_to_see(server: DemoServer, clock: FakeClock) -> None:
    server.script(say("a map"))
    async with make_runtime(server, clock, api__dialect="openai") as runtime:
        await runtime.start()
        await ask(House(runtime, server, clock), "demo/writer")
    assert len(server.chats) == 1


async def test_without_a_catalogue_the_picture_is_sent(server: DemoServer, clock: FakeClock) -> None:
    server.script(raw(b"{}", content_type="application/json"), path="/models")
    server.script(say("a map"))
    async with make_runtime(server, clock) as runtime:
        await runtime.start()
        await ask(House(runtime, server, clock), "demo/writer", "b/unknown")
    assert len(server.chats) == 1
