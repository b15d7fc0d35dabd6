"""Keys that other programs keep are brought along."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchat.demo.accounts import DemoKey
from orchat.demo.server import DemoServer
from orchat.domain.secret import Secret
from orchat.errors import (
    KeyRejected,
)
from orchat.openrouter.client import OpenRouter
from orchat.store import reports
from tests.support.key_desk import A, B, C, Desk, fingerprint
from tests.support.shelf import kept, shelf_of

pytestmark = pytest.mark.anyio


@pytest.fixture
def llm(tmp_path: Path) -> dict[str, str]:
    """An environment in which llm has two keys of OpenRouter."""
    (tmp_path / "llm").mkdir()
    (tmp_path / "llm" / "keys.json").write_text(json.dumps({"openrouter": B, "openrouter-c": C, "openai": "sk-1"}))
    return {"LLM_USER_PATH": str(tmp_path / "llm")}


async def test_found_keys_are_kept_at_the_end_of_the_ring(desk: Desk, client: OpenRouter, llm: dict[str, str]) -> None:
    desk.keep(a=A)
    await desk.started()
    shelf = shelf_of(desk, client, llm)
    imported = await shelf.import_keys((await shelf.found_elsewhere()).keys)

    assert [(item.added.lease.label, item.error) for item in imported if item.added] == [
        ("openrouter", None),
        ("openrouter-c", None),
    ]
    assert kept(desk) == {"a": A, "openrouter": B, "openrouter-c": C}
    assert await desk.current() == "a"
    assert set(await desk.db.read(reports.all)) == {fingerprint(B), fingerprint(C)}


async def test_one_that_is_refused_does_not_keep_the_others_out(
    desk: Desk, client: OpenRouter, server: DemoServer, llm: dict[str, str]
) -> None:
    server.put_key(Secret(B), DemoKey(revoked=True))
    shelf = shelf_of(desk, client, llm)
    refused, fine = await shelf.import_keys((await shelf.found_elsewhere()).keys)

    assert isinstance(refused.error, KeyRejected)
    assert fine.error is None
    assert kept(desk) == {"openrouter-c": C}
    assert await desk.started() == "openrouter-c"


async def test_unchecked_keys_are_kept_without_asking(
    desk: Desk, client: OpenRouter, server: DemoServer, llm: dict[str, str]
) -> None:
    shelf = shelf_of(desk, client, llm)
    imported = await shelf.import_keys((await shelf.found_elsewhere()).keys, check=False)

    assert [item.added is not None and item.added.status is None for item in imported] == [True, True]
    assert server.requests == []


async def test_keys_that_are_kept_already_are_marked(desk: Desk, client: OpenRouter, llm: dict[str, str]) -> None:
    desk.keep(mine=B)
    found = (await shelf_of(desk, client, llm).found_elsewhere()).keys

    assert [key.kept_as for key in found] == ["mine", None]
