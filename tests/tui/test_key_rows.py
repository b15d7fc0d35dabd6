"""The rows and details of the keys screen, without the screen."""

from __future__ import annotations

import pytest

from orchat import errors
from orchat.domain.ledger import UsageRow
from orchat.tui.keyrows import Check, KeyRow, details, header, row
from orchat.tui.lines import keys_rows
from tests.support.clock import START
from tests.support.standing import HOUR, PICO, hold, known, report


def key_row(check: Check | None = None, **fields: object) -> KeyRow:
    return KeyRow(known=known(**fields), source="keyring", rotate_after=40, check=check)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (key_row(), "ready"),
        (key_row(state={"is_current": True}), "current"),
        (key_row(in_use=True), "in use"),
        (key_row(requests_today=41), "over today"),
        (key_row(state={"disabled": True}, holds=(hold(),)), "disabled"),
        (key_row(holds=(hold(),)), "refused · 10 min 00 s"),
        (key_row(holds=(hold(kind="KeyLimitReached", until=START + 23.5 * HOUR),)), "limit used up · 23 h"),
        (key_row(holds=(hold("free:a", kind="free_day"),)), "free models · 10 min"),
        (key_row(Check(running=True), holds=(hold(),)), "testing …"),
        (key_row(Check()), "serves"),
        (key_row(Check(), in_use=True), "in use · serves"),
        (key_row(Check(error=errors.KeyRejected("no"))), "does not serve"),
    ],
)
def test_a_row_says_what_matters_most(key: KeyRow, words: str) -> None:
    assert key.state(START, 22)[0] == words


@pytest.mark.parametrize("width", [30, 56, 66, 76, 92, 112])
def test_rows_and_their_header_fit_and_stand_under_each_other(width: int) -> None:
    line, head = row(key_row(in_use=True), START, width).plain, header(width).plain
    assert len(line) <= width and len(head) <= width
    assert line.startswith(" ● work") and head.startswith("   key")
    if width >= 56:
        assert line.index("12 / 40") + len("12 / 40") == head.index("today") + len("today")
        assert line.index("in use") == head.index("state")


def test_the_details_tell_everything_and_whose_figures_they_are() -> None:
    told = report(
        account="1234567890",
        limit_pico=10 * PICO,
        limit_remaining_pico=4 * PICO,
        limit_reset="weekly",
        free_remaining=38,
        free_limit=50,
        usage_daily_pico=PICO,
    )
    usage = UsageRow(group="f", attempts=12, finished=10, cut=1, failed=1, cost_pico=PICO // 2)
    key = KeyRow(
        known=known(report=told, usage=usage, holds=(hold(),), state={"label": "[b]work[/b]"}),
        source="keyring",
        rotate_after=40,
        siblings=("spare",),
        check=Check(error=errors.KeyRejected("gone\x1b[2J")),
    )
    lines = details(key, START, 100).plain.splitlines()
    assert lines[0] == "[b]work[/b]  f · kept in your system's keyring · shares its account's limits with spare"
    assert lines[1:4] == [
        "tested       gone",
        "put aside    refused, again in 10 min 00 s",
        "             User not found.",
    ]
    assert lines[4] == "today        12 of 40 requests · 10 whole, 1 cut, 1 failed · $0.50"
    assert lines[5] == "limit left   $4.00 of $10.00, resets weekly"
    assert lines[6] == "free models  38 of 50 left today, anew in 9 h 46 min"
    assert lines[7] == "             OpenRouter, 2 min ago · $1.00 spent today"
    assert all(len(line) <= 40 for line in details(key, START, 40).plain.splitlines())


def test_a_server_that_tells_nothing_about_keys_is_not_asked_to() -> None:
    key = KeyRow(known=known(holds=(hold(until=None),)), source="file", rotate_after=40, is_told=False)
    text = details(key, START, 100).plain
    assert "limit" not in text and "until it is tested" in text
    assert "unknown" not in row(key, START, 112).plain


def test_keys_take_as_many_lines_as_they_need_and_none_is_lost() -> None:
    pairs = [("a", "add"), ("t", "test"), ("Esc", "back")]
    assert keys_rows(*pairs, width=100).plain == "a add  t test  Esc back"
    assert keys_rows(*pairs, width=14).plain == "a add  t test\nEsc back"
