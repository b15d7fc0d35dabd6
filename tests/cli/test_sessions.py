"""``orchat sessions``: listed, shown, found, exported, deleted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from orchat.demo import DemoThread
from tests.support.cli import Done, Terminal, environment, on_terminal

Orchat = Callable[..., Done]


def test_sessions_are_listed_for_programs(session: str, orchat: Orchat) -> None:
    done = orchat("sessions", "list")

    (line,) = done.out.splitlines()
    found, used, messages, cost, model, title = line.split("\t")
    assert (found, messages, cost, model, title) == (session, "2", "0.00041", "demo/writer", "Capital of France?")
    assert used.endswith("Z") and len(used) == 20


def test_sessions_are_listed_for_people(session: str, demo: DemoThread) -> None:
    heading, line = on_terminal(demo.base_url, "sessions", "list")

    assert heading.split() == ["ID", "USED", "MESSAGES", "COST", "MODEL", "TITLE"]
    assert line.startswith(session) and "$0.00041" in line and line.endswith("Capital of France?")


def test_sessions_are_listed_as_json(session: str, orchat: Orchat) -> None:
    orchat("ask", "another")

    found = orchat("sessions", "list", "--json").json
    assert [row["messages"] for row in found] == [2, 2]
    assert found[1]["id"] == session
    assert found[1]["cost_usd"] == 0.00041
    assert set(found[1]) == {"id", "title", "created_at", "updated_at", "model", "messages", "cost_usd"}
    assert len(orchat("sessions", "list", "-n", "1", "--json").json) == 1


def test_no_sessions_are_an_empty_list(orchat: Orchat) -> None:
    assert orchat("sessions", "list") == Done(0, "", "")
    assert orchat("sessions", "list", "--json").out == "[]\n"


def test_a_session_is_shown_by_the_beginning_of_its_id(session: str, orchat: Orchat, demo: DemoThread) -> None:
    raw = orchat("sessions", "show", session[:6]).out
    seen = on_terminal(demo.base_url, "sessions", "show", session[:6])

    assert "Paris, \x1b[2Jof course." in raw
    assert "Paris, of course." in seen
    whole = json.loads(orchat("sessions", "show", "--json", session).out)
    assert whole["conversation"]["id"] == session


def test_a_session_that_does_not_exist(orchat: Orchat) -> None:
    done = orchat("sessions", "show", "--json", "zzzz")

    assert (done.code, done.out) == (2, "")
    assert done.error["type"] == "NotFound"


def test_messages_are_found(session: str, orchat: Orchat, demo: DemoThread) -> None:
    (line,) = orchat("sessions", "search", "paris").out.splitlines()
    found, when, who, text, title = line.split("\t")
    assert (found, who, text, title) == (session, "assistant", "Paris, of course.", "Capital of France?")
    assert when.endswith("Z")
    (hit,) = orchat("sessions", "search", "--json", "paris").json
    assert hit["session_id"] == session
    assert hit["snippet"] == "Paris, \x1b[2Jof course."
    assert on_terminal(demo.base_url, "sessions", "search", "paris")[0].split() == [
        "ID",
        "WHEN",
        "WHO",
        "TEXT",
        "TITLE",
    ]
    assert orchat("sessions", "search", "london") == Done(0, "", "")


@pytest.mark.parametrize("form", ["md", "json"])
def test_a_session_is_exported(form: str, session: str, orchat: Orchat, tmp_path: Path) -> None:
    target = tmp_path / "session"
    shown = orchat("sessions", "export", "--format", form, session)

    assert orchat("sessions", "export", "--format", form, "-o", str(target), session) == Done(0, "", "")
    assert target.read_text() == shown.out
    assert "Paris" in shown.out

    again = orchat("sessions", "export", "-o", str(target), session)
    assert again.code == 2 and "exists already" in again.err
    assert target.read_text() == shown.out


def test_an_export_that_cannot_be_written(session: str, orchat: Orchat) -> None:
    done = orchat("sessions", "export", "-o", "/proc/session.md", session)

    assert done.code == 4
    assert done.err.startswith("orchat: cannot write /proc/session.md: ")


def test_a_session_is_deleted_when_that_is_meant(session: str, orchat: Orchat) -> None:
    refused = orchat("sessions", "delete", session)
    assert (refused.code, refused.err) == (2, "orchat: deleting has to be confirmed\nhint: Add --yes.\n")
    assert orchat("sessions", "delete", "--yes", "zzzz", session).code == 2
    assert len(orchat("sessions", "list", "--json").json) == 1

    assert orchat("sessions", "delete", "--yes", session) == Done(0, "", "")
    assert orchat("sessions", "list", "--json").json == []
    assert orchat("usage", "--json").json["rows"][0]["requests"] == 1


@pytest.mark.parametrize(("answer", "code", "left"), [("y\n", 0, 0), ("n\n", 130, 1), ("\n", 130, 1)])
def test_a_person_is_asked_before_a_session_is_deleted(
    answer: str, code: int, left: int, session: str, demo: DemoThread, orchat: Orchat
) -> None:
    terminal = Terminal("sessions", "delete", session, environ=environment(demo.base_url))
    terminal.read_until("Delete? [y/N]")
    terminal.type(answer)

    done = terminal.end()
    assert done.code == code
    assert f"{session}  Capital of France?" in done.out
    assert "\x1b" not in done.out
    assert len(orchat("sessions", "list", "--json").json) == left
