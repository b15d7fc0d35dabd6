"""The tables of the usage screen."""

from __future__ import annotations

import pytest

from orchat.domain.ledger import UsageRow
from orchat.tui.screens.usage import table

PICO = 10**12
USED = [
    UsageRow(group="", attempts=2, finished=1, cost_pico=PICO),
    UsageRow(group="somebody/a-model-with-a-long-name:free", cost_pico=PICO, estimated_pico=1, unknown_cost=1),
]


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (120, ["MODEL", "sent", "whole", "cut", "failed", "in", "out", "cost"]),
        (75, ["MODEL", "sent", "whole", "cut", "failed", "in", "out", "cost"]),
        (55, ["MODEL", "sent", "in", "out", "cost"]),
        (40, ["MODEL", "sent", "cost"]),
        (20, ["MOD…", "cost"]),
    ],
)
def test_a_usage_table_fits_the_width_and_keeps_the_cost(width: int, columns: list[str]) -> None:
    head, unnamed, long = table("MODEL", USED, width).plain.splitlines()
    assert head.split() == columns
    assert max(map(len, (head, unnamed, long))) <= width
    assert unnamed.startswith("unk") and unnamed.endswith(" $1.00")
    assert long.startswith("som") and long.endswith(" ≈ $1.00 + ?")
    assert "nothing yet" in table("KEY", [], width).plain
