"""Takes the pictures of README and manual: the real app, on the scripted demo, in a terminal of 112 × 36 cells.

Run it with ``make shots``. The pictures are SVG; where Chromium is installed, they become PNG too.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ["TEXTUAL_ANIMATIONS"] = "none"
os.environ["COLORTERM"] = "truecolor"
sys.path.insert(0, str(Path(__file__).parent.parent))

from textual.pilot import Pilot
from textual.widgets import Input

from orchat.demo import DEMO_KEY, DemoThread
from orchat.demo.answer import Step
from orchat.demo.models import MODELS, WRITER, find
from orchat.demo.script import raw, say
from orchat.demo.stage import Stage
from orchat.runtime import Runtime
from orchat.tui.app import OrchatApp

FOLDER = Path(__file__).parent.parent / "screenshots"
SIZE = (112, 36)

QUESTION = "What does this invoice come to, and is the VAT right?"
ANSWER = '''The net total is **70.84** and the invoice adds 19 % VAT, so it should come to **84.30**. It does.

| item | qty | net |
|:-----|----:|----:|
| Paper A4, 80 g | 12 | 38.40 |
| Toner, black | 1 | 27.90 |
| Delivery | 1 | 4.54 |

The same sum in Python:

```python
def total(lines: list[Line]) -> Decimal:
    """Sum of an invoice, VAT included."""
    net = sum(line.qty * line.price for line in lines)
    return (net * Decimal("1.19")).quantize(CENT)
```
'''
THOUGHT = "Three lines: 38.40, 27.90 and 4.54. They add up to 70.84; times 1.19 is 84.2996, so 84.30 is right. " * 3
MORE = "And page two?"
MORE_ANSWER = "Page 2 is a delivery note without prices: the same three items, with a quantity of **24** for the paper."

WEIGHED = "Which is the better default for a small web service, SQLite or PostgreSQL?"
OPINIONS = {
    "openai/gpt-5-mini": (
        """**SQLite**, until you know why not.

- one file, no server to run, backups are copies
- reads in microseconds, and in WAL mode readers never wait
- thousands of writes a second on one machine

Move when you need a second machine that writes, row-level security or `LISTEN`/`NOTIFY`.

```sql
PRAGMA journal_mode = WAL;
PRAGMA busy_timeout = 5000;
```
""",
        {"first_token_s": 0.3, "tokens_per_s": 110.0, "usage": {"cost": 0.00036}, "provider": "OpenAI"},
    ),
    "google/gemini-2.5-flash": (
        """It depends on **who writes**.

| | SQLite | PostgreSQL |
|:--|:--|:--|
| writers | one | many |
| servers | none | one |
| backup | copy a file | `pg_dump` |

For one process on one machine SQLite is simpler and faster. As soon as several hosts write, PostgreSQL saves you from \
building locks of your own.
""",
        {"first_token_s": 0.4, "tokens_per_s": 140.0, "usage": {"cost": 0.00029}, "provider": "Google"},
    ),
    "anthropic/claude-sonnet-4.5": (
        """Start with **PostgreSQL** if you already run one; otherwise SQLite.

1. The cost of SQLite is that a second writer waits.
2. The cost of PostgreSQL is that somebody has to look after it.

Most small services never meet the first cost, and all of them meet the second. Keep the SQL plain, and moving later \
takes an afternoon, not a rewrite of the service around a new data layer.
""",
        {"first_token_s": 0.6, "tokens_per_s": 30.0, "usage": {"cost": 0.00412}, "provider": "Anthropic"},
    ),
}
COMPARE_SIZE = (132, 28)


class Opinion:
    """The answer of the model that is asked."""

    async def play(self, stage: Stage) -> None:
        """Say it."""
        text, how = OPINIONS[stage.body["model"]]
        step: Step = say(text, model=stage.body["model"], **how)
        await step.play(stage)


def _catalogue() -> bytes:
    """The demo's models, and those that are compared."""
    writer = find(WRITER)
    assert writer is not None
    more = [
        {
            **writer,
            "id": id,
            "name": id.partition("/")[2],
            "pricing": {"prompt": price, "completion": f"{float(price) * 6:f}"},
        }
        for id, price in zip(OPINIONS, ("0.00000025", "0.0000003", "0.000003"), strict=True)
    ]
    return json.dumps({"data": [*MODELS, *more]}).encode()


async def take_comparison(theme: str, demo: DemoThread, home: str) -> None:
    """Three models side by side, two of them done."""
    demo.server.script(raw(_catalogue(), content_type="application/json", framing="length"), path="/models")
    demo.server.script(*[Opinion()] * len(OPINIONS))
    async with _runtime(theme, demo, home, model=next(iter(OPINIONS))) as runtime:
        app = OrchatApp(runtime)
        async with app.run_test(size=COMPARE_SIZE) as pilot:
            while not runtime.started:
                await pilot.pause(0.05)
            await pilot.press(*map(_key, WEIGHED), "f7")
            await pilot.pause(0.5)
            await _mark(app, pilot)
            await pilot.press("enter")
            await pilot.pause(2.6)
            await pilot.press("right")
            await pilot.pause(0.2)
            save(app, f"compare-{theme.removeprefix('orchat-')}", COMPARE_SIZE)


async def _mark(app: OrchatApp, pilot: Pilot[None]) -> None:
    """Mark these models, and no others."""
    for name in list(OPINIONS)[1:]:
        app.screen.query_one(Input).value = name
        await pilot.pause(0.2)
        await pilot.press("tab")


async def take(theme: str, demo: DemoThread, home: str) -> None:
    """The chat, then the picker over it, in one theme."""
    who = {"model": "google/gemini-2.5-flash", "provider": "Google", "tokens_per_s": 120.0}
    demo.server.script(
        say(ANSWER, reasoning=THOUGHT, first_token_s=0.4, usage={"cost": 0.00041}, **who),
        say(MORE_ANSWER, first_token_s=0.3, usage={"cost": 0.00008}, **who),
    )
    runtime = _runtime(theme, demo, home)
    name = theme.removeprefix("orchat-")
    async with runtime:
        app = OrchatApp(runtime)
        async with app.run_test(size=SIZE) as pilot:
            while not runtime.started:
                await pilot.pause(0.05)
            for prompt in (QUESTION, MORE):
                await pilot.press(*(_key(character) for character in prompt), "enter")
                await pilot.pause(4.5)
            save(app, f"chat-{name}")
            await pilot.press("ctrl+o")
            await pilot.pause(0.5)
            save(app, f"picker-{name}")


def _runtime(theme: str, demo: DemoThread, home: str, *, model: str | None = None) -> Runtime:
    chosen = {"models.default": model} if model else {}
    return Runtime.create(
        front_end="tui",
        home=home,
        settings={"api.base_url": demo.base_url, "api.dialect": "openrouter", "tui.theme": theme, **chosen},
        key=DEMO_KEY,
        key_label="work",
    )


def _key(character: str) -> str:
    names = {" ": "space", ",": "comma", "?": "question_mark"}
    return names.get(character, character)


def save(app: OrchatApp, name: str, size: tuple[int, int] = SIZE) -> None:
    """Write one picture."""
    svg = FOLDER / f"{name}.svg"
    svg.write_text(app.export_screenshot(), encoding="utf-8")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.stderr.write(f"{svg.name}: no Chromium here, so no PNG\n")
        return
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--hide-scrollbars", "--default-background-color=00000000", f"--user-data-dir={profile}",
                f"--window-size={round(12.2 * size[0]) + 24},{round(24.4 * size[1]) + 52}",
                f"--screenshot={svg.with_suffix('.png')}", svg.as_uri(),
            ],
            check=True,
            capture_output=True,
        )  # fmt: skip


async def main() -> None:
    """Both themes."""
    FOLDER.mkdir(exist_ok=True)
    for theme in ("orchat-dark", "orchat-light"):
        demo = DemoThread().start()
        with tempfile.TemporaryDirectory() as home:
            await take(theme, demo, home)
        with tempfile.TemporaryDirectory() as home:
            await take_comparison(theme, demo, home)
        demo.stop()


if __name__ == "__main__":
    asyncio.run(main())
