"""Comparing models in tests: each model has its own answer, in whatever order they are asked.

``python -m tests.support.compare ADDRESS HOME MODEL …`` compares in a process of its own, says ``ready`` when a part of
every answer is kept, and then waits to be killed.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from orchat.chat.comparing import Comparison
from orchat.client import AsyncClient
from orchat.demo.answer import Step
from orchat.demo.server import DemoServer
from orchat.demo.stage import Stage
from orchat.store import tree
from tests.support.house import KEY

WRITER, THINKER, SEER = "demo/writer", "demo/thinker", "demo/seer"


@dataclass(frozen=True)
class ByModel:
    """Plays the step of the model that is asked."""

    steps: Mapping[str, Step]

    async def play(self, stage: Stage) -> None:
        await self.steps[stage.body["model"]].play(stage)


def script(server: DemoServer, steps: Mapping[str, Step], *, times: int = 1) -> None:
    """Let each model answer with its own step, so many times."""
    server.script(*[ByModel(steps)] * (len(steps) * times))


async def _main(address: str, home: str, *models: str) -> None:
    settings = {"api.dialect": "openrouter"}
    client = AsyncClient(api_key=KEY, base_url=address, home=home, settings=settings)
    async with client, client.compare("tell me a story", models) as comparison:
        db = (await client.open()).parts.db
        reading = asyncio.get_running_loop().create_task(_drain(comparison))
        for turn in comparison.turns:
            while not (await db.read(tree.get_message, turn.answer_id)).text:
                await asyncio.sleep(0.01)
        sys.stdout.write(f"ready {comparison.conversation_id}\n")
        sys.stdout.flush()
        await reading


async def _drain(comparison: Comparison) -> None:
    async for _ in comparison:
        pass


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
