"""What a log line holds, what it never holds, and that writing it never hurts."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchat import logs
from orchat.config import LogSettings
from orchat.domain.secret import Secret
from orchat.errors import ConnectionFailed, KeyRejected
from orchat.paths import Paths

logger = logging.getLogger("orchat.tests")


class Book:
    """The log of one test, and what stands in it."""

    def __init__(self, folder: Path) -> None:
        self.paths = Paths.discover({"ORCHAT_HOME": str(folder)})
        self.open: list[logs.Log] = []

    def begin(self, *secrets: Secret, capture: tuple[str, ...] = (), **changes: Any) -> logs.Log:
        log = logs.configure(self.paths, LogSettings(**changes), secrets=secrets, capture=capture)
        self.open.append(log)
        return log

    @property
    def text(self) -> str:
        return self.paths.log_file.read_text(encoding="ascii")

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines() if line]


@pytest.fixture
def book(home: Path) -> Iterator[Book]:
    found = Book(home / "log home")
    yield found
    for log in found.open:
        log.close()
    assert all(isinstance(handler, logging.NullHandler) for handler in logging.getLogger("orchat").handlers)


def test_a_line_says_when_where_and_what(book: Book) -> None:
    book.begin()
    logs.event(logger, "request.sent", model="a/b", tokens=12, share=0.5, cached=False, provider=None)

    [line] = book.lines
    at = line.pop("at")
    assert at.endswith("+00:00")
    assert len(at) == len("2026-09-21T13:33:20.123+00:00")
    assert line.pop("pid") > 0
    assert line == {
        "level": "info",
        "logger": "orchat.tests",
        "event": "request.sent",
        "model": "a/b",
        "tokens": 12,
        "share": 0.5,
        "cached": False,
        "provider": None,
    }


def test_the_file_is_private_and_appears_with_the_first_line(book: Book) -> None:
    book.begin()
    assert not book.paths.log_dir.exists()

    logs.event(logger, "x")
    assert book.paths.log_file.stat().st_mode & 0o777 == 0o600
    assert book.paths.log_dir.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("level", "kept"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_the_level_is_configured(book: Book, level: str, kept: list[str]) -> None:
    book.begin(level=level)
    for name in ("debug", "info", "warning", "error"):
        logs.event(logger, "x", level=getattr(logging, name.upper()))

    assert [line["level"] for line in book.lines] == kept


def test_a_log_that_is_off_writes_nothing(book: Book) -> None:
    book.begin(level="off")
    logs.event(logger, "x", level=logging.ERROR)

    assert not book.paths.log_dir.exists()


@pytest.mark.anyio
async def test_bound_fields_follow_the_task_and_no_other(book: Book) -> None:
    book.begin()

    async def work(number: int) -> None:
        with logs.bind(request=number):
            await asyncio.sleep(0)
            with logs.bind(attempt=1):
                logs.event(logger, "inside")
            logs.event(logger, "after")

    await asyncio.gather(work(1), work(2))
    logs.event(logger, "outside")

    seen = {(line["event"], line.get("request"), line.get("attempt")) for line in book.lines}
    assert seen == {("inside", 1, 1), ("inside", 2, 1), ("after", 1, None), ("after", 2, None), ("outside", None, None)}


def test_an_exception_shows_types_places_and_our_own_words_alone(book: Book) -> None:
    book.begin()

    def fails() -> None:
        local = "a local that nobody may read"
        try:
            raise ValueError(f"foreign words {local}")
        except ValueError as error:
            raise ConnectionFailed("the server did not answer") from error

    try:
        fails()
    except ConnectionFailed as error:
        logs.event(logger, "request.failed", level=logging.ERROR, error=error)
        logger.exception("it failed: %s", error)

    first, second = book.lines
    assert first["error"]["type"] == "orchat.errors.ConnectionFailed"
    assert first["error"]["message"] == "the server did not answer"
    assert [place.split()[-1] for place in first["error"]["frames"]] == [
        "test_an_exception_shows_types_places_and_our_own_words_alone",
        "fails",
    ]
    assert first["error"]["behind"][0]["type"] == "builtins.ValueError"
    assert "message" not in first["error"]["behind"][0]
    assert second["event"] == "it failed: ConnectionFailed: the server did not answer"
    assert "foreign words" not in book.text
    assert "nobody may read" not in book.text


def test_exceptions_in_a_circle_or_a_long_row_end(book: Book) -> None:
    book.begin()
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    row: Exception = ValueError()
    for _ in range(50):
        row, row.__context__ = ValueError(), row
    suppressed = ValueError()
    suppressed.__context__, suppressed.__suppress_context__ = KeyError(), True
    for error in (first, row, suppressed):
        logs.event(logger, "x", error=error)

    assert [len(line["error"].get("behind", ())) for line in book.lines] == [1, 7, 0]


def test_a_deep_recursion_is_cut_to_its_last_places(book: Book) -> None:
    book.begin()

    def dive(depth: int) -> None:
        if depth == 0:
            raise ValueError
        dive(depth - 1)

    try:
        dive(100)
    except ValueError as error:
        logs.event(logger, "x", error=error)
    assert len(book.lines[0]["error"]["frames"]) == 20


def test_what_is_no_plain_value_is_named_by_its_type(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("orchat"), "propagate", False)  # pytest's own handler trips over "%d"
    book.begin()
    logs.event(logger, "x", thing={"prompt": "tell nobody"}, far=float("inf"))  # type: ignore[arg-type]  # that is the case
    logger.info("%s %s %d", {"a": "tell nobody"}, ValueError("tell nobody"), 3)
    logger.info("%(who)s", {"who": ["tell nobody"]})
    logger.info("%d", "not a number, tell nobody")
    logger.info("100 %")

    assert [line["event"] for line in book.lines] == ["x", "dict ValueError 3", "list", "%d", "100 %"]
    assert (book.lines[0]["thing"], book.lines[0]["far"]) == ("dict", "inf")
    assert "tell nobody" not in book.text


@pytest.mark.parametrize(
    "name", ["user_id", "creator_user_id", "account", "account_id", "Authorization", "api_key", "prompt", "token"]
)
def test_fields_with_a_private_name_are_masked(book: Book, name: str) -> None:
    book.begin()
    with logs.bind(**{name: "value to hide"}):
        logs.event(logger, "x")

    assert book.lines[0][name] == "••••"


def test_numbers_with_such_a_name_stay(book: Book) -> None:
    book.begin()
    logs.event(logger, "x", prompt_tokens=3, key="work")

    assert (book.lines[0]["prompt_tokens"], book.lines[0]["key"]) == (3, "work")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("key sk-or-v1-0123abc, next", "key ••••, next"),
        ("keysk-or-v1-0123abc", "key••••"),
        ("sk-proj-abc_DEF", "••••"),
        ("Authorization: Bearer abc.def-1", "Authorization: ••••"),
        ("basic dXNlcg==", "••••"),
        ("by user_2abcXYZ today", "by •••• today"),
        ("https://me:pass@host/v1", "https://••••@host/v1"),
        ("a task-force at no risk-free desk", "a task-force at no risk-free desk"),
        ("x" * 600, "x" * 500 + "…"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, expected: str) -> None:
    assert logs.redact(text) == expected


def test_terminal_codes_stand_escaped(book: Book) -> None:
    book.begin()
    logs.event(logger, "x", model="\x1b]52;c;AAAA\x07\u202e\x9b")

    assert "\x1b" not in book.text
    assert book.text.isascii()
    assert book.lines[0]["model"] == "\x1b]52;c;AAAA\x07\u202e\x9b"


def test_foreign_warnings_keep_their_first_words_alone(book: Book) -> None:
    log = book.begin(capture=("asyncio",))
    foreign = logging.getLogger("asyncio")
    foreign.error("Task exception was never retrieved\nfuture: <Task exception=ValueError('tell nobody')>")
    foreign.error("Exception in callback answer('tell nobody') %s", "tell nobody")
    log.close()
    foreign.debug("not kept any more")

    assert [line["event"] for line in book.lines] == [
        "Task exception was never retrieved",
        "Exception in callback answer",
    ]
    assert "tell nobody" not in book.text


def test_two_runtimes_of_one_process_write_each_line_once(book: Book) -> None:
    first, second = book.begin(), book.begin()
    logs.event(logger, "one")
    first.close()
    first.close()
    logs.event(logger, "two")
    second.close()
    logs.event(logger, "three")

    assert [line["event"] for line in book.lines] == ["one", "two"]


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


def test_without_configuration_nothing_is_printed() -> None:
    code = (
        "import logging; from orchat import logs\n"
        "logs.event(logging.getLogger('orchat.x'), 'x', level=logging.ERROR)\n"
        "import sys; print(sorted({'logging.handlers', 'structlog', 'pickle', 'traceback'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "logging.handlers" not in done.stdout
    assert "structlog" not in done.stdout
    assert done.stderr == ""


keys = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=60)
openrouter_keys = st.text(alphabet="0123456789abcdef", min_size=20, max_size=64).map(lambda text: f"sk-or-v1-{text}")
around = st.text(max_size=20)


@settings(max_examples=60, deadline=None)
@given(
    key=keys | openrouter_keys,
    registered=st.booleans(),
    before=around,
    after=st.sampled_from(["", " ", "\n", '"', "x" * 600]),
)
def test_no_way_into_the_log_lets_a_key_through(
    tmp_path_factory: pytest.TempPathFactory, key: str, registered: bool, before: str, after: str
) -> None:
    if not registered and not key.startswith("sk-or-"):
        return
    book = Book(tmp_path_factory.mktemp("log"))
    log = book.begin(*([Secret(key)] if registered else []), level="debug", capture=("foreign",))
    text = f"{before}{key}{after}"
    try:
        _drive(key, text)
    finally:
        log.close()
        logs._hidden.clear()

    written = book.text
    assert len(book.lines) == 9
    for form in (key, json.dumps(key)[1:-1], key[:-1] if len(key) > 16 else key):
        assert form not in written


def _drive(key: str, text: str) -> None:
    """A key on every way into the log."""
    logs.event(logger, text, model=text, provider=key)
    with logs.bind(request=text):
        logger.info("fine")
    logger.info(text)
    logger.info("args %s %r", text, Secret(key))
    logger.info("%(a)s", {"a": text})
    logger.info("object %s", [text])
    logging.getLogger("foreign").warning(text)
    try:
        try:
            raise ValueError(text)
        except ValueError:
            raise RuntimeError(text, key)  # noqa: B904  # the implicit context is the case
    except RuntimeError:
        logger.exception("foreign")
    try:
        raise KeyRejected(text, hint=text) from OSError(text)
    except KeyRejected as error:
        logger.warning("ours %s", error, exc_info=True, stack_info=True)
