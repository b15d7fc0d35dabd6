"""What pastes are compared with: a Textual app that says that one has come, and nothing else.

Run as ``python -m tests.benchmarks.plain_paste``; Ctrl+Q ends it.
"""

from __future__ import annotations

from textual import events
from textual.app import App, ComposeResult
from textual.widgets import Static


class Plain(App[None]):
    """A text is pasted."""

    def compose(self) -> ComposeResult:
        """Where it is told."""
        yield Static("ready")

    def on_paste(self, event: events.Paste) -> None:
        """Tell how long it is."""
        self.query_one(Static).update(f"paste {len(event.text)}")


if __name__ == "__main__":
    Plain().run()
