"""One server for all commands of a module: starting one for each test would take longer than the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from orchat.cli.main import main
from orchat.demo import DemoThread, start_demo
from orchat.demo.script import say
from tests.support.cli import Done, environment


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoThread]:
    running = start_demo(pace=0, keep=None)
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def no_scripts_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """What one test told the server must not answer the next one."""
    yield
    if "demo" in request.fixturenames:
        server = request.getfixturevalue("demo").server
        left = [step for steps in server._scripts.values() for step in steps]
        for steps in server._scripts.values():
            steps.clear()
        assert left == []


@pytest.fixture
def orchat(demo: DemoThread, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Runs a command in this process, which is quicker, against the server."""
    for name, value in environment(demo.base_url).items():
        if name.startswith(("ORCHAT_", "OPENROUTER_")):
            monkeypatch.setenv(name, value)

    def call(*argv: str) -> Done:
        capfd.readouterr()
        code = main(argv)
        return Done(code, *capfd.readouterr())

    return call


@pytest.fixture
def session(demo: DemoThread, orchat: Callable[..., Done]) -> str:
    """A session of one question."""
    usage = {"prompt_tokens": 1200, "completion_tokens": 45, "cost": 0.00041}
    demo.server.script(say("Paris, \x1b[2Jof course.", usage=usage))
    done = orchat("ask", "-m", "demo/writer", "--json", "Capital\tof \x1b]0;x\x07France?")
    found: str = done.json["session_id"]
    return found
