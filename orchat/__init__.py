"""orchat: a terminal chat for OpenRouter, and the async client behind it."""

from __future__ import annotations

__version__ = "0.1.0"

# Type checkers know the name; typing itself costs as much time as all the rest of `orchat --version`.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from orchat.blocking import Client, generate_text, stream_text
    from orchat.client import AsyncClient
    from orchat.domain import events
    from orchat.errors import OrchatError

_HOMES = {
    "AsyncClient": "orchat.client",
    "Client": "orchat.blocking",
    "OrchatError": "orchat.errors",
    "generate_text": "orchat.blocking",
    "stream_text": "orchat.blocking",
}

__all__ = ["AsyncClient", "Client", "OrchatError", "__version__", "events", "generate_text", "stream_text"]


def __getattr__(name: str) -> object:
    """Load a public name when it is first used: `orchat --version` loads nothing."""
    from importlib import import_module

    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name == "events":
        return import_module("orchat.domain.events")
    raise AttributeError(f"module 'orchat' has no attribute {name!r}")
