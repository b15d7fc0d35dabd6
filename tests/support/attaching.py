"""Attaching on the screen: what goes along, and what the model with eyes saw of it."""

from __future__ import annotations

import re

from orchat.tui.widgets.chips import Chips
from tests.support.screen import Person

RED, GREEN, BLUE = "scan-red.png", "scan-green.png", "scan-blue.png"


def seen(person: Person) -> list[str]:
    """The colour of each picture that the vision model saw, in its order."""
    answer = person.chat.last_answer()
    return [] if answer is None else re.findall(r"Quarters: (\w+) above", answer.source)


def chips(person: Person) -> list[str]:
    """The names of the files that go along, as far as their chips are shown."""
    composer = person.chat.composer
    shown = person.chat.query_one(Chips).chips[: len(composer.files)]
    return [file.name for file, chip in zip(composer.files, shown, strict=False) if chip.startswith(file.name)]


async def has(person: Person, *names: str) -> None:
    await person.until(lambda: chips(person) == list(names))


async def send(person: Person, text: str = "") -> None:
    before = person.chat.session.turns
    if text:
        person.chat.composer.area.load(text)
    await person.press("enter")
    await person.until(lambda: person.chat.session.turns > before and not person.chat.session.busy)
    await person.settled()
