"""A structured log: JSON lines in a rotating file, with nothing secret in them.

The standard library does it: importing structlog costs 83 to 109 ms here, `logging` 11 ms that asyncio and httpx pay
anyway. The file is our own, because `logging.handlers` knows nothing of other processes that write to the same file.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import datetime, timezone
from math import isfinite
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, TypeAlias

from orchat.domain.secret import Secret
from orchat.errors import OrchatError
from orchat.paths import UNINHERITED, make_private

if TYPE_CHECKING:
    from orchat.config import LogSettings
    from orchat.paths import Paths

Value: TypeAlias = str | int | float | bool | None

ROOT = "orchat"
MASK = "••••"
LONGEST_TEXT = 500
SHORTEST_SECRET = 8
"""A registered secret shorter than this protects nothing, and hiding it would garble every line."""

_TELLTALE = re.compile(
    r"""
      sk-or-[A-Za-z0-9_-]+                   # keys of OpenRouter
    | \bsk-[A-Za-z0-9_-]{4,}                 # and of those with the same habit
    | \b(?:Bearer|Basic)\s+[^\s"',;]+        # authorization headers
    | \buser_[A-Za-z0-9]+                    # account ids
    | (?<=://)[^/\s@]+(?=@)                  # user and password in an address
    """,
    re.VERBOSE | re.IGNORECASE,
)
_PRIVATE_NAMES = re.compile(
    r"authorization|api_?key|secret|token$|password|user_?id|account|prompt|content", re.IGNORECASE
)
_BEYOND_WORDS = re.compile(r"[^A-Za-z ,']")

_hidden: set[Secret] = set()
_context: ContextVar[Mapping[str, Value]] = ContextVar("orchat_log", default=MappingProxyType({}))

logging.getLogger(ROOT).addHandler(logging.NullHandler())


def hide(*secrets: Secret) -> None:
    """Keep these secrets out of every line from now on, in this process."""
    _hidden.update(secret for secret in secrets if len(secret.reveal()) >= SHORTEST_SECRET)


def redact(text: str) -> str:
    """A text without keys, authorization headers and account ids, and not too long."""
    # The longest first: a secret may be the beginning of another.
    for value in sorted((secret.reveal() for secret in _hidden), key=len, reverse=True):
        text = text.replace(value, MASK)
    text = _TELLTALE.sub(MASK, text)
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"


@contextmanager
def bind(**fields: Value) -> Iterator[None]:
    """Add fields to every line written inside the block, in this task and those it starts.

    Args:
        **fields: For example ``request``, ``conversation``, ``attempt``.
    """
    before = _context.get()
    _context.set({**before, **fields})
    try:
        yield
    finally:
        # Not `reset`: an async generator may be closed in another context than the one it ran in.
        _context.set(before)


def event(
    logger: logging.Logger, name: str, *, level: int = logging.INFO, error: BaseException | None = None, **fields: Value
) -> None:
    """Write one line.

    Args:
        logger: Says which part speaks.
        name: What happened: a constant, so that it can be searched for.
        level: A level of `logging`.
        error: What went wrong; only its type, our own message and the places in the code are written.
        **fields: Numbers and short texts; anything else is written as the name of its type.
    """
    if logger.isEnabledFor(level):
        extra = {"orchat_fields": _plain(fields), "orchat_error": _described(error) if error else None}
        logger.log(level, "%s", redact(name), extra=extra)


class Log:
    """An open log. Made by `configure`.

    Args:
        handler: Writes the lines; None when the log is off.
    """

    def __init__(self, handler: _Handler | None) -> None:
        self._handler = handler

    def close(self) -> None:
        """Detach from the loggers and close the file, unless another log still uses it; a second call does nothing."""
        handler, self._handler = self._handler, None
        if handler is None:
            return
        handler.users -= 1
        if handler.users == 0:
            for name in handler.names:
                logging.getLogger(name).removeHandler(handler)
            handler.close()


def configure(
    paths: Paths, settings: LogSettings, *, secrets: Sequence[Secret] = (), capture: Sequence[str] = ()
) -> Log:
    """Send the lines of orchat to its file. The file appears with the first line.

    Args:
        paths: Say where the file is.
        settings: Level, size and number of older files.
        secrets: Never written.
        capture: Foreign loggers whose warnings are kept too, without their arguments: for programs, not for libraries.

    Returns:
        What closes it again.
    """
    hide(*secrets)
    if settings.level == "off":
        return Log(None)
    root = logging.getLogger(ROOT)
    root.setLevel(settings.level.upper())
    handler = next((h for h in root.handlers if isinstance(h, _Handler) and h.path == paths.log_file), None)
    if handler is None:
        handler = _Handler(RotatingFile(paths.log_file, settings.max_bytes, settings.backups))
    handler.users += 1
    for name in (ROOT, *capture):
        handler.names.add(name)
        logging.getLogger(name).addHandler(handler)
    return Log(handler)


class RotatingFile:
    """A file of lines, shared by several processes, with mode 0600; it begins anew when it is full.

    Args:
        path: The file; older ones get ``.1``, ``.2`` … added.
        max_bytes: Size at which a new one is begun.
        backups: Older ones kept.
    """

    def __init__(self, path: Path, max_bytes: int, backups: int) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._backups = backups
        self._descriptor: int | None = None
        self._torn = False

    def write(self, line: bytes) -> None:
        """Append one line.

        Raises:
            OSError: It could not be written; a part of it may stand in the file.
        """
        descriptor = self._current(len(line))
        data = b"\n" + line if self._torn else line
        self._torn = os.write(descriptor, data) != len(data)

    def close(self) -> None:
        """Close the file; the next line opens it again."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _current(self, more: int) -> int:
        """The file to write to: not full, and still the one with the name."""
        descriptor = self._descriptor if self._descriptor is not None else self._open()
        status = os.fstat(descriptor)
        if status.st_nlink and status.st_size + more <= self._max_bytes:
            return descriptor
        self._rotate(more)
        self.close()
        return self._open()

    def _open(self) -> int:
        make_private(self.path.parent, tighten=False)
        self._descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | UNINHERITED, 0o600)
        return self._descriptor

    def _rotate(self, more: int) -> None:
        """Rename the files by one, unless another process has just done it or is at it."""
        import fcntl

        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self.path.stat().st_size + more > self._max_bytes:
                names = [self.path, *(Path(f"{self.path}.{number}") for number in range(1, self._backups + 1))]
                for older, newer in reversed(list(zip(names[1:], names, strict=False))):
                    with suppress(FileNotFoundError):
                        newer.replace(older)
                # Where older files are kept, a file of this name is a new one by now, in which others write.
                if not self._backups:
                    self.path.unlink(missing_ok=True)
        except OSError:
            pass  # the line goes to the full file then
        finally:
            os.close(folder)


class _Handler(logging.Handler):
    """Turns records into JSON lines. Whatever fails here, the program goes on."""

    def __init__(self, file: RotatingFile) -> None:
        super().__init__()
        self._file = file
        self.path = file.path
        self.users = 0
        self.names: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, or nothing."""
        with suppress(Exception):
            self._file.write(_line(record))

    def close(self) -> None:
        """Close the file."""
        self.acquire()
        try:
            self._file.close()
        finally:
            self.release()
        super().close()


def _line(record: logging.LogRecord) -> bytes:
    ours = record.name.partition(".")[0] == ROOT
    line: dict[str, object] = {
        "at": datetime.fromtimestamp(record.created, tz=timezone.utc).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "pid": record.process,
        "event": redact(_message(record)) if ours else _first_words(str(record.msg)),
        **_plain(_context.get()),
    }
    line.update(getattr(record, "orchat_fields", {}))
    error = getattr(record, "orchat_error", None)
    if error is None and record.exc_info and record.exc_info[1] is not None:
        error = _described(record.exc_info[1])
    if error is not None:
        line["error"] = error
    # ASCII alone: the log can be shown on any terminal without obeying what foreign text says.
    return json.dumps(line, separators=(",", ":")).encode("ascii") + b"\n"


def _first_words(text: str) -> str:
    """All that is kept of a foreign line: asyncio writes the arguments of a failed callback into its message."""
    return _BEYOND_WORDS.split(redact(text), maxsplit=1)[0][:80]


def _message(record: logging.LogRecord) -> str:
    """The message with harmless arguments: never the text of a foreign exception, never the inside of an object."""
    template, args = str(record.msg), record.args
    try:
        if isinstance(args, Mapping):
            return template % {name: _argument(value) for name, value in args.items()}
        return template % tuple(_argument(value) for value in args) if args else template
    except (TypeError, ValueError, KeyError):
        return template


def _argument(value: object) -> object:
    if value is None or isinstance(value, (str, int, float)):
        return value
    return f"{type(value).__name__}: {value.message}" if isinstance(value, OrchatError) else type(value).__name__


def _plain(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: _field(name, value) for name, value in fields.items()}


def _field(name: str, value: object) -> object:
    if isinstance(value, (str, Secret)) and _PRIVATE_NAMES.search(name):
        return MASK
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, float) and not isfinite(value):
        return str(value)  # JSON has no word for it
    return value if value is None or isinstance(value, (int, float)) else type(value).__name__


def _described(error: BaseException) -> dict[str, object]:
    """An exception and those behind it: types, our own messages, places in the code; no arguments, no locals."""
    chain: list[dict[str, object]] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen and len(chain) < 8:
        seen.add(id(current))
        kind = type(current)
        entry: dict[str, object] = {"type": f"{kind.__module__}.{kind.__qualname__}"}
        if isinstance(current, OrchatError):
            entry["message"] = redact(current.message)
        entry["frames"] = _frames(current.__traceback__)
        chain.append(entry)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return chain[0] if len(chain) == 1 else {**chain[0], "behind": chain[1:]}


def _frames(trace: TracebackType | None) -> list[str]:
    places: list[str] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        module = trace.tb_frame.f_globals.get("__name__", "?")
        places.append(f"{module}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[-20:]
