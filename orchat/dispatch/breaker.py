"""A circuit breaker per model: a model that keeps failing is left alone for a while."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchat.errors import CircuitOpen, OrchatError, StreamInterrupted, TimedOut, UpstreamFailed


@dataclass(slots=True)
class _Circuit:
    failures: list[float] = field(default_factory=list)
    open_until: float = 0.0


class Breaker:
    """Counts upstream failures by model. Pure but for its memory: every call receives the time.

    After `open_s` one request may pass as a probe: if it fails, the circuit opens again at once.

    Args:
        failures: Failures within the window that open the circuit; 0 switches the breaker off.
        window_s: Length of the window in seconds.
        open_s: How long the circuit stays open, in seconds.
    """

    def __init__(self, *, failures: int, window_s: float, open_s: float) -> None:
        self._limit = failures
        self._window_s = window_s
        self._open_s = open_s
        self._circuits: dict[str, _Circuit] = {}

    def open_until(self, model: str, now: float) -> float | None:
        """When the model may be asked again, or None when it may be asked now."""
        circuit = self._circuits.get(model)
        if circuit is None or circuit.open_until <= now:
            return None
        return circuit.open_until

    def refusal(self, model: str, now: float) -> CircuitOpen | None:
        """The error of a model that may not be asked now; None when it may."""
        until = self.open_until(model, now)
        if until is None:
            return None
        return CircuitOpen(
            f"{model} failed too often just now; it is left alone for {max(1, round(until - now))} s",
            until=until,
            model=model,
            hint="choose another model, or wait",
        )

    def blame(self, error: OrchatError, model: str, now: float) -> None:
        """Count a failure if it came from beyond our own network: a lost connection here says nothing of a model."""
        reached = isinstance(error, TimedOut) and error.stage in ("first_byte", "idle")
        if reached or isinstance(error, (UpstreamFailed, StreamInterrupted)):
            self.failed(model, now)

    def failed(self, model: str, now: float) -> None:
        """An attempt failed upstream."""
        if self._limit <= 0:
            return
        circuit = self._circuits.setdefault(model, _Circuit())
        was_probe = bool(circuit.open_until)
        circuit.failures = [at for at in circuit.failures if at > now - self._window_s]
        circuit.failures.append(now)
        if was_probe or len(circuit.failures) >= self._limit:
            circuit.open_until = now + self._open_s

    def succeeded(self, model: str) -> None:
        """An attempt brought an answer: the slate is clean."""
        self._circuits.pop(model, None)
