"""The files of the log are private and bounded, lose no line, and writing them never hurts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from orchat import logs
from tests.support.log_book import Book, book, logger

__all__ = ["book"]


def test_the_file_is_private_and_appears_with_the_first_line(book: Book) -> None:
    book.begin()
    assert not book.paths.log_dir.exists()

    logs.event(logger, "x")
    assert book.paths.log_file.stat().st_mode & 0o777 == 0o600
    assert book.paths.log_dir.stat().st_mode & 0o777 == 0o700


def test_a_full_file_begins_anew_and_keeps_the_older_ones(book: Book) -> None:
    book.begin(max_bytes=10_000, backups=2)
    for number in range(400):
        logs.event(logger, "x", number=number, filler="y" * 100)

    names = sorted(path.name for path in book.paths.log_dir.iterdir())
    assert names == ["orchat.log", "orchat.log.1", "orchat.log.2"]
    assert all(path.stat().st_size <= 10_000 for path in book.paths.log_dir.iterdir())
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in book.paths.log_dir.iterdir())
    numbers = [
        json.loads(line)["number"]
        for name in reversed(names)
        for line in (book.paths.log_dir / name).read_text().splitlines()
    ]
    assert numbers == list(range(numbers[0], 400))


def test_without_backups_a_full_file_is_thrown_away(book: Book) -> None:
    book.begin(max_bytes=10_000, backups=0)
    for _ in range(200):
        logs.event(logger, "x", filler="y" * 100)

    assert [path.name for path in book.paths.log_dir.iterdir()] == ["orchat.log"]
    assert book.paths.log_file.stat().st_size <= 10_000


def test_a_file_that_was_renamed_or_removed_is_begun_again(book: Book) -> None:
    book.begin()
    logs.event(logger, "one")
    book.paths.log_file.unlink()
    logs.event(logger, "two")

    assert [line["event"] for line in book.lines] == ["two"]


def test_a_file_that_another_process_has_just_rotated_is_not_rotated_again(tmp_path: Path) -> None:
    path = tmp_path / "shared.log"
    ours, theirs = (logs.RotatingFile(path, 100, 3) for _ in range(2))
    for file in (ours, theirs):
        file.write(b"a" * 45 + b"\n")
    theirs.write(b"b" * 45 + b"\n")
    ours.write(b"c" * 45 + b"\n")
    ours.close()
    theirs.close()
    ours.close()

    assert path.read_text() == "b" * 45 + "\n" + "c" * 45 + "\n"
    assert sorted(item.name for item in tmp_path.iterdir() if "shared" in item.name) == ["shared.log", "shared.log.1"]


def test_while_another_process_rotates_the_line_goes_to_the_full_file(tmp_path: Path) -> None:
    import fcntl
    import os

    file = logs.RotatingFile(tmp_path / "shared.log", 10, 1)
    file.write(b"12345678\n")
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    file.write(b"more\n")
    os.close(folder)
    file.close()

    assert (tmp_path / "shared.log").read_text() == "12345678\nmore\n"


MANY = """
import logging, sys
from orchat import logs
from orchat.config import LogSettings
from orchat.paths import Paths, environment
log = logs.configure(Paths.discover(environment()), LogSettings(max_bytes=20_000, backups=50))
for number in range(300):
    logs.event(logging.getLogger("orchat.many"), "x", who=sys.argv[1], number=number)
log.close()
"""


def test_processes_that_rotate_at_once_lose_no_line(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCHAT_HOME", str(book.paths.config_dir))
    running = [subprocess.Popen([sys.executable, "-c", MANY, str(number)]) for number in range(4)]
    assert [process.wait() for process in running] == [0, 0, 0, 0]

    lines = [json.loads(line) for path in book.paths.log_dir.iterdir() for line in path.read_text().splitlines()]
    assert len({(line["who"], line["number"]) for line in lines}) == 1200


def test_a_torn_line_spoils_only_itself(tmp_path: Path) -> None:
    import resource
    import signal

    before, limit = resource.getrlimit(resource.RLIMIT_FSIZE), 1000
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    file = logs.RotatingFile(tmp_path / "log", 100_000, 1)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        file.write(b"a" * 990 + b"\n")
        file.write(b"b" * 50 + b"\n")
        with pytest.raises(OSError, match="File too large"):
            file.write(b"c\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    file.write(b"d\n")
    file.close()

    assert (tmp_path / "log").read_text().splitlines() == ["a" * 990, "b" * 9, "d"]


def test_a_full_disk_never_breaks_the_program(book: Book, capfd: pytest.CaptureFixture[str]) -> None:
    book.paths.log_dir.mkdir(parents=True)
    book.paths.log_file.symlink_to("/dev/full")
    book.begin()
    logs.event(logger, "x")

    assert capfd.readouterr() == ("", "")


def test_a_place_that_cannot_be_written_never_breaks_the_program(book: Book, capfd: pytest.CaptureFixture[str]) -> None:
    book.paths.config_dir.mkdir()
    book.paths.log_dir.write_text("a file where the folder should be")
    book.begin()
    logs.event(logger, "x")
    logger.info("y")

    assert capfd.readouterr() == ("", "")
