"""How long to wait before the next attempt."""

from __future__ import annotations

from collections.abc import Callable

Uniform = Callable[[float, float], float]


def full_jitter(retry: int, *, base_s: float, cap_s: float, uniform: Uniform) -> float:
    """Exponential backoff with full jitter.

    Args:
        retry: Number of the retry, from 1.
        base_s: Upper bound of the first delay, in seconds.
        cap_s: Upper bound of every delay, in seconds.
        uniform: Source of chance: a number between two bounds.

    Returns:
        Seconds between 0 and ``min(cap_s, base_s * 2 ** (retry - 1))``.
    """
    return uniform(0.0, min(cap_s, base_s * 2.0 ** min(retry - 1, 32)))
