"""PDF documents are parsed by the engine that is named, once, and the answer says so."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from orchat.demo.server import DemoServer
from tests.support.demo import post
from tests.support.pictures import encoded, quarters

pytestmark = pytest.mark.anyio

PDF = encoded(quarters(), "PDF", save_all=True, append_images=[quarters(), quarters()])
FILE = {
    "type": "file",
    "file": {"filename": "bill.pdf", "file_data": f"data:application/pdf;base64,{base64.b64encode(PDF).decode()}"},
}


def body(engine: str | None, *after: dict[str, Any], model: str = "demo/thinker") -> dict[str, Any]:
    plugins = [] if engine is None else [{"id": "file-parser", "pdf": {"engine": engine}}]
    messages = [{"role": "user", "content": [{"type": "text", "text": "What is due?"}, FILE]}, *after]
    return {"model": model, "messages": messages, "plugins": plugins}


async def answered(server: DemoServer, sent: dict[str, Any]) -> tuple[list[Any], float]:
    answer = (await post(server, sent)).json()
    usage = answer["usage"]
    fee = usage["cost"] - usage["cost_details"]["upstream_inference_cost"]
    return answer["choices"][0]["message"].get("annotations", []), round(fee, 9)


async def test_a_free_engine_parses_and_gives_back_what_it_read(server: DemoServer) -> None:
    (annotation,), fee = await answered(server, body("cloudflare-ai"))
    assert annotation["file"]["hash"] == hashlib.sha256(PDF).hexdigest()
    assert annotation["file"]["content"][0]["text"] == "bill.pdf: 3 pages, parsed by cloudflare-ai"
    assert fee == 0


@pytest.mark.parametrize("engine", ["mistral-ocr", None])
async def test_the_dear_engine_costs_by_the_page_and_is_the_servers_own_choice(
    server: DemoServer, engine: str | None
) -> None:
    annotations, fee = await answered(server, body(engine))
    assert (len(annotations), fee) == (1, 0.006)


async def test_a_document_that_comes_back_parsed_is_not_parsed_again(server: DemoServer) -> None:
    annotations, _ = await answered(server, body("mistral-ocr"))
    back = {"role": "assistant", "content": "84.30", "annotations": annotations}
    again = {"role": "user", "content": "And to whom?"}
    assert await answered(server, body("mistral-ocr", back, again)) == ([], 0)


async def test_a_model_that_reads_documents_needs_no_engine(server: DemoServer) -> None:
    assert await answered(server, body(None, model="demo/writer")) == ([], 0)


async def test_what_is_no_document_is_left_alone(server: DemoServer) -> None:
    sent = body("mistral-ocr")
    links = ["https://example.org/a.pdf", "data:application/pdf;base64,@@@"]
    sent["messages"][0]["content"][1:] = [{"type": "file", "file": {"filename": "x", "file_data": f}} for f in links]
    assert await answered(server, sent) == ([], 0)
