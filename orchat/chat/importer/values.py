"""What stands in a foreign file, taken for what it is or for nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

_LAST_MOMENT = 253_402_300_799.0  # 9999-12-31: later than that, no date can be written.
_MOST = 2**53


def text(value: object) -> str:
    """A text; anything else is an empty one."""
    return value if isinstance(value, str) else ""


def optional(value: object) -> str | None:
    """A text with something in it, or nothing."""
    return value if isinstance(value, str) and value else None


def whole(value: object) -> int | None:
    """A number as JSON and SQLite keep it, or nothing."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _MOST:
        return None
    return value


def table(value: object) -> Mapping[str, Any]:
    """An object; anything else is an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """A list; anything else is an empty one."""
    return value if isinstance(value, list) else []


def moment(value: object) -> float:
    """A point in time in epoch seconds: a number, or a date as ISO 8601 (UTC unless it says otherwise); else 0."""
    if isinstance(value, str):
        return _parsed(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 0.0
    return float(value) if 0 < value < _LAST_MOMENT and math.isfinite(value) else 0.0


def _parsed(value: str) -> float:
    try:
        at = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
        return moment((at if at.tzinfo else at.replace(tzinfo=timezone.utc)).timestamp())
    except (ValueError, OverflowError):
        return 0.0
