"""What all places for secrets have in common: their content, their lock, and where to turn when one fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from orchat.domain.secret import Secret
from orchat.errors import StoreUnwritable
from orchat.paths import make_private

Keys = dict[str, Secret]
"""Label to key, in the order in which they were kept."""
ELSEWHERE = "Set OPENROUTER_API_KEY, or name a file of keys in ORCHAT_KEYS_FILE."


def replace(kept: Keys, keys: Mapping[str, Secret]) -> None:
    """Put other keys in the place of those that are kept."""
    kept.clear()
    kept.update(keys)


@contextmanager
def alone(path: Path, timeout_s: float) -> Iterator[None]:
    """Hold a lock file while keys are changed."""
    from orchat.store.locks import FileLock

    make_private(path.parent, tighten=False)
    try:
        lock = FileLock(path, timeout_s)
    except OSError as error:
        raise StoreUnwritable(
            f"cannot lock {path}: {reason_of(error)}", hint="Check its owner and its folder."
        ) from None
    try:
        with lock:
            yield
    finally:
        lock.close()


def reason_of(error: OSError) -> str:
    """What the system says went wrong, as part of a sentence."""
    return (error.strerror or type(error).__name__).lower()
