"""Findings as they come: lines for people and pipes, or one JSON object in the end."""

from __future__ import annotations

import textwrap

from orchat import __version__
from orchat.cli.doctor.finding import Finding, State
from orchat.cli.output import Output, Style
from orchat.domain.clean import clean_line
from orchat.logs import redact

_STYLES: dict[State, Style] = {"ok": "green", "warn": "yellow", "fault": "red", "skip": "dim"}
_INDENT = 24
_LONGEST = 1000


class Report:
    """Writes findings and keeps them.

    Args:
        output: Where to.
        as_json: Write nothing before `end`.
    """

    def __init__(self, output: Output, *, as_json: bool) -> None:
        self._output = output
        self._as_json = as_json
        self.findings: list[Finding] = []

    def add(self, finding: Finding) -> Finding:
        """Keep a finding and show it; returns it, made harmless."""
        detail = clean_line(redact(finding.detail), _LONGEST)
        fix = None if finding.fix is None else clean_line(redact(finding.fix), _LONGEST)
        shown = Finding(name=finding.name, state=finding.state, detail=detail, fix=fix)
        self.findings.append(shown)
        if not self._as_json:
            self._show(shown)
        return shown

    def end(self) -> bool:
        """Write what is left to write.

        Returns:
            Whether nothing is at fault.
        """
        counts = {state: sum(found.state == state for found in self.findings) for state in ("fault", "warn")}
        if self._as_json:
            self._output.json(
                {
                    "version": __version__,
                    "ok": not counts["fault"],
                    "findings": [
                        {"name": found.name, "state": found.state, "detail": found.detail, "fix": found.fix}
                        for found in self.findings
                    ],
                }
            )
        elif self._output.is_terminal:
            words = [_counted(counts["fault"], "fault"), _counted(counts["warn"], "warning")]
            summary = ", ".join(word for word in words if word) or "all is well"
            self._output.styled([("plain", "\n"), ("bold", summary), ("plain", "\n")])
        return not counts["fault"]

    def _show(self, found: Finding) -> None:
        if not self._output.is_terminal:
            self._output.write("\t".join((found.state, found.name, found.detail, found.fix or "")) + "\n")
            return
        self._output.styled(
            [
                (_STYLES[found.state], f"{found.state:<6}"),
                ("plain", f"{found.name:<{_INDENT - 6}}{self._wrapped(found.detail)}\n"),
            ]
        )
        if found.fix:
            fix = self._wrapped(f"> {found.fix}", hang=2)
            self._output.styled([("plain", " " * _INDENT), ("dim", fix), ("plain", "\n")])

    def _wrapped(self, text: str, *, hang: int = 0) -> str:
        """Commands and paths may be broken at spaces only, or they could not be copied."""
        margin = "\n" + " " * (_INDENT + hang)
        width = max(self._output.width - _INDENT - hang, 20)
        return margin.join(textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""])


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}" if number else ""
