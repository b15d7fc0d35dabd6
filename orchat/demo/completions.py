"""What a chat request leads to: the checks and the routing of the real server, then a demo model's answer."""

from __future__ import annotations

from orchat.demo.accounts import Holder
from orchat.demo.answer import Say, Step
from orchat.demo.stage import Stage


class Completions:
    """Answers chat requests for which no script is queued."""

    def bill(self, stage: Stage) -> None:
        """Say what the request weighs, for a scripted answer."""
        stage.bill(model=str(stage.body.get("model", "")), pricing={}, prompt=1, cached=0)

    async def answer(self, stage: Stage, holder: Holder) -> Step:
        """The step that answers."""
        self.bill(stage)
        return Say(text="Hello")
