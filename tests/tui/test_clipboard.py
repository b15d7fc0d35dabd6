"""What is copied reaches the clipboard: by a tool of the desktop, by tmux, or by the terminal itself."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchat.cli.doctor import terminal as doctor
from orchat.demo.launch import running_demo
from orchat.tui import clipboard
from tests.support.terminal import Terminal, in_terminal

OSC52 = re.compile(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07")


def tool_in(folder: Path, name: str, body: str) -> str:
    """A program of this name; gives the folder as a search path."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    (folder / name).chmod(0o755)
    return str(folder)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Where the tools of these tests put what they are given."""
    return tmp_path / "kept"


@pytest.mark.parametrize(
    ("name", "variable", "arguments"),
    [
        ("wl-copy", "WAYLAND_DISPLAY", ""),
        ("xclip", "DISPLAY", "-selection clipboard"),
        ("xsel", "DISPLAY", "--clipboard --input"),
        ("pbcopy", "HOME", ""),
    ],
)
@pytest.mark.anyio
async def test_the_tool_of_the_desktop_gets_the_text(
    name: str, variable: str, arguments: str, tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tool_in(tmp_path / "bin", name, f'echo "$*" > {tmp_path}/said; exec /bin/cat > {kept}')
    monkeypatch.setenv("PATH", path)
    written: list[str] = []
    assert await clipboard.copy("grüße 世界\n", {"PATH": path, variable: "x"}, written.append)
    assert kept.read_text(encoding="utf-8") == "grüße 世界\n"
    assert (tmp_path / "said").read_text(encoding="utf-8").strip() == arguments
    assert written == []


@pytest.mark.anyio
async def test_windows_gets_what_it_can_read(tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tool_in(tmp_path / "bin", "clip.exe", f"exec /bin/cat > {kept}")
    monkeypatch.setenv("PATH", path)
    assert await clipboard.copy("grüße 世界", {"PATH": path, "WSL_DISTRO_NAME": "Debian"}, lambda _: None)
    assert kept.read_bytes().decode("utf-16") == "grüße 世界"
    assert kept.read_bytes()[:2] in (b"\xff\xfe", b"\xfe\xff")


@pytest.mark.parametrize("body", ["exit 1", "exec /bin/sleep 60"])
@pytest.mark.anyio
async def test_where_a_tool_fails_the_terminal_is_asked(
    body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tool_in(tmp_path / "bin", "wl-copy", body)
    monkeypatch.setenv("PATH", path)
    monkeypatch.setattr(clipboard, "TOOL_S", 0.05)
    written: list[str] = []
    assert await clipboard.copy("text", {"PATH": path, "WAYLAND_DISPLAY": "w"}, written.append)
    assert written == ["\x1b]52;c;dGV4dA==\a"]


@pytest.mark.anyio
async def test_over_ssh_only_the_terminal_knows_the_right_clipboard(tmp_path: Path, kept: Path) -> None:
    path = tool_in(tmp_path / "bin", "wl-copy", f"exec /bin/cat > {kept}")
    environ = {"PATH": path, "WAYLAND_DISPLAY": "w", "SSH_TTY": "/dev/pts/0"}
    written: list[str] = []
    assert await clipboard.copy("text", environ, written.append)
    assert written == ["\x1b]52;c;dGV4dA==\a"] and not kept.exists()
    assert not await clipboard.copy("ü" * clipboard.LIMIT, environ, written.append)


@pytest.mark.anyio
async def test_a_tmux_that_cannot_hand_on_a_text_is_passed_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", tool_in(tmp_path / "bin", "tmux", "exit 1"))
    written: list[str] = []
    assert await clipboard.copy("text", {"TMUX": "x", "SSH_TTY": "x", "PATH": ""}, written.append)
    assert written == ["\x1b]52;c;dGV4dA==\a", "\x1bPtmux;\x1b\x1b]52;c;dGV4dA==\a\x1b\\"]


@pytest.mark.anyio
async def test_half_an_emoji_does_no_harm() -> None:
    written: list[str] = []
    assert await clipboard.copy("a\ud83d", {}, written.append)
    assert base64.b64decode(written[0][len("\x1b]52;c;") : -1]) == b"a?"


# by the mouse, in a real terminal


def copied(terminal: Terminal, before: int) -> str:
    """What was put into the clipboard since then."""
    found = OSC52.findall(terminal.seen[before:])
    assert len(found) == 1
    return base64.b64decode(found[0]).decode()


def mouse(column: int, row: int, *, button: int = 0, up: bool = False) -> bytes:
    """What a terminal sends for the mouse; columns and rows count from 1."""
    return b"\x1b[<%d;%d;%d%s" % (button, column, row, b"m" if up else b"M")


@pytest.fixture
def on_the_terminals_clipboard(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session over SSH, in no tmux."""
    for name in ("TMUX", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSH_TTY", "/dev/pts/0")


@pytest.mark.usefixtures("on_the_terminals_clipboard")
def test_what_the_mouse_selects_is_copied_as_it_was_written() -> None:
    """A drag over a prompt that is wrapped into two rows gives one line, without margin and without frame."""
    title = "what the top bar tells of a long prompt, which is not more than its first few words: "
    wanted = "the-first-word " + "with more words than a row of this screen holds " * 2 + "the-last-word"
    with running_demo(pace=0) as base_url, in_terminal(base_url) as terminal:
        terminal.until(b"demo/writer")
        terminal.type(f"{title}{wanted}\r".encode())
        terminal.until(b"1 turn")
        terminal.until_quiet(0.5)
        terminal.type(b"\x1b[5~" * 9)
        terminal.until_quiet(0.5)
        before = len(terminal.seen)
        column, row = terminal.place(b"the-first-word")
        last_column, last_row = terminal.place(b"the-last-word")
        assert last_row > row
        terminal.type(mouse(column, row))
        for x, y in ((column + 5, row), (last_column + 20, last_row)):
            terminal.type(mouse(x, y, button=32))
        terminal.type(mouse(last_column + 20, last_row, up=True))
        terminal.until_shown("Ctrl+C copies what is selected.")
        terminal.type(b"\x03")
        terminal.until(b"\x1b]52;c;")
        terminal.until_shown("Copied what is selected.")
        assert copied(terminal, before) == wanted
        terminal.type(b"\x11")
        terminal.process.wait(30)


# tmux


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[list[str]]:
    """The beginning of a command for a tmux of our own."""
    if shutil.which("tmux") is None:
        pytest.fail("these tests need tmux")
    command = ["tmux", "-S", str(tmp_path / "socket"), "-f", "/dev/null"]
    yield command
    subprocess.run([*command, "kill-server"], check=False, capture_output=True)


def environ_in(tmux: list[str], tmp_path: Path) -> Mapping[str, str]:
    """The environment of a program that runs in a new window."""
    subprocess.run([*tmux, "new-session", "-d", "-x", "80", "-y", "24", f"env > {tmp_path}/env; cat"], check=True)
    file, deadline = tmp_path / "env", time.monotonic() + 20
    while "TMUX=" not in (file.read_text(encoding="utf-8") if file.exists() else ""):
        assert time.monotonic() < deadline
    return dict(line.partition("=")[::2] for line in file.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("option", ["on", "external", "off"])
@pytest.mark.anyio
async def test_tmux_keeps_what_is_copied_whatever_it_takes_from_programs(
    option: str, tmux: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = environ_in(tmux, tmp_path)
    subprocess.run([*tmux, "set", "-s", "set-clipboard", option], check=True)
    monkeypatch.setenv("TMUX", environ["TMUX"])
    written: list[str] = []
    text = "grüße\n" * 50_000
    assert await clipboard.copy(text, {"TMUX": environ["TMUX"], "PATH": environ["PATH"]}, written.append)
    assert written == []
    buffer = subprocess.run([*tmux, "show-buffer"], check=True, capture_output=True)
    assert buffer.stdout.decode() == text


@contextmanager
def shown_in(tmux: list[str], name: str) -> Iterator[Terminal]:
    """A terminal of this name that shows what runs in tmux."""
    mine, theirs = os.openpty()
    environ = {**os.environ, "TERM": name}
    client = subprocess.Popen([*tmux, "attach"], stdin=theirs, stdout=theirs, stderr=theirs, env=environ)
    os.close(theirs)
    terminal = Terminal(mine, client)
    try:
        terminal.until(b"\x1b[?1049h" if name != "linux" else b"\x1b[H")
        # What programs say to the terminal itself is left out while tmux still has to draw.
        terminal.until_quiet(0.3)
        yield terminal
    finally:
        client.kill()
        client.wait()
        os.close(mine)


@pytest.mark.parametrize("option", ["on", "external", "off"])
@pytest.mark.anyio
async def test_tmux_hands_on_what_is_copied_whatever_it_takes_from_programs(
    option: str, tmux: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = environ_in(tmux, tmp_path)
    subprocess.run([*tmux, "set", "-s", "set-clipboard", option], check=True)
    monkeypatch.setenv("TMUX", environ["TMUX"])
    with shown_in(tmux, "xterm-256color") as terminal:
        assert await clipboard.copy("from inside", {"TMUX": environ["TMUX"], "PATH": environ["PATH"]}, lambda _: None)
        terminal.until(b"\x1b]52;;")
        assert base64.b64decode(terminal.seen.partition(b"\x1b]52;;")[2].partition(b"\a")[0]) == b"from inside"
        finding = doctor.clipboard(environ, None)
    assert (finding.state, finding.detail) == ("ok", "by tmux, which hands it on to the terminal")


def test_a_terminal_whose_clipboard_tmux_does_not_know_is_warned_of(tmux: list[str], tmp_path: Path) -> None:
    environ = {name: value for name, value in environ_in(tmux, tmp_path).items() if "DISPLAY" not in name}
    with shown_in(tmux, "linux"):
        finding = doctor.clipboard(environ, None)
    assert (finding.state, finding.detail[-5:]) == ("warn", "linux")


def test_a_tmux_that_lets_programs_through_hands_on_what_is_copied(tmux: list[str], tmp_path: Path) -> None:
    (tmp_path / "said").write_text("".join(clipboard.sequences("from inside", in_tmux=True)), encoding="utf-8")
    subprocess.run([*tmux, "new-session", "-d", "-x", "80", "-y", "24", "cat"], check=True)
    for option in (("-s", "set-clipboard", "off"), ("-g", "allow-passthrough", "on"), ("-g", "remain-on-exit", "on")):
        subprocess.run([*tmux, "set", *option], check=True)
    with shown_in(tmux, "xterm-256color") as terminal:
        subprocess.run([*tmux, "respawn-pane", "-k", f"cat {tmp_path}/said"], check=True)
        terminal.until(b"\x1b]52;c;")
        terminal.until_quiet(0.2)
        assert copied(terminal, 0) == "from inside"
