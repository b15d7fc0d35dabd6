from hypothesis import given
from hypothesis import strategies as st

from orchat.dispatch.breaker import Breaker


def breaker() -> Breaker:
    return Breaker(failures=3, window_s=30, open_s=60)


def test_a_model_nobody_asked_is_open_to_all() -> None:
    assert breaker().open_until("a/b", 0.0) is None


def test_enough_failures_within_the_window_open_the_circuit() -> None:
    circuit = breaker()
    for at in (0, 10):
        circuit.failed("a/b", at)
    assert circuit.open_until("a/b", 10) is None
    circuit.failed("a/b", 20)
    assert circuit.open_until("a/b", 20) == 80
    assert circuit.open_until("a/b", 80) is None


def test_old_failures_do_not_count() -> None:
    circuit = breaker()
    for at in (0, 10, 41):
        circuit.failed("a/b", at)
    assert circuit.open_until("a/b", 41) is None


def test_each_model_has_its_own_circuit() -> None:
    circuit = breaker()
    for _ in range(3):
        circuit.failed("a/b", 0)
    assert circuit.open_until("a/b", 1)
    assert circuit.open_until("c/d", 1) is None


def test_a_failed_probe_opens_the_circuit_again_at_once() -> None:
    circuit = breaker()
    for _ in range(3):
        circuit.failed("a/b", 0)
    assert circuit.open_until("a/b", 61) is None
    circuit.failed("a/b", 61)
    assert circuit.open_until("a/b", 61) == 121


def test_a_success_wipes_the_slate() -> None:
    circuit = breaker()
    for _ in range(3):
        circuit.failed("a/b", 0)
    circuit.succeeded("a/b")
    circuit.failed("a/b", 1)
    assert circuit.open_until("a/b", 1) is None
    circuit.succeeded("never/failed")


def test_zero_switches_the_breaker_off() -> None:
    off = Breaker(failures=0, window_s=30, open_s=60)
    for _ in range(100):
        off.failed("a/b", 0)
    assert off.open_until("a/b", 0) is None


@given(st.lists(st.tuples(st.floats(0, 1000), st.booleans()), max_size=60))
def test_the_circuit_never_opens_on_fewer_failures_than_its_limit(steps: list[tuple[float, bool]]) -> None:
    circuit = breaker()
    in_a_row = 0
    for at, fails in sorted(steps):
        if fails:
            circuit.failed("a/b", at)
            in_a_row += 1
        else:
            circuit.succeeded("a/b")
            in_a_row = 0
        if in_a_row < 3:
            assert circuit.open_until("a/b", at) is None
