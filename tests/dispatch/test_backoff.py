import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchat.dispatch.backoff import full_jitter


def highest(low: float, high: float) -> float:
    return high


@pytest.mark.parametrize(("retry", "longest"), [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (5, 8.0), (6, 8.0), (900, 8.0)])
def test_the_longest_delay_doubles_up_to_the_cap(retry: int, longest: float) -> None:
    assert full_jitter(retry, base_s=0.5, cap_s=8.0, uniform=highest) == longest


@given(retry=st.integers(1, 50), share=st.floats(0, 1))
def test_jitter_is_full(retry: int, share: float) -> None:
    delay = full_jitter(retry, base_s=0.5, cap_s=8.0, uniform=lambda low, high: low + (high - low) * share)
    assert 0 <= delay <= 8.0
