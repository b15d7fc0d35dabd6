"""How a job of pages is worked through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchat.config import Config, MediaSettings
    from orchat.ocr.estimate import Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a job is worked through."""

    media: MediaSettings
    """How large pages are sent."""
    jobs: int = 4
    """Pages under way at once."""
    max_tokens: int = 8192
    """Most tokens of a page's text."""
    patience_s: float = 600.0
    """Seconds that a page waits for what is no fault of its own."""
    max_cost_pico: int | None = None
    """Most that the whole job may cost, earlier runs included; None: no limit."""
    page_most_pico: int | None = None
    """What one page may cost at most; None where that is not known."""
    switch: bool | None = None
    """Whether another key may take over; None: as configured."""
    over_budget: bool = False
    """Send although a budget is used up."""
    conversation_id: str | None = None
    """The session that pays; None: none."""

    @classmethod
    def of(
        cls,
        config: Config,
        estimate: Estimate,
        *,
        jobs: int | None = None,
        max_cost_pico: int | None = None,
        over_budget: bool = False,
        conversation_id: str | None = None,
    ) -> Terms:
        """The terms of the settings, with what one run has of its own.

        Args:
            config: Settings of ``[media]``, ``[ocr]`` and ``[keys]``.
            estimate: What the pages that are left will cost.
            jobs: Pages under way at once; None: as configured.
            max_cost_pico: Most that the whole job may cost; None: no limit.
            over_budget: Send although a budget is used up.
            conversation_id: The session that pays; None: none.
        """
        return cls(
            media=config.media,
            jobs=jobs or config.ocr.jobs,
            max_tokens=config.ocr.max_tokens,
            patience_s=config.ocr.patience_s,
            max_cost_pico=max_cost_pico,
            page_most_pico=estimate.page_most_pico,
            # A stack of pages is not held up by a question about keys.
            switch=config.keys.on_exhausted != "stop",
            over_budget=over_budget,
            conversation_id=conversation_id,
        )
