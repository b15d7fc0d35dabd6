"""Takes the pictures of README and manual: the real app, on the scripted demo, in a terminal of 112 × 36 cells.

Run it with ``make shots``. The pictures are SVG; where Chromium is installed, they become PNG too.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ["TEXTUAL_ANIMATIONS"] = "none"
os.environ["COLORTERM"] = "truecolor"
sys.path.insert(0, str(Path(__file__).parent.parent))

from orchat.demo import DEMO_KEY, DemoThread
from orchat.demo.script import say
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


async def take(theme: str, demo: DemoThread, home: str) -> None:
    """The chat, then the picker over it, in one theme."""
    who = {"model": "google/gemini-2.5-flash", "provider": "Google", "tokens_per_s": 120.0}
    demo.server.script(
        say(ANSWER, reasoning=THOUGHT, first_token_s=0.4, usage={"cost": 0.00041}, **who),
        say(MORE_ANSWER, first_token_s=0.3, usage={"cost": 0.00008}, **who),
    )
    runtime = Runtime.create(
        front_end="tui",
        home=home,
        settings={"api.base_url": demo.base_url, "api.dialect": "openrouter", "tui.theme": theme},
        key=DEMO_KEY,
        key_label="work",
    )
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


def _key(character: str) -> str:
    names = {" ": "space", ",": "comma", "?": "question_mark"}
    return names.get(character, character)


def save(app: OrchatApp, name: str) -> None:
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
                "--window-size=1390,930", f"--screenshot={svg.with_suffix('.png')}", svg.as_uri(),
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
        demo.stop()


if __name__ == "__main__":
    asyncio.run(main())
