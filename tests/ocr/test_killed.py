"""A reading that is killed again and again reads every page, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.ocr_soak import soak

pytestmark = pytest.mark.anyio


async def test_pages_of_a_killed_command_are_all_there_each_once(tmp_path: Path) -> None:
    outcome = await soak(tmp_path, pages=40, kills=5, seed=5)
    assert outcome.faults == []
    assert outcome.kills == 5
    assert outcome.failed > 0
