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

from PIL import Image
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from docs.scans import lay_out
from docs.words import (
    ABOUT,
    ANSWER,
    MORE,
    MORE_ANSWER,
    OPINIONS,
    PAGES,
    PICKED,
    QUESTION,
    TALKS,
    THOUGHT,
    WEIGHED,
)  # fmt: skip
from orchat.demo import DEMO_KEY, DemoThread
from orchat.demo.answer import Step
from orchat.demo.models import MODELS, WRITER, find
from orchat.demo.script import fault, raw, say
from orchat.demo.stage import Stage
from orchat.domain.conversation import Draft
from orchat.domain.events import Timing
from orchat.domain.ledger import Attempt, Settlement
from orchat.domain.money import UNKNOWN_COST, Cost, Usage
from orchat.runtime import Runtime
from orchat.store import ledger
from orchat.store.connection import Connection
from orchat.tui.app import OrchatApp
from orchat.tui.widgets.composer import Composer

FOLDER = Path(__file__).parent.parent / "screenshots"
SIZE = (112, 36)

COMPARE_SIZE = (132, 28)


class Opinion:
    """The answer of the model that is asked."""

    async def play(self, stage: Stage) -> None:
        """Say it."""
        text, how = OPINIONS[stage.body["model"]]
        step: Step = say(text, model=stage.body["model"], **how)
        await step.play(stage)


def _catalogue() -> bytes:
    """The demo's models, and some that everybody knows."""
    writer = find(WRITER)
    assert writer is not None
    more = [
        {
            **writer,
            "id": id,
            "name": id.partition("/")[2].replace("-", " ").title(),
            "description": ABOUT,
            "context_length": context,
            "architecture": {"input_modalities": takes.split(), "output_modalities": ["text"]},
            "supported_parameters": ["max_tokens", "temperature", *can.split()],
            "pricing": {"prompt": prompt, "completion": completion},
        }
        for id, prompt, completion, context, takes, can in PICKED
    ]
    return json.dumps({"data": [*more, *MODELS]}).encode()


async def live_a_fortnight(runtime: Runtime, demo: DemoThread) -> None:
    """What somebody leaves behind in two weeks: sessions, and rows in the books."""
    now, db = runtime.clock.now(), runtime.parts.db
    for title, answer, model, hours in TALKS:
        id = PICKED[model][0]
        demo.server.script(
            say(answer, model=id, usage={"cost": 0.0004 * (model + 1)}, first_token_s=0, tokens_per_s=9e9)
        )
        made = await runtime.conversations.create(model=id)
        async with await runtime.conversations.send(made.id, Draft(text=title)) as turn:
            async for _ in turn:
                pass
        await db.write(_grow_old, made.id, now - hours * 3600.0)
    await db.write(lambda connection: connection.execute("DELETE FROM attempts"))
    for day in range(1, 14):
        for number in range(1 + day * 7 % 5):
            await _spend(runtime, now - day * 86_400.0, day + number)


def _grow_old(connection: Connection, id: str, then: float) -> None:
    connection.execute("UPDATE conversations SET created_at = ?, updated_at = ? WHERE id = ?", (then, then, id))


async def _spend(runtime: Runtime, then: float, number: int) -> None:
    model = PICKED[number % len(PICKED)][0]
    attempt = Attempt(
        started_at=then,
        model=model,
        key_label="work" if number % 3 else "private",
        key_fingerprint="f",
        front_end="tui",
    )
    row = await runtime.parts.db.write(ledger.begin, attempt, "shots")
    used = Usage(prompt_tokens=900 + 701 * number % 4_000, completion_tokens=240 + 83 * number)
    pico = (17 + 31 * number % 90) * 10**9
    done = Settlement(
        outcome="cut" if number % 11 == 0 else "done",
        provider=("Google", "OpenAI", "Anthropic", "DeepInfra")[number % 4],
        usage=used,
        cost=UNKNOWN_COST if number == 9 else Cost(pico=pico, source="estimated" if number % 11 == 0 else "reported"),
        timing=Timing(total_ms=1_900),
    )
    await runtime.parts.db.write(ledger.settle, row, done)


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


async def take_attaching(theme: str, demo: DemoThread, home: str) -> None:
    """Files that are chosen, what was sent with a prompt, and one of them as large as the screen."""
    id = PICKED[0][0]
    demo.server.script(raw(_catalogue(), content_type="application/json", framing="length"), path="/models")
    demo.server.script(
        say(ANSWER, model=id, provider="Google", tokens_per_s=400.0, first_token_s=0.2, usage={"cost": 0.00091})
    )
    folder, name = lay_out(Path(home) / "scans"), theme.removeprefix("orchat-")
    # Whoever looks at the pictures shall see a folder of somebody's own.
    os.environ["HOME"] = home
    async with _runtime(theme, demo, home, model=id) as runtime:
        app = OrchatApp(runtime)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.pause(1.0)
            await _paste(app, pilot, f"{folder}/scan-004.png")
            await _type(pilot, QUESTION, "enter", seconds=3.0)
            save(app, f"pictures-{name}")
            app.screen.query_one(Composer).area.load(f"/attach {folder}")
            await pilot.press("enter")
            await pilot.pause(0.6)
            await _type(pilot, "scan", seconds=0.4)
            await pilot.press("down", "space", "space", "up")
            await pilot.pause(1.5)
            save(app, f"attach-{name}")
            await pilot.press("escape")
            await _paste(app, pilot, f"{folder}/holiday.jpg {folder}/terms.pdf {folder}/scan-007.png")
            await pilot.press("f8", "right", "right")
            await pilot.pause(0.3)
            save(app, f"chips-{name}")
            await pilot.press("left", "left", "enter")
            await pilot.pause(1.0)
            save(app, f"preview-{name}")


async def take_reading(theme: str, demo: DemoThread, home: str) -> None:
    """A stack of scans that is read page by page."""
    demo.server.script(raw(_catalogue(), content_type="application/json", framing="length"), path="/models")
    demo.server.script(*[say(text, usage={"cost": 0.00041}, first_token_s=0.2) for text in PAGES])
    folder = lay_out(Path(home) / "scans")
    os.environ["HOME"] = home
    async with _runtime(theme, demo, home, model=PICKED[0][0]) as runtime:
        app = OrchatApp(runtime)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.pause(1.0)
            scans = " ".join(str(folder / f"scan-00{number}.png") for number in range(4, 8))
            app.screen.query_one(Composer).area.load(f"/ocr {scans}")
            await pilot.press("enter")
            await pilot.pause(1.5)
            await pilot.press("enter")
            await pilot.pause(6.0)
            save(app, f"ocr-{theme.removeprefix('orchat-')}")


async def _paste(app: OrchatApp, pilot: Pilot[None], text: str) -> None:
    app.post_message(events.Paste(text))
    await pilot.pause(2.5)


async def _mark(app: OrchatApp, pilot: Pilot[None]) -> None:
    """Mark these models, and no others."""
    for name in list(OPINIONS)[1:]:
        app.screen.query_one(Input).value = name
        await pilot.pause(0.2)
        await pilot.press("tab")


async def take(theme: str, demo: DemoThread, home: str) -> None:
    """The chat, and everything that opens over it, in one theme."""
    id = PICKED[0][0]
    who = {"model": id, "provider": "Google", "tokens_per_s": 120.0}
    demo.server.script(raw(_catalogue(), content_type="application/json", framing="length"), path="/models")
    name = theme.removeprefix("orchat-")
    async with _runtime(theme, demo, home, model=id) as runtime:
        await runtime.start()
        await live_a_fortnight(runtime, demo)
        demo.server.script(
            say(ANSWER, reasoning=THOUGHT, first_token_s=0.4, usage={"cost": 0.00041}, **who),
            say(MORE_ANSWER, first_token_s=0.3, usage={"cost": 0.00008}, **who),
            fault("402-max-tokens"),
        )
        app = OrchatApp(runtime)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.pause(1.0)
            if name == "dark":
                save(app, f"new-{name}")
            for prompt in (QUESTION, MORE):
                await _type(pilot, prompt, "enter", seconds=4.5)
            save(app, f"chat-{name}")
            over = (("ctrl+o", "picker"), ("ctrl+u", "usage"), ("f1", "help"), ("ctrl+r", "sessions"))
            for keys, what in over[: None if name == "dark" else 1]:
                await pilot.press(keys)
                await pilot.pause(0.5)
                if what == "picker":
                    await _type(pilot, "gem", seconds=0.3)
                if what == "sessions":
                    await pilot.press("down")
                    await pilot.pause(0.5)
                save(app, f"{what}-{name}")
                await pilot.press("escape")
                await pilot.pause(0.2)
            if name != "dark":
                return
            await _type(pilot, "Now write all of it as a novel.", "enter", seconds=1.5)
            save(app, f"error-{name}")


async def _type(pilot: Pilot[None], text: str, *keys: str, seconds: float) -> None:
    await pilot.press(*map(_key, text), *keys)
    await pilot.pause(seconds)


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
    names = {" ": "space", ",": "comma", "?": "question_mark", ".": "full_stop"}
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
    _shrink(svg.with_suffix(".png"))


def _shrink(file: Path) -> None:
    """Keep the colours that cover most: grounds that differ by a shade stay as they are, and a quarter of the bytes."""
    with Image.open(file) as picture:
        frame = picture.getpixel((picture.width // 2, 4))
        whole = Image.new("RGBA", picture.size, frame)
        whole.alpha_composite(picture.convert("RGBA"))
    flat = whole.convert("RGB")
    common = sorted(flat.getcolors(flat.width * flat.height) or (), reverse=True)[:256]
    palette = Image.new("P", (1, 1))
    palette.putpalette([channel for _, colour in common for channel in colour])
    flat.quantize(palette=palette, dither=Image.Dither.NONE).save(file, optimize=True)


async def main() -> None:
    """Both themes."""
    FOLDER.mkdir(exist_ok=True)
    for theme in ("orchat-dark", "orchat-light"):
        demo = DemoThread().start()
        with tempfile.TemporaryDirectory() as home:
            await take(theme, demo, home)
        with tempfile.TemporaryDirectory() as home:
            await take_comparison(theme, demo, home)
        with tempfile.TemporaryDirectory() as home:
            await take_attaching(theme, demo, home)
        with tempfile.TemporaryDirectory() as home:
            await take_reading(theme, demo, home)
        demo.stop()


if __name__ == "__main__":
    asyncio.run(main())
