"""What a log line holds."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys

import pytest

from orchat import logs
from orchat.errors import ConnectionFailed
from tests.support.log_book import Book, book, logger

__all__ = ["book"]


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
    assert first["error"]["type"] == "orchat.errors.requests.ConnectionFailed"
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
