"""Pages that were read, as texts: each by itself, and all in one. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from orchat.domain.clean import clean_line
from orchat.domain.money import to_usd
from orchat.ocr.page import Format, Page, Record


def page_text(page: Page, record: Record, form: Format) -> str:
    """One page, as it stands in a file of its own.

    Args:
        page: Which.
        record: What was read.
        form: ``md`` and ``txt`` give the text alone, ``json`` everything that is known of it.
    """
    if form == "json":
        return _encoded(page_object(page, record))
    return _ended(record.text)


def whole_text(pages: Iterable[Page], records: Mapping[str, Record], failures: Mapping[int, str], form: Format) -> str:
    """All pages in one, in order, each under a mark that tells which it is.

    Args:
        pages: All of them.
        records: Those that were read, by their key.
        failures: Why others were not, by their number.
        form: Of the result.
    """
    stack = tuple(pages)
    if form == "json":
        return _encoded(_whole_object(stack, records, failures))
    return "\n".join(_marked(page, records.get(page.key), failures.get(page.number), form) for page in stack)


def page_object(page: Page, record: Record) -> dict[str, Any]:
    """A page as JSON has it."""
    cost = record.cost.pico
    return {
        "number": page.number,
        "name": page.name,
        "source": str(page.source.path),
        "sha256": page.source.sha256,
        "page": page.index + 1,
        "text": record.text,
        "is_corrected": record.is_corrected,
        "model": record.model,
        "provider": record.provider,
        "generation_id": record.generation_id,
        "usage": {
            "prompt_tokens": record.usage.prompt_tokens,
            "completion_tokens": record.usage.completion_tokens,
            "reasoning_tokens": record.usage.reasoning_tokens,
        },
        "cost_usd": None if cost is None else format(to_usd(cost), "f"),
        "cost_source": record.cost.source,
    }


def _whole_object(
    stack: tuple[Page, ...], records: Mapping[str, Record], failures: Mapping[int, str]
) -> dict[str, Any]:
    read = {page.key: records[page.key] for page in stack if page.key in records}
    return {
        "pages": [page_object(page, records[page.key]) for page in stack if page.key in records],
        "missing": list(_missing(stack, records, failures)),
        "totals": {
            "pages": len(stack),
            "read": sum(page.key in records for page in stack),
            "prompt_tokens": sum(record.usage.prompt_tokens for record in read.values()),
            "completion_tokens": sum(record.usage.completion_tokens for record in read.values()),
            "cost_usd": format(to_usd(sum(record.cost.pico or 0 for record in read.values())), "f"),
            "unknown_cost": sum(record.cost.pico is None for record in read.values()),
        },
    }


def _missing(
    stack: tuple[Page, ...], records: Mapping[str, Record], failures: Mapping[int, str]
) -> Iterator[dict[str, Any]]:
    for page in stack:
        if page.key not in records:
            yield {"number": page.number, "name": page.name, "reason": failures.get(page.number, "not read yet")}


def _marked(page: Page, record: Record | None, failure: str | None, form: Format) -> str:
    missing = f"[not read: {clean_line(failure, 300)}]" if failure else "[not read yet]"
    body = missing if record is None else record.text
    if form == "txt":
        return f"=== page {page.number}: {page.name} ===\n\n{_ended(body)}"
    # A backtick would end the name's quotes, and a name is foreign.
    name = page.name.replace("`", "'")
    return f"---\n\n**Page {page.number}** · `{name}`\n\n{_ended(body)}"


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"


def _encoded(value: object) -> str:
    return f"{json.dumps(value, ensure_ascii=False, indent=2)}\n"
