"""Where the pages of a session are kept on the disk. Knows no widget; everything here blocks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchat.errors import StoreUnwritable
from orchat.media.filename import slug
from orchat.paths import make_private

if TYPE_CHECKING:
    from orchat.paths import Paths

_TOLD = "session.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a session was told of its pages."""

    prompt_id: int | None = None
    """Number of the prompt; None: nothing was told yet."""
    prompt: str = ""
    """Its text."""
    text: str = ""
    """The answer's."""


def jobs_in(paths: Paths) -> Path:
    """The folder that holds a folder for each session with pages."""
    return paths.data_dir / "ocr" / "sessions"


def stage(folder: Path, files: Sequence[tuple[str, bytes]]) -> list[Path]:
    """Write what is attached into files under its own names.

    Args:
        folder: Where; what was there is gone afterwards.
        files: Name, foreign, and bytes.

    Raises:
        StoreUnwritable: Full disk, no permission.
    """
    shutil.rmtree(folder, ignore_errors=True)
    return [_put(folder / str(number) / slug(name), data) for number, (name, data) in enumerate(files, 1)]


def adopt(root: Path, staged: Sequence[Path]) -> list[Path]:
    """Take staged files into the folder of a job.

    Args:
        root: The folder of the job; it need not exist.
        staged: From `stage`.

    Raises:
        StoreUnwritable: Full disk, no permission.
    """
    sources = root / "sources"
    first = 1 + sum(1 for _ in sources.glob("*"))
    adopted = []
    for number, path in enumerate(staged, first):
        target = sources / str(number) / path.name
        make_private(target.parent)
        try:
            path.replace(target)
        except OSError as error:
            raise _unwritable(target, error) from None
        adopted.append(target)
    return adopted


def told(root: Path) -> Told:
    """What the session was told of a job last."""
    with suppress(OSError, ValueError, LookupError, TypeError):
        found = json.loads((root / _TOLD).read_text(encoding="utf-8"))
        return Told(prompt_id=int(found["prompt_id"]), prompt=str(found["prompt"]), text=str(found["text"]))
    return Told()


def put_told(root: Path, told: Told) -> None:
    """Write down what the session was told.

    Raises:
        StoreUnwritable: Full disk, no permission.
    """
    _put(root / _TOLD, json.dumps(asdict(told)).encode())


def _put(path: Path, data: bytes) -> Path:
    make_private(path.parent)
    unfinished = path.with_name(f".{path.name}.part")
    try:
        unfinished.write_bytes(data)
        unfinished.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from None
    return path


def _unwritable(path: Path, error: OSError) -> StoreUnwritable:
    reason = (error.strerror or type(error).__name__).lower()
    return StoreUnwritable(f"cannot write {path}: {reason}", hint="Make room, then try again.")
