"""Comparisons on the screen: how one begins, ends, and what it shows."""

from __future__ import annotations

from orchat.demo.answer import Step
from orchat.demo.script import say
from orchat.tui.screens.compare import CompareScreen
from orchat.tui.screens.several import Several
from orchat.tui.widgets.column import ColumnHead
from tests.support.screen import Person


def sayings(*models: str, **steps: Step) -> dict[str, Step]:
    """What each model says, by default its own name."""
    said: dict[str, Step] = {name: say(f"{name} says", usage={"cost": 0.001}) for name in models}
    return {**said, **{f"demo/{name}": step for name, step in steps.items()}}


async def begin(person: Person, prompt: str, *others: str) -> CompareScreen:
    """Type a prompt, and have it answered by the present model and others."""
    await person.type(prompt)
    await person.press("f7")
    await person.until_on(Several)
    for name in others:
        await person.fill(name)
        await person.press("tab")
    await person.press("enter")
    return await person.until_on(CompareScreen)


async def over(person: Person, *numbers: int) -> None:
    """Wait until these answers are over, or all."""
    screen = person.app.screen
    assert isinstance(screen, CompareScreen)
    answers = screen.comparing.answers
    await person.until(lambda: not any(answers[n].is_running for n in numbers or range(len(answers))))
    await person.settled()


async def back(person: Person) -> None:
    """Wait until the chat is there again, with what came of it."""
    await person.until(lambda: person.app.screen is person.chat)
    await person.until(lambda: all(worker.is_finished or worker.group != "command" for worker in person.app.workers))
    await person.settled()


def heads(person: Person) -> list[tuple[str, str]]:
    return [(head.title, head.state) for head in person.app.screen.query(ColumnHead)]


def said(person: Person) -> list[str]:
    return [person.chat.transcript.source(entry) for entry in person.chat.session.entries]
