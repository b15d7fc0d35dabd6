"""What a chat request says, read leniently."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchat.demo.stage import text_of

Body = Mapping[str, Any]
Message = Mapping[str, Any]

_WORD = re.compile(r"[^\W_][\w'’-]*")
_DULL_WORDS = (
    "a about an and any are as at be by can could do does explain for from give have hello help hey hi how i if in "
    "into is it its just like list make me my need of on or our please should show some tell that the their them there "
    "these they this to us want was we what when where which who why will with would write you your compare table code "
    "plan title short conversation session words at most first message reply"
)
_DULL = frozenset(_DULL_WORDS.split())
MAX_TOPIC = 40


def messages(body: Body) -> Sequence[Message] | None:
    """The conversation; the legacy ``prompt`` counts as one user message. None when it is not one."""
    found = body.get("messages")
    if found is None and isinstance(body.get("prompt"), str):
        return [{"role": "user", "content": body["prompt"]}]
    if not isinstance(found, list) or not found:
        return None
    good = all(isinstance(message, dict) and isinstance(message.get("role"), str) for message in found)
    return found if good else None


def last_user(body: Body) -> str:
    """The text of the last user message."""
    for message in reversed(messages(body) or []):
        if message["role"] == "user":
            return text_of(message)
    return ""


def system(body: Body) -> str:
    """The first system prompt."""
    return next(
        (text_of(message) for message in messages(body) or [] if message["role"] in ("system", "developer")), ""
    )


def turns(body: Body) -> int:
    """How many times the user has spoken."""
    return sum(message["role"] == "user" for message in messages(body) or [])


def parts(body: Body, kind: str) -> Iterator[Message]:
    """The content parts of one type, such as ``image_url``, of all messages."""
    for message in messages(body) or []:
        content = message.get("content")
        for part in content if isinstance(content, list) else []:
            if isinstance(part, dict) and part.get("type") == kind:
                yield part


def topic(text: str) -> str:
    """The few words that a prompt is about; empty when there are none."""
    chosen: list[str] = []
    for word in _WORD.findall(text[:2000]):
        if word.casefold() in _DULL or len(" ".join([*chosen, word])) > MAX_TOPIC:
            continue
        if word.casefold() not in map(str.casefold, chosen):
            chosen.append(word)
        if len(chosen) == 4:
            break
    return " ".join(chosen)


def words(text: str) -> list[str]:
    """The words of a prompt, lower-case; ``429-free-daily`` is one."""
    return [word.casefold() for word in _WORD.findall(text)]


def tools(body: Body) -> list[Mapping[str, Any]]:
    """The function tools of a request, each as its ``function`` object."""
    found = body.get("tools")
    functions = [tool.get("function") for tool in found if isinstance(tool, dict)] if isinstance(found, list) else []
    return [function for function in functions if isinstance(function, dict) and isinstance(function.get("name"), str)]


def budget(body: Body) -> int | None:
    """The most tokens the answer may have; None when the request does not say."""
    for key in ("max_completion_tokens", "max_tokens"):
        value = body.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


def option(body: Body, group: str, key: str) -> object:
    """A nested option such as ``provider.data_collection``; None when it is not there."""
    found = body.get(group)
    return found.get(key) if isinstance(found, dict) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentImage:
    """An image as it arrived."""

    data: bytes | None
    """The decoded bytes of a data URL; None when the URL points elsewhere."""
    url: str
    """The URL, cut short when it holds the data."""


def images(body: Body) -> list[SentImage]:
    """The images of a request, in order.

    Raises:
        ValueError: A data URL is not valid base64.
    """
    found = []
    for part in parts(body, "image_url"):
        url = option(part, "image_url", "url")
        found.append(_image(url if isinstance(url, str) else ""))
    return found


def _image(url: str) -> SentImage:
    if not url.startswith("data:"):
        return SentImage(data=None, url=url)
    head, _, payload = url.partition(",")
    try:
        data = base64.b64decode(payload, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    return SentImage(data=data, url=head)
