"""A browser that reads no scripts: it opens a page, presses a link, and goes where it is sent.

As a program it allows whatever the page asks for, so that it can stand in ``BROWSER``.
"""

from __future__ import annotations

import html
import http.client
import re
import sys
import webbrowser
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    import pytest

PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What a person sees in the end."""

    url: str
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def code(self) -> str:
        """The code that the page shows."""
        found = re.search(r"<pre>(\w+)</pre>", self.text)
        assert found is not None, self.text
        return found[1]


def fetch(url: str, method: str = "GET", **headers: str) -> Seen:
    """One request; header names with ``_`` for ``-``."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE_S)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Seen(url, answer.status, found, answer.read().decode())
    finally:
        connection.close()


def decide(url: str, *, allow: bool = True, follow: bool = True) -> Seen:
    """Open the sign-in page and allow or deny.

    Args:
        url: The page.
        allow: What the person decides.
        follow: Go where the page sends the browser; without it the page's own answer is given back.
    """
    page = fetch(url)
    assert page.status == 200, page
    wanted = "Allow" if allow else "Deny"
    link = next(html.unescape(href) for href, name in re.findall(r'href="([^"]+)">(\w+)<', page.text) if name == wanted)
    seen = fetch(urljoin(url, link))
    return fetch(seen.headers["location"]) if follow and seen.status == 302 else seen


def installed(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """Make a command the browser of this process; the standard library looks for one only once."""
    monkeypatch.setenv("BROWSER", command)
    monkeypatch.setattr(webbrowser, "_tryorder", None)
    monkeypatch.setattr(webbrowser, "_browsers", {})


ALLOWING = f"{sys.executable} {__file__} %s"
"""For ``BROWSER``: allows whatever a page asks for."""

if __name__ == "__main__":
    decide(sys.argv[1])
