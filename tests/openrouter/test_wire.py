"""What is sent, byte for byte."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest

from orchat.domain.content import (
    AudioPart,
    FilePart,
    ImagePart,
    Message,
    TextPart,
    ToolCall,
    VideoPart,
    message,
)
from orchat.domain.request import ChatRequest, Provider, Reasoning
from orchat.openrouter.wire import Dialect, body

HI = (message("user", "hi"),)
EVERYTHING: dict[str, Any] = {
    "models": ("a/b", "c/d"),
    "max_completion_tokens": 9,
    "temperature": 0.0,
    "top_p": 0.5,
    "top_k": 0,
    "min_p": 0.1,
    "top_a": 0.2,
    "frequency_penalty": -1.0,
    "presence_penalty": 1.0,
    "repetition_penalty": 1.1,
    "seed": 7,
    "stop": ("END",),
    "logit_bias": {"1": -100},
    "logprobs": False,
    "top_logprobs": 3,
    "verbosity": "low",
    "prediction": {"type": "content", "content": "x"},
    "tools": ({"type": "openrouter:web_search"},),
    "tool_choice": "auto",
    "parallel_tool_calls": False,
    "max_tool_calls": 2,
    "stop_server_tools_when": ({"type": "max_cost", "max_cost_in_dollars": 1},),
    "response_format": {"type": "json_object"},
    "modalities": ("image", "text"),
    "image_config": {"aspect_ratio": "1:1"},
    "audio": {"voice": "a", "format": "wav"},
    "web_search_options": {"search_context_size": "low"},
    "reasoning": Reasoning(effort="low", exclude=True),
    "provider": Provider(order=("x", "y"), zdr=False, max_price={"prompt": 1}),
    "plugins": ({"id": "web"},),
    "service_tier": "flex",
    "preset": "p",
    "session_id": "s",
    "cache_control": {"type": "ephemeral"},
    "prompt_cache_key": "k",
    "prompt_cache_options": {"mode": "explicit"},
    "user": "u",
    "metadata": {"a": "b"},
    "trace": {"trace_id": "t"},
}


def test_the_table_above_holds_every_parameter() -> None:
    assert set(EVERYTHING) == {spec.name for spec in fields(ChatRequest)} - {"messages", "model", "stream", "extra"}


def test_the_smallest_request_sends_nothing_else() -> None:
    assert body(ChatRequest(messages=HI, model="a/b"), dialect="openrouter") == {
        "model": "a/b",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": True,
    }
    assert "model" not in body(ChatRequest(messages=HI), dialect="openrouter")


def test_openrouter_gets_every_parameter_under_its_name() -> None:
    sent = body(ChatRequest(messages=HI, model="a/b", stream=False, **EVERYTHING), dialect="openrouter")
    expected = json.loads(
        json.dumps(
            EVERYTHING
            | {
                "reasoning": {"effort": "low", "exclude": True},
                "provider": {"order": ["x", "y"], "zdr": False, "max_price": {"prompt": 1}},
            }
        )
    )
    assert json.loads(json.dumps(sent)) == {
        "model": "a/b",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": False,
        **expected,
    }


def test_other_servers_get_what_they_know() -> None:
    sent = body(ChatRequest(messages=HI, model="m", **EVERYTHING), dialect="openai")
    assert sent["max_tokens"] == 9
    assert sent["reasoning_effort"] == "low"
    assert sent["stream_options"] == {"include_usage": True}
    assert sent["temperature"] == 0.0
    unknown = {"max_completion_tokens", "provider", "plugins", "models", "session_id", "cache_control", "preset"}
    assert not unknown & set(sent)
    assert not {"trace", "reasoning", "image_config", "max_tool_calls", "prompt_cache_options"} & set(sent)


def test_usage_is_only_asked_for_in_streams() -> None:
    assert "stream_options" not in body(ChatRequest(messages=HI, stream=False), dialect="openai")


@pytest.mark.parametrize(("dialect", "sent"), [("openrouter", {"reasoning": {"max_tokens": 5}}), ("openai", {})])
def test_a_budget_for_thoughts_is_only_known_to_openrouter(dialect: Dialect, sent: dict[str, Any]) -> None:
    said = body(ChatRequest(messages=HI, reasoning=Reasoning(max_tokens=5)), dialect=dialect)
    assert {key: value for key, value in said.items() if key.startswith("reasoning")} == sent


@pytest.mark.parametrize(
    "empty", [{"reasoning": Reasoning()}, {"provider": Provider()}, {"metadata": {}}, {"stop": ()}]
)
def test_what_says_nothing_is_not_sent(empty: dict[str, Any]) -> None:
    assert body(ChatRequest(messages=HI, **empty), dialect="openrouter").keys() == {"messages", "stream"}


def test_extra_comes_last_and_wins() -> None:
    request = ChatRequest(
        messages=HI, model="a/b", temperature=1.0, extra={"temperature": 2, "new": {}, "model": "c/d", "user": None}
    )
    sent = body(request, dialect="openrouter")
    assert list(sent.items())[2:] == [("temperature", 2), ("new", {}), ("model", "c/d"), ("user", None)]


def test_the_order_of_fields_does_not_depend_on_the_order_of_arguments() -> None:
    forward = ChatRequest(messages=HI, **EVERYTHING)
    backward = ChatRequest(**dict(reversed(list(EVERYTHING.items()))), messages=HI)
    assert json.dumps(body(forward, dialect="openrouter")) == json.dumps(body(backward, dialect="openrouter"))


def sent_message(said: Message, dialect: Dialect = "openrouter") -> dict[str, Any]:
    sent: dict[str, Any] = body(ChatRequest(messages=(said,)), dialect=dialect)["messages"][0]
    return sent


def test_parts_are_written_as_the_api_names_them_with_text_first() -> None:
    said = Message(
        role="user",
        content=(
            ImagePart(url="https://x/y.png", detail="low", name="secret.png"),
            TextPart(text="look"),
            ImagePart(url="data:image/png;base64,AA"),
            AudioPart(data="AAAA", format="wav"),
            VideoPart(url="https://x/y.mp4"),
            FilePart(filename="a.pdf", data="data:application/pdf;base64,AA"),
        ),
    )
    assert sent_message(said)["content"] == [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
        {"type": "video_url", "video_url": {"url": "https://x/y.mp4"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AA"}},
    ]


def test_a_lone_picture_is_a_list_and_a_lone_text_is_not() -> None:
    assert isinstance(sent_message(message("user", "", ImagePart(url="https://x")))["content"], list)
    assert sent_message(message("user", "x"))["content"] == "x"
    assert sent_message(message("user", ""))["content"] == ""


def test_an_assistant_message_of_tool_calls_alone_has_null_content() -> None:
    call = ToolCall(id="c1", name="f", arguments='{"a":1}')
    assert sent_message(Message(role="assistant", tool_calls=(call,))) == {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}],
    }
    answer = Message(role="tool", content=(TextPart(text="4"),), tool_call_id="c1", name="f")
    assert sent_message(answer) == {"role": "tool", "content": "4", "name": "f", "tool_call_id": "c1"}


@pytest.mark.parametrize("details", [(), ({"type": "reasoning.text", "text": "t", "signature": "s", "index": 0},)])
def test_thoughts_and_parsed_files_go_back_unmodified(details: tuple[dict[str, Any], ...]) -> None:
    file = {"type": "file", "file": {"hash": "h"}}
    said = Message(role="assistant", content=(TextPart(text="x"),), reasoning_details=details, annotations=(file,))
    sent = sent_message(said)
    assert sent["reasoning_details"] == list(details)
    assert sent["annotations"] == [file]
    assert sent_message(said, "openai").keys() == {"role", "content"}
