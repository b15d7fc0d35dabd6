"""Pictures come off the clipboard by whatever tool the desktop has; the tools here are scripts on the PATH."""

from __future__ import annotations

import asyncio
import base64
import shutil
import stat
from pathlib import Path

import pytest

from orchat.errors import MediaDamaged, MediaError, MediaNotFound, MediaTooLarge
from orchat.media import clipboard
from orchat.media.clipboard import read_image
from orchat.media.image import MAX_INPUT, prepare
from tests.support.pictures import BLUE, GREEN, RED, WHITE, corners, encoded, near, quarters

pytestmark = pytest.mark.anyio


class Desk:
    """A folder of fake tools that is the whole PATH, and the picture that they find."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.picture = encoded(quarters(), "PNG")
        (folder / "picture").write_bytes(self.picture)
        for name in ("cat", "sleep", "sh", "head"):
            found = shutil.which(name)
            assert found is not None
            (folder / name).symlink_to(found)

    def install(self, name: str, script: str) -> None:
        tool = self.folder / name
        tool.write_text(f"#!/bin/sh\n{script}\n")
        tool.chmod(tool.stat().st_mode | stat.S_IXUSR)

    def environ(self, **more: str) -> dict[str, str]:
        return {"PATH": str(self.folder), "PICTURE": str(self.folder / "picture"), **more}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    folder = tmp_path / "bin"
    folder.mkdir()
    return Desk(folder)


WL_PASTE = """
case "$*" in
  --list-types) echo text/html; echo image/jpeg; echo image/png ;;
  "--no-newline --type image/png") cat "$PICTURE" ;;
  *) exit 3 ;;
esac"""
XCLIP = """
case "$*" in
  "-selection clipboard -o -t TARGETS") echo TARGETS; echo image/png ;;
  "-selection clipboard -o -t image/png") cat "$PICTURE" ;;
  *) exit 3 ;;
esac"""


async def test_on_wayland_the_picture_comes_from_wl_paste(desk: Desk) -> None:
    desk.install("wl-paste", WL_PASTE)
    data = await read_image(desk.environ(WAYLAND_DISPLAY="wayland-0"), platform="linux")
    assert data == desk.picture
    assert near(corners(prepare(data, clipboard.NAME).data), (RED, GREEN, BLUE, WHITE))


async def test_on_x11_the_picture_comes_from_xclip(desk: Desk) -> None:
    desk.install("xclip", XCLIP)
    assert await read_image(desk.environ(DISPLAY=":0"), platform="linux") == desk.picture


async def test_a_wayland_desktop_with_xclip_alone_uses_that(desk: Desk) -> None:
    desk.install("xclip", XCLIP)
    environ = desk.environ(DISPLAY=":0", WAYLAND_DISPLAY="wayland-0")
    assert await read_image(environ, platform="linux") == desk.picture


async def test_on_a_mac_the_picture_comes_from_pngpaste(desk: Desk) -> None:
    desk.install("pngpaste", '[ "$1" = - ] && cat "$PICTURE"')
    desk.install("osascript", "exit 1")
    assert await read_image(desk.environ(), platform="darwin") == desk.picture


async def test_a_mac_without_pngpaste_asks_applescript(desk: Desk) -> None:
    (desk.folder / "picture").write_text(f"«data PNGf{desk.picture.hex().upper()}»\n", encoding="utf-8")
    desk.install("osascript", 'cat "$PICTURE"')
    assert await read_image(desk.environ(), platform="darwin") == desk.picture


async def test_under_windows_the_picture_comes_from_powershell(desk: Desk) -> None:
    (desk.folder / "picture").write_bytes(base64.encodebytes(desk.picture).replace(b"\n", b"\r\n"))
    desk.install("powershell.exe", 'cat "$PICTURE"')
    environ = desk.environ(WSL_DISTRO_NAME="Debian", WAYLAND_DISPLAY="wayland-0")
    assert await read_image(environ, platform="linux") == desk.picture


@pytest.mark.parametrize(
    ("tool", "script"),
    [
        ("wl-paste", "echo text/plain; echo UTF8_STRING"),
        ("wl-paste", "echo 'Nothing is copied' >&2; exit 1"),
        ("wl-paste", '[ "$1" = --list-types ] && echo image/png'),
        ("pngpaste", "echo 'pngpaste: No image data found on the clipboard' >&2; exit 1"),
        ("osascript", "echo '«data utf840»'"),
        ("powershell.exe", "exit 0"),
    ],
)
async def test_a_clipboard_without_a_picture_is_said_to_have_none(desk: Desk, tool: str, script: str) -> None:
    desk.install(tool, script)
    platform = {"wl-paste": "linux", "powershell.exe": "win32"}.get(tool, "darwin")
    with pytest.raises(MediaNotFound, match="no picture on the clipboard"):
        await read_image(desk.environ(WAYLAND_DISPLAY="wayland-0"), platform=platform)


@pytest.mark.parametrize(
    ("environ", "platform", "advice"),
    [
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", "wl-clipboard"),
        ({"DISPLAY": ":0"}, "linux", "xclip"),
        ({}, "linux", "attach the file"),
        ({}, "darwin", "pngpaste"),
        ({}, "win32", "powershell"),
    ],
)
async def test_without_a_tool_it_says_what_to_install(
    desk: Desk, environ: dict[str, str], platform: str, advice: str
) -> None:
    with pytest.raises(MediaNotFound, match="cannot be read here") as caught:
        await read_image(desk.environ(**environ), platform=platform)
    assert advice in (caught.value.hint or "")


@pytest.mark.parametrize("name", ["SSH_CONNECTION", "SSH_TTY"])
async def test_over_ssh_no_tool_is_started_and_the_reason_is_told(desk: Desk, name: str) -> None:
    desk.install("xclip", 'echo >"$0.started"')
    with pytest.raises(MediaNotFound, match="SSH"):
        await read_image(desk.environ(DISPLAY="localhost:10.0", **{name: "x"}), platform="linux")
    assert not (desk.folder / "xclip.started").exists()


async def test_a_tool_that_never_answers_is_ended(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clipboard, "TOOL_S", 0.2)
    desk.install("pngpaste", "exec sleep 60")
    with pytest.raises(MediaDamaged, match="pngpaste did not answer"):
        await read_image(desk.environ(), platform="darwin")


async def test_a_tool_that_writes_without_end_is_ended(desk: Desk) -> None:
    desk.install("pngpaste", f"exec head -c {MAX_INPUT * 3} /dev/zero")
    with pytest.raises(MediaTooLarge, match="20 MB"):
        await read_image(desk.environ(), platform="darwin")


@pytest.mark.parametrize(
    ("tool", "platform", "script"),
    [("powershell.exe", "win32", "echo '*** not base64 ***'"), ("osascript", "darwin", "echo '«data PNGfABC»'")],
)
async def test_a_tool_that_writes_nonsense_is_named(desk: Desk, tool: str, platform: str, script: str) -> None:
    desk.install(tool, script)
    with pytest.raises(MediaDamaged, match=tool):
        await read_image(desk.environ(), platform=platform)


async def test_a_tool_that_cannot_be_run_is_named(desk: Desk) -> None:
    (desk.folder / "pngpaste").write_text("no program")
    (desk.folder / "pngpaste").chmod(0o700)
    with pytest.raises(MediaError, match="pngpaste"):
        await read_image(desk.environ(), platform="darwin")


async def test_who_stops_waiting_leaves_no_tool_behind(desk: Desk) -> None:
    started = desk.folder / "started"
    desk.install("pngpaste", f'echo $$ >"{started}"; exec sleep 60')
    reading = asyncio.get_running_loop().create_task(read_image(desk.environ(), platform="darwin"))
    while not (started.exists() and started.read_text().strip()):
        await asyncio.sleep(0.01)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert not Path(f"/proc/{started.read_text().strip()}").exists()
