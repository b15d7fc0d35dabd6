"""``orchat sessions``: listed, shown, found, exported, deleted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchat.demo import DemoThread
from tests.support.cli import Done, Orchat, Terminal, environment, on_terminal, run
from tests.support.foreign import chatgpt, node, written


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
    same = {"id", "title", "created_at", "updated_at", "model", "messages", "cost_usd"}
    assert set(found[1]) == {*same, "models", "pinned", "deleted_at"}
    assert (found[1]["models"], found[1]["pinned"], found[1]["deleted_at"]) == (["demo/writer"], False, None)
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
    found, message, when, who, text, title = line.split("\t")
    assert message == "2"
    assert (found, who, text, title) == (session, "assistant", "Paris, of course.", "Capital of France?")
    assert when.endswith("Z")
    (hit,) = orchat("sessions", "search", "--json", "paris").json
    assert hit["session_id"] == session
    assert hit["snippet"] == "Paris, \x1b[2Jof course."
    assert on_terminal(demo.base_url, "sessions", "search", "paris")[0].split() == [
        "ID",
        "MESSAGE",
        "WHEN",
        "WHO",
        "TEXT",
        "TITLE",
    ]
    assert orchat("sessions", "search", "london") == Done(0, "", "")


@pytest.mark.parametrize("form", ["md", "json", "html"])
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
    (gone,) = orchat("sessions", "list", "--deleted", "--json").json
    assert gone["id"] == session and gone["deleted_at"].endswith("Z")
    assert orchat("usage", "--json").json["rows"][0]["requests"] == 1


@pytest.mark.parametrize(("answer", "code", "left"), [("y\n", 0, 0), ("n\n", 130, 1), ("\n", 130, 1)])
def test_a_person_is_asked_before_a_session_is_deleted(
    answer: str, code: int, left: int, session: str, demo: DemoThread, orchat: Orchat
) -> None:
    terminal = Terminal("sessions", "delete", session, environ=environment(demo.base_url, NO_COLOR="1"))
    terminal.read_until("Delete? [y/N]")
    terminal.type(answer)

    done = terminal.end()
    assert done.code == code
    assert f"{session}  Capital of France?" in done.out
    assert "\x1b" not in done.out
    assert len(orchat("sessions", "list", "--json").json) == left


# ---- changes ----


def test_a_session_is_renamed_and_pinned(session: str, orchat: Orchat) -> None:
    orchat("ask", "another")
    assert orchat("sessions", "rename", session[:11], "Paris", "and", "more") == Done(0, "", "")
    assert orchat("sessions", "pin", session) == Done(0, "", "")
    first, second = orchat("sessions", "list", "--json").json
    assert (first["id"], first["title"], first["pinned"]) == (session, "Paris and more", True)
    assert [row["id"] for row in orchat("sessions", "list", "--pinned", "--json").json] == [session]
    assert orchat("sessions", "unpin", session, second["id"]) == Done(0, "", "")
    assert orchat("sessions", "list", "--pinned", "--json").json == []
    assert orchat("sessions", "rename", session, " ").err.startswith("orchat: a title cannot be empty")


def test_a_session_is_copied(session: str, orchat: Orchat) -> None:
    made = orchat("sessions", "duplicate", session[:11]).out.strip()
    rows = {row["id"]: row for row in orchat("sessions", "list", "--json").json}
    assert (rows[made]["messages"], rows[made]["cost_usd"]) == (2, 0)
    assert rows[made]["title"] == f"{rows[session]['title']} (copy)"


def test_a_deleted_session_comes_back(session: str, orchat: Orchat) -> None:
    before = orchat("sessions", "show", "--json", session).out
    assert orchat("sessions", "delete", "--yes", session, session).code == 0
    shown = orchat("sessions", "show", session)
    assert (shown.code, shown.err.splitlines()[1]) == (2, f"hint: Bring it back: orchat sessions undelete {session}")
    assert orchat("sessions", "undelete", session[:11]) == Done(0, "", "")
    assert orchat("sessions", "show", "--json", session).out == before
    assert orchat("sessions", "undelete", session).code == 2


def test_whoever_deletes_at_a_terminal_is_told_how_to_undo_it(session: str, demo: DemoThread) -> None:
    (line,) = on_terminal(demo.base_url, "sessions", "delete", "--yes", session, NO_COLOR="1")
    assert line == f"Deleted. To bring back: orchat sessions undelete {session}"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (["--title", "FRANCE capital"], 1),
        (["--title", "Spain"], 0),
        (["-m", "writer"], 1),
        (["-m", "thinker"], 0),
        (["--after", "2020", "--before", "2099-01-01"], 1),
        (["--after", "2099-01"], 0),
        (["--before", "2020"], 0),
    ],
)
def test_only_some_sessions_are_listed(session: str, orchat: Orchat, wanted: list[str], found: int) -> None:
    assert len(orchat("sessions", "list", "--json", *wanted).json) == found


def test_what_is_no_date_is_told(orchat: Orchat) -> None:
    done = orchat("sessions", "list", "--after", "yesterday")
    assert done.code == 2 and "'yesterday' is no date such as 2026-01-31" in done.err


# ---- files ----


def test_the_name_of_a_file_tells_its_format(session: str, orchat: Orchat, tmp_path: Path) -> None:
    for name, begins in (("a.html", "<!DOCTYPE html>"), ("a.json", "{"), ("a.md", "# "), ("a.txt", "# ")):
        assert orchat("sessions", "export", session, "-o", str(tmp_path / name)) == Done(0, "", "")
        assert (tmp_path / name).read_text().startswith(begins)
    assert sorted(path.name for path in tmp_path.glob("a.*")) == ["a.html", "a.json", "a.md", "a.txt"]


def test_a_file_is_replaced_only_when_that_is_meant(session: str, orchat: Orchat, tmp_path: Path) -> None:
    target = tmp_path / "a.md"
    target.write_text("mine")
    assert orchat("sessions", "export", session, "-o", str(target)).code == 2
    assert target.read_text() == "mine"
    assert orchat("sessions", "export", session, "-o", str(target), "--force") == Done(0, "", "")
    assert "Paris" in target.read_text()


def test_all_sessions_come_back_from_one_file(session: str, orchat: Orchat, tmp_path: Path) -> None:
    orchat("ask", "another")
    target = tmp_path / "all.json"
    assert orchat("sessions", "export", "--all", "-o", str(target)) == Done(0, "", "")
    assert len(json.loads(target.read_text())) == 2
    elsewhere = ("--home", str(tmp_path / "elsewhere"))
    done = orchat("sessions", "import", str(target), *elsewhere)
    assert done.code == 0 and done.err == "all.json (orchat): 2 imported\n"
    assert [line.split("\t")[0] for line in done.out.splitlines()] == ["imported", "imported"]
    rows = orchat("sessions", "list", "--json", *elsewhere).json
    assert {row["id"]: row["cost_usd"] for row in rows}[session] == 0.00041
    again = orchat("sessions", "import", str(target), *elsewhere)
    assert again == Done(0, "", "all.json (orchat): 0 imported, 2 here already\n")


def test_several_sessions_are_one_json(session: str, orchat: Orchat) -> None:
    assert len(json.loads(orchat("sessions", "export", "--format", "json", session, session).out)) == 2
    assert orchat("sessions", "export", session, session).err.startswith("orchat: several sessions fit into JSON alone")
    for argv in (["--all", session], []):
        assert "name a session, or say --all" in orchat("sessions", "export", *argv).err


def test_damaged_files_are_told_of_and_the_others_come(orchat: Orchat, tmp_path: Path) -> None:
    good = written(tmp_path / "c.json", [chatgpt(node("q", "root", "user", "Where\x1b[2J to?")), chatgpt()])
    bad = tmp_path / "bad.json"
    bad.write_text("{")
    done = orchat("sessions", "import", str(bad), str(good), str(tmp_path / "gone"))
    assert done.code == 2
    assert done.err.splitlines()[0] == "orchat: bad.json is damaged, or no file of sessions"
    assert done.err.splitlines()[-1] == "c.json (ChatGPT): 1 imported, 1 left out"
    first, second = (line.split("\t") for line in done.out.splitlines())
    assert (first[0], first[2:], second) == (
        "imported",
        ["1", "Trip", ""],
        ["failed", "", "", "Trip", "nothing was said in it"],
    )
    again = orchat("sessions", "import", "--json", str(good)).json
    assert [row["outcome"] for row in again[0]["sessions"]] == ["known", "failed"]
    assert (again[0]["program"], again[0]["sessions"][0]["id"]) == ("ChatGPT", first[1])
    orchat("sessions", "delete", "--yes", first[1])
    assert "1 deleted here before" in orchat("sessions", "import", str(good)).err


# ---- completion ----


def completed(words: str, demo: DemoThread) -> list[str]:
    """What the shell offers for the last word."""
    done = run(environ=environment(demo.base_url, _ORCHAT_COMPLETE="bash", _ORCHAT_LINE=words))
    assert done.err == ""
    return [line.split("\t")[1] for line in done.out.splitlines()]


def test_the_shell_completes_ids(session: str, orchat: Orchat, demo: DemoThread) -> None:
    assert completed(f"orchat sessions show {session[:4]}", demo) == [session]
    assert completed("orchat sessions rename zz", demo) == []
    assert completed("orchat sessions undelete ", demo) == []
    orchat("sessions", "delete", "--yes", session)
    assert completed("orchat sessions undelete ", demo) == [session]
    assert completed("orchat sessions pin ", demo) == []


def test_completion_makes_nothing_and_breaks_nothing(demo: DemoThread, home: Path) -> None:
    assert completed("orchat sessions show ", demo) == []
    assert not (home / "orchat" / "data").exists()
    (home / "orchat" / "data").mkdir(parents=True)
    (home / "orchat" / "data" / "orchat.db").write_text("no database " * 100)
    assert completed("orchat sessions show ", demo) == []
