"""A key is in no word that orchat leaves behind, whatever a server makes of it."""

from __future__ import annotations

import json
import traceback
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchat import errors, logs
from orchat.chat.transfers import FORMATS
from orchat.config import LogSettings
from orchat.demo.accounts import DemoKey
from orchat.demo.faults import FAULTS, fault
from orchat.demo.script import Step, cut_after, error_event, fail, raw, say
from orchat.demo.server import DemoServer
from orchat.domain.conversation import Draft
from orchat.domain.secret import Secret
from tests.support.clock import FakeClock
from tests.support.house import House, ring_runtime

pytestmark = pytest.mark.anyio

# None looks like a key of OpenRouter, so that nothing but knowing them can take them out.
SENTINELS = {"first": Secret("SENTINEL-one-0123456789abcdef"), "second": Secret("SENTINEL-two-0123456789abcdef")}
KEY = SENTINELS["first"].reveal()
ECHO = f"Incorrect API key provided: {KEY} ({SENTINELS['first'].fingerprint})"


def echoed(status: int, **metadata: object) -> Step:
    return fail(status, message=ECHO, metadata=metadata)


ECHOES: dict[str, Step] = {
    **{
        str(status): echoed(status) for status in (400, 401, 402, 403, 404, 408, 409, 413, 418, 422, 429, 500, 502, 503)
    },
    "402 credits": echoed(402, limit_source="openrouter_credits", remedy_hint=ECHO),
    "402 key limit": echoed(402, limit_source="openrouter_key_limit", remedy_hint=ECHO),
    "402 in flight": echoed(402, limit_source="openrouter_in_flight_budget", remedy_hint=ECHO),
    "403 refused": echoed(403, reasons=[ECHO]),
    "429 free": echoed(429, limit_source="openrouter_free_tier_daily"),
    "raw": fail(502, metadata={"raw": ECHO, "provider_name": "Demo"}),
    "page": fail(502, body=f"<html><title>{ECHO}</title></html>"),
    "200 page": raw(f"<html><title>{ECHO}</title></html>".encode(), content_type="text/html"),
    "first event": error_event("first", message=ECHO),
    "event in the middle": error_event("middle", message=ECHO),
    "cut": cut_after(3, text="Once"),
    "zod": fail(400, body={"error": {"name": "ZodError", "message": json.dumps([{"message": ECHO}])}}),
}


@pytest.fixture
async def demo(anyio_backend: str, clock: FakeClock) -> AsyncIterator[DemoServer]:
    keys = {secret.reveal(): DemoKey(account=label) for label, secret in SENTINELS.items()}
    async with DemoServer(pace=0, clock=clock, keys=keys) as running:
        yield running


def told(error: BaseException) -> str:
    """Everything that a crash report would show of an error."""
    lines = traceback.TracebackException.from_exception(error, capture_locals=True).format()
    return "".join([*lines, str(error), repr(error), repr(vars(error))])


async def talked(house: House, conversation_id: str) -> str:
    """What a turn of a session says, or how it fails."""
    async with await house.runtime.conversations.send(conversation_id, Draft(text="hello")) as turn:
        try:
            return repr([event async for event in turn])
        except errors.OrchatError as failure:
            return told(failure)


@pytest.mark.parametrize("on_exhausted", ["ask", "switch"])
async def test_a_key_is_in_no_log_no_ledger_no_export_and_no_error(
    on_exhausted: str, demo: DemoServer, clock: FakeClock, tmp_path: Path
) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({label: secret.reveal() for label, secret in SENTINELS.items()}))
    file.chmod(0o600)
    shown: list[str] = []
    async with ring_runtime(demo, clock, file, keys__on_exhausted=on_exhausted, breaker__failures=1000) as runtime:
        await runtime.start()
        log = logs.configure(replace(runtime.paths, log_dir=tmp_path / "logs"), LogSettings(level="debug"))
        house = House(runtime, demo, clock)
        for step in (*ECHOES.values(), *(fault(name) for name in FAULTS)):
            for label, secret in SENTINELS.items():
                demo.put_key(secret, DemoKey(account=label, fault=step if label == "first" else None))
            await runtime.parts.ring.use("first")
            demo.script(*[say("fine")] * 3)
            conversation = await runtime.conversations.create()
            events, error = await house.attempt(conversation_id=conversation.id)
            shown += [repr(events), *([] if error is None else [told(error)])]
            await runtime.parts.ring.use("first")
            shown.append(await talked(house, conversation.id))
            shown += [await runtime.conversations.export(conversation.id, form) for form in FORMATS]
        shown.append(repr(await house.entries()))
        shown.append(repr(await runtime.parts.ring.known()))
    log.close()
    kept = [path.read_bytes().decode(errors="replace") for path in _files(runtime.paths.data_dir)]
    written = [path.read_text() for path in _files(tmp_path / "logs")]
    assert len(demo.chats) > len(ECHOES)
    assert "Incorrect API key provided" in "".join(shown)
    assert "Incorrect API key provided" in "".join(kept)
    assert "attempt.settled" in "".join(written)
    for text in (*shown, *kept, *written):
        for secret in SENTINELS.values():
            assert secret.reveal() not in text


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
