"""A stack of pages read by a command that is killed again and again, from a server that fails one time in ten.

``python -m tests.support.ocr_soak`` reads 200 pages with 20 kills; it fails where a page is missing, doubled or wrong.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from orchat.demo.accounts import Holder
from orchat.demo.answer import Step
from orchat.demo.faults import fault
from orchat.demo.script import cut_after
from orchat.demo.server import DemoServer
from orchat.demo.stage import Stage
from orchat.tasks import Tasks
from tests.support.cli import command, environment
from tests.support.pages import hex_of, pages_in, sent_colours, tells_of

JOBS = 8
_HEX = re.compile("`(#[0-9a-f]{6})` \\(100%\\)")
_FAULTS = ("502", "503", "429-upstream", "529", "cut")


class FlakyServer(DemoServer):
    """Fails by chance, in the ways that servers fail.

    Args:
        share: Of the requests, 0 to 1.
        chance: Whose numbers decide.
    """

    def __init__(self, share: float, chance: random.Random) -> None:
        super().__init__(pace=0.05)
        self._share = share
        self._chance = chance
        self.failed = 0

    async def _chat(self, stage: Stage, holder: Holder) -> Step:
        if self._chance.random() >= self._share:
            return await super()._chat(stage, holder)
        self.failed += 1
        name = self._chance.choice(_FAULTS)
        return cut_after(9) if name == "cut" else fault(name)


@dataclass(slots=True, kw_only=True)
class Outcome:
    """How it ended."""

    faults: list[str] = field(default_factory=list)
    """What may not be; empty."""
    kills: int = 0
    """How often the command was killed."""
    requests: int = 0
    """That arrived."""
    failed: int = 0
    """Part of them that the server failed."""
    again: int = 0
    """Pages whose answer was lost with the process that waited for it."""
    seconds: float = 0.0
    """In all."""

    def report(self) -> Iterator[str]:
        """Lines for people."""
        yield f"{self.kills} kills, {self.requests} requests, {self.failed} of them failed, in {self.seconds:.0f} s"
        yield f"answers lost with a killed process and asked again: {self.again}"
        yield f"faults: {len(self.faults)}"
        yield from (f"  {fault}" for fault in self.faults[:20])


async def soak(folder: Path, *, pages: int, kills: int, seed: int) -> Outcome:
    """Read the pages.

    Args:
        folder: Empty.
        pages: How many.
        kills: How often the command is killed, each time in the middle of its work.
        seed: Of the chance.
    """
    chance = random.Random(seed)
    outcome, began = Outcome(), time.monotonic()
    source, out = pages_in(folder / "in", range(1, pages + 1)), folder / "out"
    argv = command(*_words(source, out))
    server = FlakyServer(0.1, chance)
    async with server:
        environ = environment(server.base_url, ORCHAT_HOME=str(folder / "home"), ORCHAT_RETRY__ATTEMPTS="3")
        for number in range(kills + 1):
            before, done = len(server.chats), kept(out)
            process = await asyncio.create_subprocess_exec(*argv, env=environ, stdout=DEVNULL, stderr=PIPE)
            if number < kills:
                outcome.kills += await _killed(
                    process, server, chance, before + chance.randint(1, pages // (kills + 1))
                )
            _, said = await process.communicate()
            again = set(sent_colours(server.chats[before:])) & done
            outcome.faults += [f"{page} was done and asked again in run {number}" for page in sorted(again)]
        outcome.requests, outcome.failed = len(server.chats), server.failed
        answered = Counter(sent_colours(chat for chat in server.chats if chat.outcome == "done"))
    if process.returncode != 0:
        outcome.faults.append(f"the last run ended with {process.returncode}: {said.decode()[-300:]}")
    outcome.again = answered.total() - len(answered)
    outcome.faults += wrong(out, pages)
    outcome.seconds = time.monotonic() - began
    return outcome


def _words(source: Path, out: Path) -> tuple[str, ...]:
    return ("ocr", str(source), "-o", str(out), "--resume", "-m", "demo/seer", "--jobs", str(JOBS), "--max-cost", "9")


async def _killed(process: asyncio.subprocess.Process, server: DemoServer, chance: random.Random, count: int) -> bool:
    """Kill a command in the middle of its work; whether it was still at work."""
    tasks = Tasks()
    arrived = tasks.spawn(server.received(count), name="wait for requests")
    ended = tasks.spawn(process.wait(), name="wait for the command")
    await asyncio.wait({arrived, ended}, return_when=asyncio.FIRST_COMPLETED, timeout=60)
    await asyncio.sleep(chance.uniform(0, 0.12))
    is_alive = process.returncode is None
    if is_alive:
        process.kill()
    arrived.cancel()
    await tasks.close(cancel=False)
    return is_alive


def kept(out: Path) -> set[str]:
    """The colours of the pages that are done, by what stands on the disk."""
    texts = [json.loads(path.read_text())["text"] for path in (out / ".orchat-ocr/pages").glob("*.json")]
    return {match for text in texts for match in _HEX.findall(text)}


def wrong(out: Path, pages: int) -> Iterator[str]:
    """What is not as it should be when all is done."""
    if len(list((out / ".orchat-ocr/pages").iterdir())) != pages:
        yield "there are more or fewer records than pages"
    texts = sorted((out / "pages").iterdir())
    if len(texts) != pages:
        yield f"there are {len(texts)} texts of {pages} pages"
    for number, path in enumerate(texts, 1):
        if not tells_of(path.read_text(), number):
            yield f"{path.name} holds something else"
    whole = (out / "document.md").read_text()
    for number in range(1, pages + 1):
        if whole.count(f"`{hex_of(number)}` (100%)") != 1:
            yield f"page {number} stands {whole.count(hex_of(number))} times in the document"


def main() -> None:
    """The exit code is 1 where anything is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        outcome = asyncio.run(soak(Path(folder), pages=200, kills=20, seed=int(time.time())))
    print("\norchat ocr: 200 pages, killed 20 times, one request in ten fails")
    for line in outcome.report():
        print(f"  {line}")
    sys.exit(bool(outcome.faults))


if __name__ == "__main__":
    main()
