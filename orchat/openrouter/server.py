"""Where requests go: a base URL, taken apart and checked."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from orchat.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One API."""

    url: str
    """Without a slash at the end."""
    host: str
    """Name or address."""
    is_tls: bool
    """``https``."""
    is_loopback: bool
    """This machine: no proxy is asked."""
    is_openrouter: bool
    """openrouter.ai or one of its regions."""


def read_base_url(base_url: str) -> Server:
    """Take a base URL apart.

    Raises:
        UsageError: it is not a plain ``http(s)://host[:port][/path]``.
    """
    hint = "A base URL looks like https://openrouter.ai/api/v1 or http://localhost:8080/v1."
    url = base_url.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        is_number = parts.port is None or parts.port > 0
    except ValueError:
        host, is_number = "", False
    if not host or not is_number or parts.scheme not in ("http", "https") or any(c <= " " for c in url):
        raise UsageError("The base URL is not an http:// or https:// address.", hint=hint)
    if parts.username is not None or parts.query or parts.fragment:
        # The HTTP library logs whole URLs; a password or a token in one would end up in a log.
        raise UsageError("The base URL must not hold a user name, a query or a fragment.", hint=hint)
    return Server(
        url=url,
        host=host,
        is_tls=parts.scheme == "https",
        is_loopback=host in ("localhost", "::1") or host.startswith("127.") or host.endswith(".localhost"),
        is_openrouter=host == "openrouter.ai" or host.endswith(".openrouter.ai"),
    )
