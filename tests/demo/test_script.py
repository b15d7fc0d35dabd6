"""The scripted server says exactly what the script says."""

from __future__ import annotations

import httpx
import pytest

from orchat.demo.script import say
from orchat.demo.server import DemoServer

pytestmark = pytest.mark.anyio


async def test_a_scripted_answer_arrives(server: DemoServer) -> None:
    server.script(say("Hello"))
    async with httpx.AsyncClient(base_url=server.base_url, headers={"Authorization": "Bearer k"}) as client:
        answer = await client.post("/chat/completions", json={"model": "a/b", "messages": []})
    assert answer.json()["choices"][0]["message"]["content"] == "Hello"
