"""Messages and their parts, as they are sent to a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Role = Literal["system", "developer", "user", "assistant", "tool"]
JsonObject: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPart:
    """Plain text."""

    text: str
    """The text itself, raw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePart:
    """A picture: a link, or the picture itself as a ``data:`` URL."""

    url: str
    """``https://…`` or ``data:image/png;base64,…``."""
    detail: str | None = None
    """``auto``, ``low``, ``high`` or ``original``."""
    name: str | None = None
    """File name, for people; never sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioPart:
    """Sound, as bare base64."""

    data: str
    """Base64 without a ``data:`` prefix."""
    format: str
    """``wav``, ``mp3``, ``flac`` …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoPart:
    """A film: a link or a ``data:`` URL."""

    url: str
    """``https://…`` or ``data:video/mp4;base64,…``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePart:
    """A document, usually a PDF."""

    filename: str
    """Name shown to the model."""
    data: str
    """``data:application/pdf;base64,…`` or an ``https://`` link."""


Part: TypeAlias = TextPart | ImagePart | AudioPart | VideoPart | FilePart


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A function that the model wants to be called."""

    id: str
    """The call's id; made up here when the provider sent none."""
    name: str
    """Name of the function."""
    arguments: str = "{}"
    """JSON text, exactly as the model wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a request."""

    role: Role
    """Who speaks."""
    content: tuple[Part, ...] = ()
    """What is said; text parts before images."""
    name: str | None = None
    """A participant's name."""
    tool_calls: tuple[ToolCall, ...] = ()
    """Calls an assistant message asked for."""
    tool_call_id: str | None = None
    """The call that a tool message answers."""
    reasoning_details: tuple[JsonObject, ...] | None = None
    """Passed back unmodified and in order; None when there were none, which differs from ``()``."""
    annotations: tuple[JsonObject, ...] = ()
    """Parsed files passed back, so that a follow-up does not pay for parsing twice."""

    @property
    def text(self) -> str:
        """The text parts, joined."""
        return "".join(part.text for part in self.content if isinstance(part, TextPart))


def message(role: Role, text: str, *parts: Part) -> Message:
    """A message of some text and further parts; the text goes first, as models like it."""
    head: tuple[Part, ...] = (TextPart(text=text),) if text else ()
    return Message(role=role, content=(*head, *parts))
