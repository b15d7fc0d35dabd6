"""The views of the screen, each as a person gets there and away again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from textual.command import CommandPalette

from orchat.demo.script import Step, fault, say
from orchat.tui.screens.details import DetailsDialog
from orchat.tui.screens.help import Help
from orchat.tui.screens.keys import KeysScreen
from orchat.tui.screens.picker import Picker
from orchat.tui.screens.sessions import Sessions
from orchat.tui.screens.usage import UsageScreen
from orchat.tui.screens.welcome import Welcome
from orchat.tui.transcript.widget import Transcript
from tests.support.clock import FakeClock
from tests.support.screen import Person

View = Callable[[Person], Awaitable[None]]

PROMPT = "What does this invoice come to?"
ANSWER = """\
The net total is **70.84** and the invoice adds 19 % VAT, so it should come to **84.30**. It does.

| item | qty | net |
|---|--:|--:|
| Paper A4, 80 g | 12 | 38.40 |
| Toner, black | 1 | 27.90 |

```python
def total(lines: list[Line]) -> Decimal:
    return sum(line.qty * line.price for line in lines)
```
"""
EVERYTHING = '''\
# A heading

**Bold**, *italic*, ~~struck~~, `code`, [a link](https://example.org/place) and a note[^1].

> Somebody said this.

3. three
   - nested
- [ ] to do
- [x] done

| item | qty |
|---|--:|
| Paper | 12 |

```python
# a comment
@decorator
class Total(Base):
    def of(self, lines: list[int]) -> str:
        """Add up."""
        return f"{1.5 + sum(lines)} text\\n" if lines and not None else r"\\d"
```

```diff
-old
+new
@@ place @@
```

```html
<a href="x">y</a> <!-- a remark -->
```

---

$E = mc^2$

[^1]: The note.
'''
"""All that Markdown can do, and code with every kind of token."""


class StillClock(FakeClock):
    """Time stands still, so that every duration is the same on every machine."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(0.0)


def turn(answer: str = ANSWER) -> tuple[Step, Step]:
    """What the server says in a tour: an answer, then a refusal."""
    return say(answer, reasoning="Three lines. They add up to 70.84."), fault("402-max-tokens")


async def away(person: Person) -> None:
    """Back to the conversation, with nothing in the composer."""
    while person.app.screen is not person.chat:
        top = person.app.screen
        await person.press("escape")
        await person.until(lambda top=top: person.app.screen is not top)  # type: ignore[misc]  # its default binds it
    person.chat.to_composer()
    person.chat.composer.area.load("")
    await person.settled()


async def empty(person: Person) -> None:
    await person.until_shown("New conversation")


async def chat(person: Person) -> None:
    await person.ask(PROMPT)
    person.chat.composer.area.load("and put all of it into one CSV")
    await person.until_shown("CSV")


async def error(person: Person) -> None:
    await person.ask("and again")
    await person.until_shown("Enter")


async def picker(person: Person) -> None:
    await person.press("ctrl+o")
    await person.until_on(Picker)
    await person.until_shown("demo/writer")
    await person.type("demo")
    await person.settled()


async def sessions(person: Person) -> None:
    await person.press("ctrl+r")
    await person.until_on(Sessions)
    await person.until_shown("1 session")


async def found(person: Person) -> None:
    await sessions(person)
    await person.type("invoice")
    await person.settled()


async def usage(person: Person) -> None:
    await person.press("ctrl+u")
    await person.until_on(UsageScreen)
    await person.until_gone("adding up")


async def keys(person: Person) -> None:
    await person.press("ctrl+k")
    await person.until_on(KeysScreen)
    await person.until_shown("Esc back")


async def help_(person: Person) -> None:
    await person.press("f1")
    await person.until_on(Help)
    await person.until_shown("EVERYWHERE", "^R")


async def commands(person: Person) -> None:
    await person.type("/")
    await person.until_shown("/model [PART]")


async def palette(person: Person) -> None:
    await person.press("ctrl+p")
    await person.until_on(CommandPalette)
    await person.type("mod")
    await person.until_shown("Choose the model")


async def welcome(person: Person) -> None:
    person.chat.perform("key")
    await person.until_on(Welcome)
    await person.until_shown("Paste a key")


async def marked(person: Person) -> None:
    await person.press("alt+up")
    await person.until(lambda: person.chat.transcript.marked)


async def details(person: Person) -> None:
    await marked(person)
    await person.press("i")
    await person.until_on(DetailsDialog)


async def selected(person: Person) -> None:
    """Text in the conversation and in the composer is selected, and a toast tells something."""
    person.chat.composer.area.load("some words")
    person.chat.composer.area.select_all()
    place = person.chat.query_one(Transcript)
    await person.pilot.mouse_down(place, offset=(2, 1))
    await person.pilot.hover(place, offset=(40, 12))
    await person.pilot.mouse_up(place, offset=(40, 12))
    person.app.notify("This may be missed.", title="Told", markup=False)
    await person.until_shown("This may be missed.")


BEFORE: tuple[View, ...] = (empty, chat)
"""Of a conversation that begins."""
VIEWS: tuple[View, ...] = (picker, sessions, found, usage, keys, help_, commands, palette, welcome, details, error)
"""Of one with an answer, in the order of the script in `turn`."""
