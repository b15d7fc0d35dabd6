"""Which models may be asked about a picture: told before anything is sent, because a blind one only refuses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from orchat.domain.content import ImagePart
from orchat.errors import ModelCannotSee
from orchat.store import settings

if TYPE_CHECKING:
    from orchat.config import Config
    from orchat.dispatch.attempt import Ground
    from orchat.domain.catalog import Catalogue
    from orchat.domain.request import ChatRequest

MOST_OFFERS = 5
"""Models that are offered instead."""


def holds_picture(request: ChatRequest) -> bool:
    """Whether anything of a request has to be seen."""
    return any(isinstance(part, ImagePart) for message in request.messages for part in message.content)


def that_see(models: Iterable[str], catalogue: Catalogue) -> tuple[str, ...]:
    """Those of some models that are in the catalogue and take pictures, each once; all where there is no catalogue."""
    named = tuple(dict.fromkeys(models))
    if not catalogue.models:
        return named
    return tuple(name for name in named if (model := catalogue.find(name)) is not None and model.sees)


def is_blind(model: str, catalogue: Catalogue) -> bool:
    """Whether the catalogue says that a model takes no pictures; one that it does not have may well take them."""
    found = catalogue.find(model)
    return found is not None and not found.sees


async def offers(ground: Ground, config: Config) -> tuple[str, ...]:
    """Models that see: those used last, then favourites, then `models.vision`.

    Args:
        ground: Shared parts.
        config: Settings of ``[models]``.

    Returns:
        At most `MOST_OFFERS`, the likeliest choice first.
    """
    recents = await ground.db.read(settings.recents)
    favourites = await ground.db.read(settings.favourites)
    known = await ground.models.known()
    return that_see((*recents, *favourites, *config.models.vision), known)[:MOST_OFFERS]


async def cannot_see(ground: Ground, config: Config, model: str) -> ModelCannotSee:
    """The error for a picture and a model that takes none, with those that could be asked instead.

    Args:
        ground: Shared parts.
        config: Settings of ``[models]``.
        model: The one that is blind.
    """
    offered = await offers(ground, config)
    named = f"Ask one that sees: {', '.join(offered)}." if offered else "Ask a model that sees."
    return ModelCannotSee(f"{model} cannot see pictures", offers=offered, model=model, hint=named)


async def models_for(
    ground: Ground, config: Config, request: ChatRequest, *, first: str, fallbacks: tuple[str, ...]
) -> list[str]:
    """The models that a request may go to, in their order.

    Args:
        ground: Shared parts.
        config: Settings of ``[models]``.
        request: What is asked.
        first: The model that shall answer.
        fallbacks: Those that may answer in its place; for a picture, only those that see.

    Returns:
        `first`, then what is left of `fallbacks`.

    Raises:
        ModelCannotSee: There is a picture, and `first` takes none.
    """
    everyone = list(dict.fromkeys((first, *fallbacks)))
    # Other servers seldom say what their models take.
    if not holds_picture(request) or ground.client.dialect != "openrouter":
        return everyone
    await ground.models.look_up()
    catalogue = await ground.models.known()
    if is_blind(first, catalogue):
        raise await cannot_see(ground, config, first)
    return [first, *(name for name in that_see(everyone, catalogue) if name != first)]
