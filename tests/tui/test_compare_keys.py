"""Keys beside several answers: help, copying code, and keys of somebody's own."""

from __future__ import annotations

import pytest

from orchat.demo.script import fault, say
from orchat.demo.server import DemoServer
from orchat.tui import clipboard
from orchat.tui.screens.compare import CompareScreen
from orchat.tui.screens.confirm import Choose
from orchat.tui.screens.help import Help
from tests.support.compare import THINKER, WRITER, script
from tests.support.comparing import back, begin, over, sayings
from tests.support.screen import at_screen, screen_runtime

pytestmark = pytest.mark.anyio

ONE = "So:\n\n```python\nprint(1)\n```\n"
TWO = f"{ONE}\nor\n\n```sh\necho two\n```\n"


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What reached the clipboard."""
    texts: list[str] = []

    async def copy(text: str, *_around: object) -> bool:
        texts.append(text)
        return "three" not in text

    monkeypatch.setattr(clipboard, "copy", copy)
    return texts


async def test_help_begins_with_the_keys_of_the_comparison(server: DemoServer) -> None:
    script(server, sayings(WRITER, THINKER))
    async with at_screen(screen_runtime(server)) as person:
        screen = await begin(person, "hi", "thinker")
        await over(person)
        assert person.lines[-1].split()[-1] == "help"
        await person.press("f1")
        await person.until_on(Help)
        await person.until_shown("COMPARING MODELS (F7)", "y            Copy a code block of it", "EVERYWHERE")
        await person.press("f1")
        assert isinstance(person.app.screen, Help), "help has no help of its own"
        await person.press("escape")
        await person.until(lambda: person.app.screen is screen)
        await person.press("escape")
        await back(person)


async def test_a_block_of_code_is_copied_from_the_answer_that_keys_are_for(
    server: DemoServer, copied: list[str]
) -> None:
    script(server, {WRITER: say(ONE), THINKER: say(TWO)})
    async with at_screen(screen_runtime(server)) as person:
        await begin(person, "hi", "thinker")
        await over(person)
        await person.until_shown("y copy code", "y copy")
        await person.press("y")
        await person.until_told("Copied the code.")
        assert copied == ["print(1)\n"]
        await person.press("right", "y")
        await person.until_on(Choose)
        await person.until_shown("1  print(1)", "2  echo two")
        await person.press("down", "enter")
        await person.until(lambda: copied == ["print(1)\n", "echo two\n"])
        await person.until_on(CompareScreen)
        await person.press("y")
        await person.until_on(Choose)
        await person.press("escape")
        await person.until_on(CompareScreen)
        assert len(copied) == 2


async def test_an_answer_without_code_says_so_and_shows_no_key_for_it(server: DemoServer, copied: list[str]) -> None:
    script(server, {WRITER: say("no code"), THINKER: say("```\nthree\n```\n")})
    async with at_screen(screen_runtime(server)) as person:
        await begin(person, "hi", "thinker")
        await over(person)
        assert "copy code" not in person.lines[-1]
        await person.press("y")
        await person.until_told("There is no code in this answer.")
        assert copied == []
        await person.press("right", "y")
        await person.until_told("Could not copy the code: it is too long for the terminal's clipboard.")


async def test_keys_of_somebodys_own_count_here_and_are_shown_here(server: DemoServer, copied: list[str]) -> None:
    runtime = screen_runtime(server, retry__attempts=0)
    own = {
        "compare_copy": "k",
        "compare_copy_code": "",
        "compare_again": "g",
        "compare_stop": "q",
        "compare_after": "l",
    }
    runtime.config.keymap.update(own)  # type: ignore[attr-defined]  # as [keymap] in config.toml gives it
    script(server, {WRITER: say(ONE), THINKER: fault("403-moderation")})
    async with at_screen(runtime) as person:
        await begin(person, "hi", "thinker")
        await over(person)
        await person.until_shown("q back", "← l answer", "k copy", "g again", "F1 help")
        assert "copy code" not in person.lines[-1] and "y copy" not in person.text
        await person.press("c", "y")
        assert copied == []
        await person.press("k")
        await person.until_told("Copied answer 1.")
        await person.press("l")
        await person.until_shown("g again")
        script(server, sayings(THINKER))
        await person.press("r", "g")
        await person.until_shown("demo/thinker says")
        await person.press("escape")
        await person.until_on(CompareScreen)
        await person.press("q")
        await back(person)
