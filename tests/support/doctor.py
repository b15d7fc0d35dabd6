"""What ``orchat doctor --json`` has found."""

from __future__ import annotations

from tests.support.cli import Done


def states(done: Done) -> dict[str, str]:
    assert "Traceback" not in done.out + done.err, done
    assert done.err == ""
    return {found["name"]: found["state"] for found in done.json["findings"]}


def found(done: Done, name: str) -> dict[str, str]:
    (finding,) = [each for each in done.json["findings"] if each["name"] == name]
    return dict(finding)
