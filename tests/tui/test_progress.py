"""What is told of a request on its way."""

from __future__ import annotations

from orchat import errors
from orchat.domain.events import Attempted, Queued, SwitchedKey
from orchat.tui.progress import Progress


def test_a_place_in_line_is_told_and_forgotten_when_it_is_sent() -> None:
    progress = Progress("m", 0.0)
    progress.started(0.0)
    progress.see(Queued(wait_s=12.0, reason="free models", ahead=2), 0.0)
    assert progress.facts(2.0) == "waits 10 s · 2 before it · Esc cancels" and not progress.was_sent
    progress.see(Queued(wait_s=0.2, reason="8 requests of this key at the same time", ahead=1), 3.0)
    assert progress.facts(3.0) == "waits for its turn · 1 before it · Esc cancels"
    progress.see(Queued(wait_s=5.0, reason="free models"), 4.0)
    assert progress.facts(4.0) == "waits 5 s · Esc cancels"
    progress.see(Attempted(number=1, model="m", key_label="work"), 9.0)
    assert progress.facts(9.0).startswith("running") and progress.note == "" and progress.was_sent


def test_every_key_that_took_over_is_remembered() -> None:
    progress = Progress("m", 0.0)
    progress.see(SwitchedKey(from_label="a", to_label="b", error=errors.KeyRejected("no")), 0.0)
    limited = errors.RateLimited("no", scope="free_day")
    progress.see(SwitchedKey(from_label="b", to_label="c", error=limited), 0.0)
    assert progress.switches == ["a → b: refused", "b → c: daily limit"]
