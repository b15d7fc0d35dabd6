"""Opening a page: in a browser that a person can see, or not at all."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path

import pytest

from orchat.keys import browser
from orchat.keys.browser import has_browser, open_page
from tests.support.browser import installed

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("environ", "platform", "has"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"WSL_DISTRO_NAME": "Debian"}, "linux", True),
        ({"DISPLAY": ""}, "linux", False),
        ({}, "darwin", True),
        ({}, "win32", True),
        ({"SSH_CONNECTION": "1.2.3.4 5 6.7.8.9 22"}, "darwin", False),
        ({"DISPLAY": ":10", "SSH_TTY": "/dev/pts/1"}, "linux", False),
        ({"BROWSER": "firefox", "SSH_TTY": "/dev/pts/1"}, "linux", True),
    ],
)
def test_where_a_person_would_see_a_browser(environ: dict[str, str], platform: str, has: bool) -> None:
    assert has_browser(environ, platform) is has


async def test_the_page_is_opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    note = tmp_path / "opened"
    program = tmp_path / "browser.py"
    program.write_text(f"import sys; open({str(note)!r}, 'w').write(sys.argv[1])")
    installed(monkeypatch, f"{sys.executable} {program} %s")

    assert await open_page("http://127.0.0.1:1/auth?a=b&c=%20d")
    assert note.read_text() == "http://127.0.0.1:1/auth?a=b&c=%20d"


@pytest.mark.parametrize("command", ["/nowhere/browser %s", f"{sys.executable} -c raise(SystemExit(1)) %s"])
async def test_a_browser_that_does_not_start_is_none(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    installed(monkeypatch, command)
    assert not await open_page("http://127.0.0.1:1/")


async def test_a_browser_in_the_terminal_is_never_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "lynx"
    program.write_text("#!/bin/sh\ntouch $0.was-here\n")
    program.chmod(0o700)
    installed(monkeypatch, f"{program} %s")

    assert not await open_page("http://127.0.0.1:1/")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("lynx")] == ["lynx"]


async def test_where_there_is_no_browser_none_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, "")
    monkeypatch.setattr(webbrowser, "_tryorder", [])
    assert not await open_page("http://127.0.0.1:1/")


async def test_a_browser_that_stays_in_the_foreground_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    gate.touch()
    program = tmp_path / "browser.py"
    program.write_text(f"import pathlib, time\nwhile pathlib.Path({str(gate)!r}).exists(): time.sleep(0.01)\n")
    installed(monkeypatch, f"{sys.executable} {program} %s")
    monkeypatch.setattr(browser, "OPENING_S", 0.05)

    assert await open_page("http://127.0.0.1:1/")
    gate.unlink()
