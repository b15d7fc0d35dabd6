"""The processes of a soak: the server, and a nursery of clients. Run as ``python -m tests.support.soak_process ROLE``.

The nursery has loaded everything before it forks, so that a client starts within milliseconds, however often one is
killed. Both read one line of JSON for each thing that they are to do, and answer with one.
"""

from __future__ import annotations

import asyncio
import faulthandler
import json
import os
import signal
import sys
import traceback
from collections import Counter
from decimal import Decimal
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

from orchat.clock import SystemClock
from orchat.demo import lookups
from orchat.demo.accounts import DemoKey
from orchat.demo.server import DemoServer
from orchat.domain.secret import Secret
from orchat.errors import OrchatError

WHOLE = (
    "httpx",
    "orchat.client",
    "orchat.runtime",
    "orchat.config",
    "orchat.chat.service",
    "orchat.chat.books",
    "orchat.dispatch.dispatcher",
    "orchat.dispatch.reconcile",
    "orchat.keys.ring",
    "orchat.openrouter.client",
)
FAILURES = ("500", "cut", "empty", "early")
"""What is asked of the model that fails."""
FAILS_EVERY = 10
"""So many requests lead to one failure."""


def say(value: object) -> None:
    sys.stdout.write(f"{json.dumps(value)}\n")
    sys.stdout.flush()


# ---- the server


async def serve(pace: float) -> None:
    """Serve until the end of the input; the first line names the keys, any other one asks what was seen."""
    lookups.GENERATIONS_KEPT = 1 << 30
    loop = asyncio.get_running_loop()
    keys = json.loads(await loop.run_in_executor(None, sys.stdin.readline))
    terms = {key: DemoKey(account=label, credits=Decimal(1_000_000)) for label, key in keys.items()}
    async with DemoServer(pace=pace, keys=terms) as server:
        say(server.base_url)
        while await loop.run_in_executor(None, sys.stdin.readline):
            say([_seen(server, chat) for chat in server.chats])


def _seen(server: DemoServer, chat: Any) -> dict[str, Any]:
    _, known = server._lookups._generations.get(chat.generation_id, (0, {}))
    return {
        "name": chat.body["user"],
        "fingerprint": chat.key_fingerprint,
        "generation": chat.generation_id,
        "outcome": chat.outcome,
        "cost": str(known.get("total_cost", 0)),
        "arrived_at": chat.arrived_at,
        "ended_at": chat.ended_at,
    }


# ---- the clients


def nursery() -> None:
    """Fork clients, kill them, and wait for them, as each line of input says."""
    faulthandler.enable()
    for module in WHOLE:
        import_module(module)
    say("ready")
    for line in sys.stdin:
        what, argument = json.loads(line)
        if what == "fork":
            say(_forked(argument))
            continue
        if what == "kill":
            os.kill(argument, signal.SIGKILL)
        _, status = os.waitpid(argument, 0)
        say(os.waitstatus_to_exitcode(status))


def _forked(job: dict[str, Any]) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        sys.stdin.close()
        asyncio.run(client(**job))
        status = 0
    except BaseException:
        traceback.print_exc()
    os._exit(status)


async def client(
    *,
    number: int,
    label: str,
    key: str | None,
    settings: dict[str, Any],
    home: str,
    wanted: int,
    requests: int,
    until: float,
    results: str,
) -> None:
    """One instance: some requests at the same time, again and again.

    Args:
        number: Of this client; the names of its requests begin with it.
        label: The key of the ring that it chooses.
        key: The key that it is given instead.
        settings: By dotted name.
        home: Where everything is kept.
        wanted: Requests at the same time.
        requests: How many in all.
        until: When no new one is begun, on the monotonic clock.
        results: Folder for what came of it.
    """
    from orchat.client import AsyncClient, request
    from orchat.dispatch.dispatcher import Circumstances
    from orchat.domain.events import Queued

    clock = SystemClock()
    outcomes: Counter[str] = Counter()
    waits: list[float] = []
    numbers = iter(range(requests) if requests else count())

    async def ask(place: int) -> None:
        """The name of a request is its conversation in the ledger and its user at the server."""
        fails = place % FAILS_EVERY == FAILS_EVERY - 1
        name = f"{number}.{place}"
        asked = request(
            FAILURES[place // FAILS_EVERY % len(FAILURES)] if fails else "hello",
            model="demo/faulty" if fails else "demo/writer",
            max_completion_tokens=12,
            user=name,
        )
        began = clock.monotonic()
        wait = 0.0
        try:
            async with runtime.dispatcher.stream(asked, Circumstances(conversation_id=name)) as stream:
                async for event in stream:
                    if isinstance(event, Queued):
                        wait = clock.monotonic() - began
            outcomes["done"] += 1
        except OrchatError as error:
            outcomes[error.kind] += 1
            if not fails:
                raise
        waits.append(wait)

    async def work() -> None:
        for place in numbers:
            if clock.monotonic() >= until:
                return
            await ask(place)

    secret = None if key is None else Secret(key)
    async with AsyncClient(api_key=secret, home=home, settings=settings) as opened:
        runtime = await opened.open()
        if key is None:
            await runtime.switch_key(label)
        await asyncio.gather(*(work() for _ in range(wanted)))
    (Path(results) / f"{number}.json").write_text(json.dumps({"outcomes": outcomes, "waits": waits}))


def main() -> None:
    if sys.argv[1] == "serve":
        asyncio.run(serve(float(sys.argv[2])))
    else:
        nursery()


if __name__ == "__main__":
    main()
