"""What is known of an answer while it arrives, and the few words that say it."""

from __future__ import annotations

from orchat.domain.events import (
    Attempted,
    Event,
    FellBack,
    Opened,
    Queued,
    ReasoningDelta,
    Retrying,
    SwitchedKey,
    TextDelta,
)
from orchat.tui.problems import short_cause
from orchat.tui.wording import duration, seconds

SILENCE_S = 10.0
"""From here on the header says that nothing comes."""
STOPS = "Esc stops"
CANCELS = "Esc cancels"
TURN_S = 1.0
"""A wait shorter than this is none for a limit but for others that go first."""


class Progress:
    """The state of one answer from the key press to its end.

    Args:
        model: Id of the model that is asked.
        now: Monotonic seconds.
    """

    def __init__(self, model: str, now: float) -> None:
        self.model = model
        self._began = now
        self._heard = now
        self._thinking_since: float | None = None
        self._thought_s: float | None = None
        self._note = ""
        self._until: float | None = None
        self._attempt = 1
        self._starting = True
        self._queued: Queued | None = None
        self.was_sent = False
        """Whether anything left this computer, or an answer was there without."""
        self.switches: list[str] = []
        """Which keys took over, and why: ``work → private: daily limit``."""

    def started(self, now: float) -> None:
        """Everything is ready, the prompt goes out."""
        self._starting = False
        self._began = self._heard = now

    def see(self, event: Event, now: float) -> None:
        """Take one event in."""
        self._heard = now
        match event:
            case Queued():
                self._queued = event
                self._wait(now + event.wait_s, event.reason)
            case SwitchedKey():
                self.switches.append(f"{event.from_label} → {event.to_label}: {short_cause(event.error)}")
                self._wait(None, "")
            case Retrying():
                self._wait(now + event.delay_s, f"retries after: {event.error.message}")
            case FellBack():
                self.model = event.to_model
                self._wait(None, f"instead of {event.from_model}: {event.error.message}")
            case Attempted():
                self._sent(event)
            case Opened():
                self.was_sent = True
                self._wait(None, "")
                self.model = event.model or self.model
            case ReasoningDelta() if self._thinking_since is None:
                self._thinking_since = now
            case TextDelta():
                self._stop_thinking(now)
            case _:
                pass

    def _sent(self, event: Attempted) -> None:
        self.was_sent = True
        self.model = event.model
        self._attempt = event.number
        self._until = None
        if self._queued is not None:
            self._queued, self._note = None, ""

    def _wait(self, until: float | None, note: str) -> None:
        self._until = until
        self._note = note

    def _stop_thinking(self, now: float) -> None:
        if self._thinking_since is not None and self._thought_s is None:
            self._thought_s = now - self._thinking_since

    @property
    def note(self) -> str:
        """Why it takes longer, in foreign words; empty when all is well."""
        return self._note

    def facts(self, now: float) -> str:
        """The right end of the header."""
        if self._starting:
            return f"starting · {STOPS}"
        if self._queued is not None:
            return self._in_queue(self._queued.ahead, now)
        if self._until is not None:
            return f"waits {seconds(self._until - now)} · {STOPS}"
        silence = now - self._heard
        if silence >= SILENCE_S:
            return f"waiting {seconds(silence)} · {STOPS}"
        again = f"attempt {self._attempt} · " if self._attempt > 1 else ""
        return f"{again}running {seconds(now - self._began)} · {STOPS}"

    def _in_queue(self, ahead: int, now: float) -> str:
        """How long until it is sent, and who goes first."""
        left = (self._until or now) - now
        wait = f"waits {seconds(left)}" if left >= TURN_S else "waits for its turn"
        before = f" · {ahead} before it" if ahead else ""
        return f"{wait}{before} · {CANCELS}"

    def thought(self, now: float, reasoning_tokens: int = 0) -> str:
        """The line over the thoughts; empty when there are none."""
        if self._thinking_since is None:
            return ""
        if self._thought_s is None:
            return f"thinking for {seconds(now - self._thinking_since)}"
        return thought_line(self._thought_s, reasoning_tokens)

    def end(self, now: float) -> None:
        """Nothing more will come."""
        self._stop_thinking(now)


def thought_line(lasted_s: float | None, reasoning_tokens: int) -> str:
    """``thought for 3.0 s, 212 tokens``, as far as it is known."""
    head = "thought" if lasted_s is None else f"thought for {duration(lasted_s)}"
    return f"{head}, {reasoning_tokens:,} tokens" if reasoning_tokens else head
