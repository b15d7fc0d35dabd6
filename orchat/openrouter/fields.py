"""Reading JSON that others wrote: a wrong type is an absent value, never an error."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

from orchat.domain.money import parse_usd, to_pico

MOST = 10**15
"""Counts beyond this are nonsense; they would not fit into a database either."""
_MOST_USD = Decimal(10**6)


def parsed(document: str | bytes) -> Any:
    """The value of a JSON document, or None when it is not one."""
    try:
        return json.loads(document)
    except (ValueError, RecursionError):
        return None


def mended(value: str) -> str:
    """Text without lone surrogates, which no file, database or terminal takes."""
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return value


def text(value: object) -> str:
    """A string, else an empty one."""
    return mended(value) if isinstance(value, str) else ""


def table(value: object) -> dict[str, Any]:
    """A JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def rows(value: object) -> list[dict[str, Any]]:
    """The objects of a list."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def texts(value: object) -> tuple[str, ...]:
    """The strings of a list."""
    return tuple(mended(item) for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def number(value: object) -> float | None:
    """A finite number, else None; numbers in strings count."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if math.isfinite(result) else None


def count(value: object) -> int | None:
    """A whole number from 0 to `MOST`, else None."""
    result = number(value)
    return int(result) if result is not None and 0 <= result <= MOST else None


def pico(value: object) -> int | None:
    """A plausible dollar amount in pico-dollars, else None."""
    amount = parse_usd(value)
    return to_pico(amount) if amount is not None and abs(amount) <= _MOST_USD else None


def flag(value: object) -> bool:
    """True only for true."""
    return value is True
