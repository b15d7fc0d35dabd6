"""Where an answer goes: pipes, terminals, full disks; and what is shown of one that breaks off."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from orchat.demo import DemoThread
from orchat.demo.faults import fault
from orchat.demo.script import cut_after, error_event, say, stall
from tests.support.cli import KEY, Orchat, Running, Terminal, command, environment, run


def test_a_cut_answer_is_printed_as_far_as_it_came(demo: DemoThread, orchat: Orchat) -> None:
    demo.server.script(cut_after(11, text="Once upon a time"))

    done = orchat("ask", "tell")

    assert (done.code, done.out) == (1, "Once upon a\n")
    assert done.err.startswith("orchat: ")
    shown = orchat("sessions", "show", "--json", orchat("sessions", "list", "--json").json[0]["id"]).out
    assert "Once upon a" in shown


def test_a_cut_answer_as_json_is_two_objects(demo: DemoThread, orchat: Orchat) -> None:
    demo.server.script(cut_after(11, text="Once upon a time", reasoning="Hm."))

    done = orchat("ask", "--json", "tell")

    assert done.code == 1
    assert (done.json["text"], done.json["reasoning"], done.json["finish_reason"]) == ("Once upon a", "Hm.", None)
    assert (done.json["usage"], done.json["cost_usd"], done.json["cost_source"]) == (None, None, "unknown")
    assert done.json["generation_id"].startswith("gen-")
    assert done.error["type"] == "StreamInterrupted"


def test_a_failure_as_json_leaves_stdout_empty(demo: DemoThread, orchat: Orchat) -> None:
    demo.server.script(fault("400-unknown-model"))

    done = orchat("ask", "--json", "-m", "demo/none", "hi")

    assert (done.code, done.out) == (1, "")
    assert done.error["type"] == "ModelUnknown"
    assert set(done.error) == {"type", "message", "hint"}


@pytest.mark.parametrize(
    ("name", "code"), [("401-bad-key", 3), ("402-insufficient-credits", 3), ("403-moderation", 1), ("500", 1)]
)
def test_failures_of_the_server_have_their_exit_code(name: str, code: int, demo: DemoThread, orchat: Orchat) -> None:
    demo.server.script(fault(name))

    done = orchat("ask", "hi")

    assert (done.code, done.out) == (code, "")
    assert done.err.startswith("orchat: ")
    assert KEY not in done.err


def test_an_error_in_the_middle_is_told_below_the_text(demo: DemoThread, orchat: Orchat) -> None:
    demo.server.script(error_event("middle", text="Once upon", message="\x1b]0;pwned\x07broken"))

    done = orchat("ask", "hi")

    assert (done.code, done.out) == (1, "Once upon\n")
    assert "\x1b" not in done.err and "\x07" not in done.err


# ---- where the answer goes


def test_an_answer_streams_into_a_pipe_as_it_arrives(demo: DemoThread) -> None:
    demo.server.script(stall(stage="body", text="First words, then silence", chars=11))
    running = Running("ask", "hi", environ=environment(demo.base_url))

    assert running.read_until("First words") == "First words"
    running.process.terminate()
    assert running.end().code == 130


def test_a_reader_that_leaves_ends_the_command_without_a_word(demo: DemoThread) -> None:
    demo.server.script(say("line\n" * 200_000))
    running = Running("ask", "hi", environ=environment(demo.base_url))
    running.read_until("line")
    assert running.process.stdout is not None
    running.process.stdout.close()

    code = running.process.wait(timeout=30)

    assert running.process.stderr is not None
    assert (code, running.process.stderr.read()) == (141, b"")
    running.process.stderr.close()


def test_a_table_that_nobody_reads_ends_without_a_word(demo: DemoThread) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            command("config", "example"), stdout=write, stderr=subprocess.PIPE, env=environment(demo.base_url)
        )
        helped = subprocess.run(command("--help"), stdout=write, stderr=subprocess.PIPE, env=environment(None))
    finally:
        os.close(write)

    assert (done.returncode, done.stderr) == (141, b"")
    assert (helped.returncode, helped.stderr) == (141, b"")


@pytest.mark.parametrize("how", ["full", "closed"])
def test_an_answer_that_cannot_be_written_is_a_failure_and_is_kept(how: str, demo: DemoThread, orchat: Orchat) -> None:
    demo.server.script(say("kept all the same"))
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command("ask", "hi"),
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(demo.base_url),
            preexec_fn=(lambda: os.close(1)) if how == "closed" else None,
        )

    reason = "no space left on device" if how == "full" else "bad file descriptor"
    assert done.returncode == 1
    assert done.stderr.decode().startswith(f"orchat: cannot write to stdout: {reason}\nhint: ")
    assert "kept" in orchat("sessions", "show", orchat("sessions", "list", "--json").json[0]["id"]).out


# ---- terminals


def test_a_terminal_gets_clean_text_and_a_dim_last_line(demo: DemoThread) -> None:
    usage = {"prompt_tokens": 123, "completion_tokens": 45, "cost": 0.00041}
    demo.server.script(say("Sky \x1b]52;c;aGk=\x07blue\x9b2J\u202e.", usage=usage, chunk_size=2))

    done = Terminal("ask", "-m", "demo/writer", "hi", environ=environment(demo.base_url)).end()

    answer, figures, rest = done.out.split("\n")
    assert (done.code, answer, rest) == (0, "Sky blue<U+202E>.", "")
    assert figures.startswith("\x1b[2mdemo/writer · 123+45 tok · $0.00041 · ")
    assert figures.endswith(" s\x1b[0m")


@pytest.mark.parametrize("quiet", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_plain_terminal_gets_a_plain_last_line(quiet: dict[str, str], demo: DemoThread) -> None:
    demo.server.script(say("x"))

    done = Terminal("ask", "-m", "demo/writer", "hi", environ=environment(demo.base_url, **quiet)).end()

    assert done.code == 0
    assert "\x1b" not in done.out
    assert "\ndemo/writer · " in done.out


def test_a_terminal_for_notes_and_a_pipe_for_the_answer(demo: DemoThread) -> None:
    demo.server.script(say("raw \x1b[1mtext\x1b[0m"))

    done = Terminal("ask", "hi", environ=environment(demo.base_url), pipe_stdout=True).end()

    assert (done.code, done.out) == (0, "raw \x1b[1mtext\x1b[0m\n")
    assert done.err.startswith("\x1b[2m") and done.err.count("\n") == 1


def test_a_terminal_without_a_prompt_is_told_what_to_say(demo: DemoThread) -> None:
    done = Terminal("ask", environ=environment(demo.base_url)).end()

    assert done.code == 2
    assert done.out.startswith("orchat: the prompt is empty\nhint: Say something: orchat ask ")


def test_who_waits_for_a_silent_pipe_is_told_so(demo: DemoThread) -> None:
    demo.server.script(say("x"))
    read, write = os.pipe()
    terminal = Terminal("ask", "hi", environ=environment(demo.base_url), stdin=read)
    os.close(read)

    terminal.read_until("reading the prompt from stdin; Ctrl-D ends it, < /dev/null goes without")
    os.write(write, b"there")
    os.close(write)

    assert terminal.end().code == 0
    assert demo.server.chats[-1].prompt == "hi\n\nthere"


def test_the_demo_answers_without_any_key(home: Path) -> None:
    done = run("ask", "--demo", "-m", "demo/writer", "hello")

    assert done.code == 0
    assert "demo writer" in done.out
    assert (home / "orchat" / "data" / "demo" / "orchat.db").exists()
    assert not (home / "orchat" / "data" / "orchat.db").exists()
