"""Whatever is wrong: one clear line, a hint, the right exit code, no traceback, nothing lost, nothing on stdout."""

from __future__ import annotations

import os
import resource
import socket
import sqlite3
import stat
import struct
from pathlib import Path

import pytest

from orchat.demo import DemoThread
from orchat.demo.faults import fault
from orchat.demo.script import html200, say
from tests.support.cli import KEY, Done, Orchat, environment, run
from tests.support.pictures import encoded, photo
from tests.support.pictures import png_of_zeros as png


def refused(done: Done, code: int, says: str, *, hint: bool = True) -> None:
    """One line, a hint, nothing else."""
    lines = done.err.splitlines()
    assert (done.code, done.out) == (code, ""), done
    assert lines[0].startswith("orchat: ") and says in lines[0]
    assert [line.partition(":")[0] for line in lines[1:]] == (["hint"] if hint else [])
    assert "Traceback" not in done.err
    assert KEY not in done.err


# ---- the prompt


@pytest.mark.parametrize("argv", [[], [""], ["  \n "], ["-"]])
def test_an_empty_prompt(argv: list[str], orchat: Orchat) -> None:
    refused(orchat("ask", *argv), 2, "the prompt is empty")


@pytest.mark.parametrize(
    ("stdin", "says"),
    [
        (b"\x7fELF\0\0\0", "stdin is not text"),
        (bytes(range(256)), "stdin is not text"),
        (b"caf\xe9", "stdin is not UTF-8 text: byte 4 is 0xe9"),
        ("hello".encode("utf-16"), "stdin is not"),
    ],
)
def test_a_binary_stdin(stdin: bytes, says: str, demo: DemoThread) -> None:
    before = len(demo.server.chats)

    refused(run("ask", "what is this?", base_url=demo.base_url, stdin=stdin), 2, says)
    assert len(demo.server.chats) == before


def test_a_stdin_that_cannot_be_read(demo: DemoThread) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
    # Closed without lingering, a connection is reset: reading from it fails.
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    theirs.close()

    def from_socket() -> None:
        os.dup2(ours.fileno(), 0)

    with ours:
        done = run("ask", base_url=demo.base_url, before=from_socket)

    refused(done, 2, "cannot read stdin: connection reset by peer", hint=False)


@pytest.mark.parametrize(("argv", "piped"), [([], 20_000_001), (["and this"], 20_000_000)])
def test_a_prompt_of_more_than_twenty_megabytes(argv: list[str], piped: int, demo: DemoThread) -> None:
    done = run("ask", *argv, base_url=demo.base_url, stdin=b"x" * piped)

    refused(done, 2, "the prompt is larger than 20 MB")


def test_a_prompt_that_the_server_finds_too_long(demo: DemoThread, orchat: Orchat) -> None:
    demo.server.script(fault("413-html"))

    refused(orchat("ask", "hi"), 1, "")


# ---- files


@pytest.mark.parametrize("option", ["-i", "-f"])
def test_a_missing_file(option: str, orchat: Orchat) -> None:
    refused(orchat("ask", option, "/nowhere/picture.png", "hi"), 2, "picture.png does not exist")


def test_a_huge_picture(orchat: Orchat, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(png(12_000, 12_000))

    refused(orchat("ask", "-i", str(bomb), "hi"), 2, "bomb.png")


def test_a_damaged_picture(orchat: Orchat, tmp_path: Path) -> None:
    damaged = tmp_path / "dam\x1b[2Jaged.png"
    whole = encoded(photo(), "PNG")
    damaged.write_bytes(whole[: len(whole) // 2])

    done = orchat("ask", "-i", str(damaged), "hi")
    refused(done, 2, "damaged.png")
    assert "\x1b" not in done.err


def test_a_picture_that_is_none(orchat: Orchat, tmp_path: Path) -> None:
    text = tmp_path / "picture.png"
    text.write_text("not a picture")

    refused(orchat("ask", "-i", str(text), "hi"), 2, "picture.png")


def test_a_folder_as_a_file(orchat: Orchat, tmp_path: Path) -> None:
    refused(orchat("ask", "-f", str(tmp_path), "hi"), 2, "is a folder")


# ---- the server


def test_a_closed_port(orchat: Orchat) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
        done = orchat("--set", f"api.base_url={address}", "ask", "-m", "demo/writer", "hi")

    refused(done, 1, "127.0.0.1")


def test_a_name_that_does_not_resolve() -> None:
    done = run("ask", "-m", "demo/writer", "hi", base_url="http://nonexistent.invalid/v1")

    refused(done, 1, "nonexistent.invalid")


@pytest.mark.parametrize("name", ["400-unknown-model", "404-no-endpoints", "503", "429-free-daily"])
def test_what_the_server_refuses(name: str, demo: DemoThread, orchat: Orchat) -> None:
    demo.server.script(fault(name))

    refused(orchat("ask", "-m", "demo/writer", "hi"), 1, "")


def test_a_page_instead_of_an_answer(demo: DemoThread, orchat: Orchat) -> None:
    demo.server.script(html200())

    refused(orchat("ask", "-m", "demo/writer", "hi"), 1, "")


def test_a_catalogue_that_nobody_has_and_nobody_gives(orchat: Orchat) -> None:
    refused(orchat("--set", "api.base_url=http://127.0.0.1:1/v1", "models"), 1, "127.0.0.1")


# ---- keys


def test_no_key_anywhere(demo: DemoThread, home: Path) -> None:
    done = run("ask", "hi", base_url=demo.base_url, OPENROUTER_API_KEY="", ORCHAT_KEYS__STORE="env")

    refused(done, 3, "there is no key")
    listed = run("sessions", "list", base_url=demo.base_url)
    assert listed == Done(0, "", "")


@pytest.mark.parametrize("key", [f"{KEY[:20]} {KEY[20:]}", f"{KEY[:20]}\n{KEY[20:]}"])
def test_a_key_with_a_space_or_a_newline(key: str, demo: DemoThread) -> None:
    done = run("ask", "hi", base_url=demo.base_url, OPENROUTER_API_KEY=key)

    refused(done, 3, "OPENROUTER_API_KEY: the key has a space or a line break in it")
    assert KEY[20:] not in done.err


def test_a_key_with_white_space_around_it_is_a_good_key(demo: DemoThread) -> None:
    assert run("ask", "hi", base_url=demo.base_url, OPENROUTER_API_KEY=f" {KEY}\n").code == 0


# ---- settings


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[api]\nbase_url = nope", "config.toml"),
        ("[api]\nbase_ulr = 'http://x'", "config.toml:2: api.base_ulr: is not a setting"),
        ("[chat]\ntemperature = 'hot'", "config.toml:2: chat.temperature: expected a number"),
        ("[nonsense]\nx = 1", "nonsense"),
        ("\x00", "config.toml"),
    ],
)
def test_broken_settings(text: str, says: str, orchat: Orchat, home: Path) -> None:
    file = home / "orchat" / "config.toml"
    file.parent.mkdir()
    file.write_text(text)

    done = orchat("ask", "hi")

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("orchat: ") and says in done.err.splitlines()[0]
    assert len(done.err.splitlines()) <= 2


def test_a_settings_file_that_is_named_but_not_there(orchat: Orchat, tmp_path: Path) -> None:
    refused(orchat("--config", str(tmp_path / "none.toml"), "ask", "hi"), 2, "none.toml does not exist")


def test_a_setting_out_of_bounds_in_the_environment(demo: DemoThread) -> None:
    done = run("ask", "hi", base_url=demo.base_url, ORCHAT_CHAT__TEMPERATURE="9")

    refused(done, 2, "ORCHAT_CHAT__TEMPERATURE", hint=False)


# ---- the database


def database(home: Path) -> Path:
    return home / "orchat" / "data" / "orchat.db"


@pytest.fixture
def said_before(orchat: Orchat, home: Path) -> Path:
    """A database with one session."""
    assert orchat("ask", "-m", "demo/writer", "Remember marmalade.").code == 0
    return database(home)


def test_a_foreign_database(orchat: Orchat, home: Path) -> None:
    file = database(home)
    file.parent.mkdir(parents=True)
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = file.read_bytes()

    refused(orchat("ask", "hi"), 4, "")
    assert file.read_bytes() == before


def test_a_file_that_is_no_database(orchat: Orchat, home: Path) -> None:
    file = database(home)
    file.parent.mkdir(parents=True)
    file.write_text("Dear diary, " * 1000)

    refused(orchat("ask", "hi"), 4, "")
    assert file.read_text().startswith("Dear diary")


def test_a_newer_database(orchat: Orchat, said_before: Path) -> None:
    connection = sqlite3.connect(said_before)
    connection.execute("PRAGMA user_version = 9999")
    connection.close()

    refused(orchat("ask", "hi"), 4, "newer")


def test_a_damaged_database(orchat: Orchat, said_before: Path) -> None:
    connection = sqlite3.connect(said_before)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    data = bytearray(said_before.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    said_before.write_bytes(data)

    refused(orchat("ask", "hi"), 4, "")


def test_a_home_that_cannot_be_written(demo: DemoThread, home: Path) -> None:
    (home / "orchat").mkdir()
    (home / "orchat" / "data").write_text("in the way")

    refused(run("ask", "hi", base_url=demo.base_url), 4, "cannot create the folder")
    refused(run("ask", "hi", base_url=demo.base_url, ORCHAT_HOME="/proc/orchat"), 4, "cannot create the folder")
    refused(run("ask", "hi", base_url=demo.base_url, ORCHAT_HOME=str(home / "orchat" / "data")), 2, "not a directory")


def test_a_full_disk(demo: DemoThread, said_before: Path, orchat: Orchat) -> None:
    demo.server.script(say("x" * 200_000))

    def no_room() -> None:
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        size = said_before.stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    # Coverage could not write its own file either.
    environ = {name: value for name, value in environment(demo.base_url).items() if not name.startswith("COV")}
    done = run("ask", "tell me everything", environ=environ, before=no_room)

    assert done.code == 4
    assert "Traceback" not in done.err
    assert done.err.startswith("orchat: ")
    # What was there before is whole.
    assert "marmalade" in orchat("sessions", "search", "marmalade").out
    assert orchat("ask", "-c", "hi").code == 0


def test_the_files_are_for_their_owner_alone(said_before: Path) -> None:
    assert stat.S_IMODE(said_before.stat().st_mode) == 0o600
    assert stat.S_IMODE(said_before.parent.stat().st_mode) == 0o700
