"""``orchat ask --persona``: who is talked to."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchat.demo import DemoThread
from orchat.demo.faults import fault
from tests.support.cli import Orchat

SETTINGS = """
[chat]
system = "Configured."
temperature = 0.1

[personas.poet]
system = "Rhyme."
model = "demo/writer"
fallbacks = ["demo/thinker"]
temperature = 1.2
max_tokens = 99
reasoning_effort = "low"

[personas.cold]
temperature = 0.0
"""


@pytest.fixture
def poets(orchat: Orchat, home: Path) -> Orchat:
    """Runs a command with these settings."""
    path = home / "settings.toml"
    path.write_text(SETTINGS)
    return lambda *argv: orchat("--config", str(path), *argv)


@pytest.mark.parametrize("keep", ["--save", "--no-save"])
def test_a_persona_brings_its_model_and_its_ways(keep: str, demo: DemoThread, poets: Orchat) -> None:
    assert poets("ask", keep, "--persona", "poet", "hi").code == 0

    body = demo.server.chats[-1].body
    assert (body["model"], body["temperature"], body["max_completion_tokens"]) == ("demo/writer", 1.2, 99)
    assert body["reasoning"] == {"effort": "low"}
    assert body["messages"][0] == {"role": "system", "content": "Rhyme."}


def test_what_the_command_line_says_goes_before_it(demo: DemoThread, poets: Orchat) -> None:
    argv = ("--persona", "poet", "-m", "demo/thinker", "-s", "Speak.", "-p", "temperature=0.5")
    assert poets("ask", *argv, "hi").code == 0

    body = demo.server.chats[-1].body
    assert (body["model"], body["temperature"], body["max_completion_tokens"]) == ("demo/thinker", 0.5, 99)
    assert body["messages"][0]["content"] == "Speak."


def test_what_it_leaves_open_stays_as_configured(demo: DemoThread, poets: Orchat) -> None:
    assert poets("ask", "--persona", "cold", "-m", "demo/writer", "hi").code == 0

    body = demo.server.chats[-1].body
    assert body["temperature"] == 0.0
    assert body["messages"][0]["content"] == "Configured."


def test_its_fallbacks_are_asked_when_its_model_fails(demo: DemoThread, poets: Orchat) -> None:
    demo.server.script(fault("404-no-endpoints"))
    done = poets("ask", "--persona", "poet", "--json", "hi")

    assert (done.code, done.json["model"]) == (0, "demo/thinker")


def test_a_session_goes_on_with_the_persona(demo: DemoThread, poets: Orchat) -> None:
    poets("ask", "-m", "demo/writer", "hi")
    assert poets("ask", "-c", "--persona", "poet", "go on").code == 0
    assert demo.server.chats[-1].body["messages"][0]["content"] == "Rhyme."
    assert poets("ask", "-c", "again").code == 0
    body = demo.server.chats[-1].body
    assert body["messages"][0]["content"] == "Rhyme."
    assert (body["model"], body["temperature"], body["max_completion_tokens"]) == ("demo/writer", 1.2, 99)


def test_a_session_that_begins_with_a_persona_keeps_all_of_it(demo: DemoThread, poets: Orchat) -> None:
    assert poets("ask", "--persona", "poet", "-p", "seed=7", "-p", "temperature=0.5", "hi").code == 0
    assert poets("ask", "-c", "again").code == 0

    body = demo.server.chats[-1].body
    assert (body["model"], body["temperature"], body["max_completion_tokens"]) == ("demo/writer", 1.2, 99)
    assert body["reasoning"] == {"effort": "low"}
    assert "seed" not in body, "-p is for one question"


def test_its_fallbacks_stay_with_the_session(demo: DemoThread, poets: Orchat) -> None:
    assert poets("ask", "--persona", "poet", "hi").code == 0
    demo.server.script(fault("404-no-endpoints"))
    done = poets("ask", "-c", "--json", "again")
    assert (done.code, done.json["model"]) == (0, "demo/thinker")


def test_another_persona_takes_the_one_before_off(demo: DemoThread, poets: Orchat) -> None:
    assert poets("ask", "--persona", "poet", "hi").code == 0
    assert poets("ask", "-c", "--persona", "cold", "-m", "demo/thinker", "again").code == 0

    body = demo.server.chats[-1].body
    assert (body["model"], body["temperature"]) == ("demo/thinker", 0.0)
    assert not {"max_completion_tokens", "reasoning"} & body.keys()
    assert body["messages"][0]["content"] == "Configured."


def test_a_system_prompt_of_the_command_line_stays_before_the_personas(demo: DemoThread, poets: Orchat) -> None:
    poets("ask", "-m", "demo/writer", "hi")
    assert poets("ask", "-c", "--persona", "poet", "-s", "Speak.", "go on").code == 0
    assert demo.server.chats[-1].body["messages"][0]["content"] == "Speak."


def test_the_session_has_all_that_the_screen_needs_to_go_on_with_it(poets: Orchat) -> None:
    session = poets("ask", "--json", "--persona", "poet", "hi").json["session_id"]
    kept = poets("sessions", "export", "--format", "json", session).json["conversation"]
    assert (kept["persona"], kept["model"], kept["system"]) == ("poet", "demo/writer", "Rhyme.")
    assert kept["parameters"] == {
        "temperature": 1.2,
        "max_completion_tokens": 99,
        "reasoning": {"effort": "low"},
    }


def test_an_unknown_persona_is_a_matter_of_usage(poets: Orchat) -> None:
    done = poets("ask", "--persona", "pote", "hi")

    assert (done.code, done.err) == (2, "orchat: there is no persona pote\nhint: Did you mean poet?\n")


def test_personas_are_listed_with_the_settings(poets: Orchat) -> None:
    assert "personas.poet.temperature" in poets("config", "show", "--origin").out
