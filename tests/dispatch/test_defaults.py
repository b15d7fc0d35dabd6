from typing import Any

import pytest

from orchat.config import ChatSettings, Config, MediaSettings, ProviderSettings
from orchat.dispatch.defaults import is_claude, with_defaults
from orchat.domain.content import FilePart, message
from orchat.domain.request import ChatRequest, Provider, Reasoning


def request(**fields: Any) -> ChatRequest:
    return ChatRequest(messages=(message("user", "hi"),), **fields)


def config(chat: dict[str, Any] | None = None, provider: dict[str, Any] | None = None) -> Config:
    return Config(chat=ChatSettings(**(chat or {})), provider=ProviderSettings(**(provider or {})))


def test_without_settings_a_request_stays_as_it_is_but_for_its_model() -> None:
    asked = with_defaults(request(), config(), model="a/b")
    assert asked == request(model="a/b")


def test_settings_fill_what_a_request_leaves_open() -> None:
    settings = config({"temperature": 0.2, "max_tokens": 9, "reasoning_effort": "high"})
    asked = with_defaults(request(), settings, model="a/b")
    assert (asked.temperature, asked.max_completion_tokens) == (0.2, 9)
    assert asked.reasoning == Reasoning(effort="high")


def test_what_a_request_says_stays() -> None:
    settings = config({"temperature": 0.2, "max_tokens": 9, "reasoning_effort": "high"})
    own = request(temperature=0.0, max_completion_tokens=1, reasoning=Reasoning(enabled=True))
    asked = with_defaults(own, settings, model="a/b")
    assert (asked.temperature, asked.max_completion_tokens) == (0.0, 1)
    assert asked.reasoning == Reasoning(enabled=True)


@pytest.mark.parametrize(
    ("model", "claude"),
    [("anthropic/claude-sonnet-5", True), ("~anthropic/claude-latest", True), ("openai/gpt-6", False)],
)
def test_only_claude_is_asked_to_cache_prompts(model: str, claude: bool) -> None:
    assert is_claude(model) is claude
    asked = with_defaults(request(), config(), model=model)
    assert asked.cache_control == ({"type": "ephemeral"} if claude else None)


def test_prompt_caching_can_be_switched_off_or_set_by_the_caller() -> None:
    off = with_defaults(request(), config({"prompt_caching": False}), model="anthropic/c")
    assert off.cache_control is None
    own = with_defaults(request(cache_control={"type": "ephemeral", "ttl": "1h"}), config(), model="anthropic/c")
    assert own.cache_control == {"type": "ephemeral", "ttl": "1h"}


def test_routing_settings_go_with_every_request() -> None:
    settings = config(provider={"data_collection": "deny", "zdr": True, "only": ("acme",), "sort": "price"})
    asked = with_defaults(request(), settings, model="a/b")
    assert asked.provider == Provider(data_collection="deny", zdr=True, only=("acme",), sort="price")


def test_a_callers_routing_goes_before_the_settings_field_by_field() -> None:
    settings = config(provider={"data_collection": "deny", "zdr": True, "order": ("acme",)})
    own = request(provider=Provider(data_collection="allow", zdr=False, ignore=("nope",)))
    asked = with_defaults(own, settings, model="a/b")
    assert asked.provider == Provider(data_collection="allow", zdr=False, order=("acme",), ignore=("nope",))


FILE = FilePart(filename="bill.pdf", data="data:application/pdf;base64,JVBERi0=")


@pytest.mark.parametrize("engine", ["cloudflare-ai", "mistral-ocr", "native"])
def test_a_document_names_the_engine_that_reads_it(engine: Any) -> None:
    holding = ChatRequest(messages=(message("user", "What is due?", FILE), message("user", "And now?")))
    asked = with_defaults(holding, Config(media=MediaSettings(pdf_engine=engine)), model="a/b")
    assert asked.plugins == ({"id": "file-parser", "pdf": {"engine": engine}},)


def test_the_engine_of_the_caller_stays_and_other_plugins_do_too() -> None:
    own = {"id": "file-parser", "pdf": {"engine": "native"}}
    holding = ChatRequest(messages=(message("user", "x", FILE),), plugins=(own,))
    assert with_defaults(holding, Config(), model="a/b").plugins == (own,)
    holding = ChatRequest(messages=(message("user", "x", FILE),), plugins=({"id": "web"},))
    assert [plugin["id"] for plugin in with_defaults(holding, Config(), model="a/b").plugins] == ["web", "file-parser"]
