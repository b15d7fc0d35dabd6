import pytest

from orchat.clock import SystemClock, utc_day

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("epoch_s", "day"),
    [
        (0.0, "1970-01-01"),
        (1_790_000_000.0, "2026-09-21"),
        (1_790_035_199.9, "2026-09-21"),
        (1_790_035_200.0, "2026-09-22"),
    ],
)
def test_days_change_at_midnight_utc(epoch_s: float, day: str) -> None:
    assert utc_day(epoch_s) == day


async def test_the_machines_clock_goes_forward() -> None:
    clock = SystemClock()
    before, began = clock.now(), clock.monotonic()
    await clock.sleep(0)
    assert clock.now() >= before
    assert clock.monotonic() >= began


def test_chance_stays_within_its_bounds() -> None:
    assert all(1 <= SystemClock().uniform(1, 2) <= 2 for _ in range(100))
