"""Tokens and money of the demo: about four characters a token, and cost is tokens times price, exactly."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

CHARACTERS_PER_TOKEN = 4
TOKENS_PER_MESSAGE = 4
"""What a chat template adds to each message."""
TOKENS_PER_MEDIUM = 300
"""What an image, a file or a sound adds to the prompt."""
IMAGE_OUTPUT_TOKENS = 400
"""What one generated image counts as."""

_PIECE = re.compile(r"\s{0,8}\S{1,6}|\s{1,8}")


def tokens_in(characters: int) -> int:
    """Tokens of so many characters."""
    return -(-characters // CHARACTERS_PER_TOKEN)


def count(text: str) -> int:
    """Tokens of a text."""
    return tokens_in(len(text))


def pieces(text: str, size: int | None = None) -> Iterator[str]:
    """A text as a model would stream it.

    Args:
        text: The whole text.
        size: Characters a piece; None: words and parts of words.

    Yields:
        Pieces that join to the text.
    """
    if size is None:
        yield from (match.group() for match in _PIECE.finditer(text))
        return
    yield from (text[start : start + size] for start in range(0, len(text), size))


def message_tokens(message: Mapping[str, object]) -> int:
    """Tokens of one message of a request."""
    content = message.get("content")
    if isinstance(content, str):
        return TOKENS_PER_MESSAGE + count(content)
    total = TOKENS_PER_MESSAGE
    for part in content if isinstance(content, list) else []:
        text = part.get("text") if isinstance(part, dict) else None
        total += count(text) if isinstance(text, str) else TOKENS_PER_MEDIUM
    return total


def prompt_tokens(messages: Sequence[Mapping[str, object]]) -> int:
    """Tokens of all messages of a request."""
    return sum(message_tokens(message) for message in messages)


def shared_tokens(before: Sequence[str], messages: Sequence[Mapping[str, object]]) -> int:
    """Tokens of the messages that a request has in common with an earlier one, from the first on."""
    total = 0
    for old, message in zip(before, messages, strict=False):
        if old != fingerprint(message):
            break
        total += message_tokens(message)
    return total


def fingerprint(message: Mapping[str, object]) -> str:
    """The same string for the same message."""
    return json.dumps(message, sort_keys=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one generation used."""

    prompt: int = 0
    """Tokens of the prompt, cached ones included."""
    cached: int = 0
    """Part of `prompt` that was read from the cache."""
    completion: int = 0
    """Tokens of the answer, thoughts and images included."""
    reasoning: int = 0
    """Part of `completion` that was thought."""
    images: int = 0
    """Part of `completion` that are generated images."""

    def costs(self, pricing: Mapping[str, object]) -> tuple[Decimal, Decimal]:
        """Cost of the prompt and of the completion.

        Args:
            pricing: USD per token by the API's keys; a router's negative price counts as zero.

        Returns:
            Two amounts in USD.
        """
        prompt, completion = _price(pricing, "prompt"), _price(pricing, "completion")
        cached = _price(pricing, "input_cache_read") if "input_cache_read" in pricing else prompt
        return (self.prompt - self.cached) * prompt + self.cached * cached, self.completion * completion

    def cost(self, pricing: Mapping[str, object]) -> Decimal:
        """Cost in USD."""
        return sum(self.costs(pricing), Decimal(0))

    def usage(self, pricing: Mapping[str, object]) -> dict[str, object]:
        """The ``usage`` object of the API."""
        prompt, completion = self.costs(pricing)
        return {
            "prompt_tokens": self.prompt,
            "completion_tokens": self.completion,
            "total_tokens": self.prompt + self.completion,
            "cost": number(prompt + completion),
            "is_byok": False,
            "prompt_tokens_details": {
                "cached_tokens": self.cached,
                "cache_write_tokens": 0,
                "audio_tokens": 0,
                "video_tokens": 0,
            },
            "cost_details": {
                "upstream_inference_cost": number(prompt + completion),
                "upstream_inference_prompt_cost": number(prompt),
                "upstream_inference_completions_cost": number(completion),
            },
            "completion_tokens_details": {
                "reasoning_tokens": self.reasoning,
                "image_tokens": self.images,
                "audio_tokens": 0,
            },
        }


def _price(pricing: Mapping[str, object], key: str) -> Decimal:
    return max(Decimal(0), Decimal(str(pricing.get(key, "0"))))


def number(amount: Decimal) -> int | float:
    """An amount as a JSON number: 0, not 0.0."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)
