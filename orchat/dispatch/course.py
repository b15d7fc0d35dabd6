"""Where one request stands: which models are left, how often it was tried, since when."""

from __future__ import annotations

from dataclasses import dataclass

from orchat.dispatch import policy
from orchat.dispatch.backoff import Uniform
from orchat.domain.events import FellBack, Retrying
from orchat.errors import OrchatError


@dataclass(slots=True)
class Course:
    """The way of one request through models and attempts."""

    models: list[str]
    """The model asked now, then those that may be asked after it."""
    began: float
    """Monotonic seconds at which the request came, and then those of its first attempt."""
    number: int = 0
    """Attempts so far, over all models."""
    retries: int = 0
    """Retries of the model asked now."""
    delay_s: float = 0.0
    """How long to wait before the next attempt."""

    @property
    def model(self) -> str:
        """The model asked now."""
        return self.models[0]

    def sets_out(self, monotonic: float) -> None:
        """An attempt is about to be sent; the time that it waited for its turn does not count against retries.

        Args:
            monotonic: Monotonic seconds.
        """
        if self.number == 0:
            self.began = monotonic
        self.number += 1

    def step(
        self, error: OrchatError, rules: policy.Rules, *, now: float, monotonic: float, uniform: Uniform
    ) -> Retrying | FellBack:
        """Turn to what comes after a failure.

        Args:
            error: What the attempt failed with.
            rules: How patient to be.
            now: Epoch seconds.
            monotonic: Monotonic seconds.
            uniform: Source of chance.

        Returns:
            The event that tells of it; `delay_s` says how long to wait.

        Raises:
            OrchatError: The same error, when nothing is left to try.
        """
        standing = policy.Standing(
            model=self.model,
            retries=self.retries,
            elapsed_s=monotonic - self.began,
            others=tuple(self.models[1:]),
        )
        decision = policy.decide(error, standing, rules, now=now, uniform=uniform)
        if isinstance(decision, policy.Retry):
            self.retries += 1
            self.delay_s = decision.delay_s
            return Retrying(error=error, delay_s=decision.delay_s)
        if isinstance(decision, policy.FallBack):
            fell = FellBack(from_model=self.model, to_model=decision.to_model, error=error)
            self.models = self.models[self.models.index(decision.to_model) :]
            self.retries = 0
            self.delay_s = 0.0
            return fell
        raise error
