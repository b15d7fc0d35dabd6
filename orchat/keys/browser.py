"""The browser of this machine, if a person can see one."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from functools import partial

from orchat.keys.threads import in_thread

OPENING_S = 5.0
"""After so long it is taken for open: some commands return only when the browser is closed."""
_TEXT = frozenset({"www-browser", "links", "elinks", "lynx", "w3m"})
"""Browsers that would take the terminal for themselves."""
_SIGNS = ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME")


def has_browser(environ: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Whether a browser that is opened here can be seen by whoever sits at the terminal.

    Args:
        environ: ``BROWSER`` goes before everything; over SSH, and on Linux without a display, there is none.
        platform: As ``sys.platform``.
    """
    if environ.get("BROWSER"):
        return True
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        return False
    return platform in ("darwin", "win32") or any(environ.get(name) for name in _SIGNS)


async def open_page(url: str) -> bool:
    """Show a page in the browser.

    Args:
        url: Ours, never foreign.

    Returns:
        Whether a browser took it, as far as can be told.
    """
    try:
        # Not a thread of the loop's own: leaving would wait for it until the browser is closed.
        return await asyncio.wait_for(in_thread(partial(_open, url), name="orchat-browser"), OPENING_S)
    except asyncio.TimeoutError:
        return True


def _open(url: str) -> bool:
    import webbrowser

    try:
        browser = webbrowser.get()
        name = str(getattr(browser, "basename", ""))
        return name not in _TEXT and browser.open(url)
    except (webbrowser.Error, OSError):
        return False
