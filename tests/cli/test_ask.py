"""``orchat ask``: one prompt, one answer."""

from __future__ import annotations

import json
import os
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

from orchat.demo import DemoThread
from orchat.demo.faults import fault
from orchat.demo.script import say
from orchat.domain.secret import Secret
from tests.support.cli import KEY, Done, Orchat, Terminal, command, environment, run, sent
from tests.support.pictures import png_of_zeros as png


def test_stdout_is_the_answer_and_nothing_else(demo: DemoThread) -> None:
    demo.server.script(say("Blue \x1b[31mlight\x1b[0m scatters.", reasoning="Hm, physics.", chunk_size=3))

    done = run("ask", "why is the sky blue?", base_url=demo.base_url)

    # A pipe gets every byte of the answer, one newline at its end.
    assert done == Done(0, "Blue \x1b[31mlight\x1b[0m scatters.\n", "")
    assert demo.server.chats[-1].prompt == "why is the sky blue?"
    assert demo.server.chats[-1].key_fingerprint == Secret(KEY).fingerprint


@pytest.mark.parametrize(("text", "out"), [("two\nlines\n", "two\nlines\n"), ("open\n\n", "open\n\n"), ("x", "x\n")])
def test_an_answer_ends_with_one_newline_of_ours_at_most(text: str, out: str, demo: DemoThread, orchat: Orchat) -> None:
    demo.server.script(say(text))

    assert orchat("ask", "hi").out == out


@pytest.mark.parametrize(
    ("argv", "stdin", "prompt"),
    [
        (["why?"], b"", "why?"),
        ([], b"from a pipe\n", "from a pipe"),
        (["-"], b"from a pipe\n", "from a pipe"),
        (["why?"], b"line 1\nline 2\n", "why?\n\nline 1\nline 2"),
        (["why?"], b"\n \n", "why?"),
        ([], b"\xef\xbb\xbfmarked", "marked"),
        ([], "Grüße".encode(), "Grüße"),
    ],
)
def test_the_prompt_is_the_argument_or_stdin_or_both(
    argv: list[str], stdin: bytes, prompt: str, demo: DemoThread
) -> None:
    assert run("ask", *argv, base_url=demo.base_url, stdin=stdin).code == 0
    assert demo.server.chats[-1].prompt == prompt


def test_an_argument_that_is_no_utf8_is_repaired(demo: DemoThread) -> None:
    env = environment(demo.base_url)
    done = subprocess.run([*command("ask"), b"caf\xe9"], env=env, capture_output=True, stdin=subprocess.DEVNULL)

    assert done.returncode == 0
    assert demo.server.chats[-1].prompt == "caf\N{REPLACEMENT CHARACTER}"


def test_a_closed_stdin_is_an_empty_one(demo: DemoThread) -> None:
    env = environment(demo.base_url)
    done = subprocess.run(command("ask", "hi"), env=env, capture_output=True, preexec_fn=lambda: os.close(0))

    assert (done.returncode, done.stderr) == (0, b"")
    assert demo.server.chats[-1].prompt == "hi"


def test_a_prompt_of_ten_megabytes_arrives_whole(demo: DemoThread) -> None:
    demo.server.script(say("long"))
    prompt = b"word " * 2_000_000

    done = run("ask", base_url=demo.base_url, stdin=prompt)

    assert done == Done(0, "long\n", "")
    assert len(demo.server.chats[-1].prompt) == len(prompt)


def test_options_become_the_request(demo: DemoThread, orchat: Orchat) -> None:
    argv = ["-m", "demo/writer", "-s", "Be brief.", "-p", "temperature=0.2", "-p", "provider.sort=price", "-p", "new=1"]

    assert orchat("ask", *argv, "hi").code == 0

    body = sent(demo)
    assert body["model"] == "demo/writer"
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert (body["temperature"], body["provider"], body["new"]) == (0.2, {"sort": "price"}, 1)
    assert body["stream"] is True


@pytest.mark.parametrize("argv", [["--no-save"], []])
def test_without_a_stream_the_answer_is_the_same(argv: list[str], demo: DemoThread, orchat: Orchat) -> None:
    demo.server.script(say("at once"))

    assert orchat("ask", *argv, "--no-stream", "hi").out == "at once\n"
    assert sent(demo)["stream"] is False


def test_the_configured_system_prompt_goes_along_unless_another_is_given(demo: DemoThread, orchat: Orchat) -> None:
    configured = ("--set", "chat.system=Rhyme.")
    orchat(*configured, "ask", "hi")
    assert sent(demo)["messages"][0]["content"] == "Rhyme."
    orchat(*configured, "ask", "--no-save", "hi")
    assert sent(demo)["messages"][0]["content"] == "Rhyme."
    orchat(*configured, "ask", "-s", "", "hi")
    assert [message["role"] for message in sent(demo)["messages"]] == ["user"]


def test_a_second_model_is_asked_when_the_first_fails(demo: DemoThread, orchat: Orchat) -> None:
    demo.server.script(fault("404-no-endpoints"), say("from the second"))

    done = orchat("-v", "ask", "-m", "demo/faulty", "-m", "demo/writer", "--no-save", "hi")

    assert (done.code, done.out) == (0, "from the second\n")
    assert "asking demo/writer instead of demo/faulty" in done.err
    assert sent(demo)["model"] == "demo/writer"


def test_a_retry_is_told_to_who_wants_to_know(demo: DemoThread, orchat: Orchat) -> None:
    demo.server.script(fault("503"), say("at last"))

    done = orchat("ask", "-v", "--set", "retry.attempts=1", "--set", "retry.base_s=0.01", "hi")

    assert (done.code, done.out) == (0, "at last\n")
    assert "; again in 0.0 s" in done.err


def test_waiting_for_a_slot_is_told_to_who_looks(demo: DemoThread, orchat: Orchat) -> None:
    slow = ("--set", "limits.min_interval_s=300")
    orchat("ask", *slow, "hi")
    terminal = Terminal("ask", *slow, "hi", environ=environment(demo.base_url))

    assert "s: 300 s between requests" in terminal.read_until("between requests")
    terminal.type("\x03")
    assert terminal.end().code == 130


def test_the_answer_is_one_json_object(demo: DemoThread, orchat: Orchat) -> None:
    usage = {"prompt_tokens": 11, "completion_tokens": 22, "cost": 0.00041}
    demo.server.script(say("42", reasoning="Six times nine.", usage=usage, model="demo/writer-20260901"))

    done = orchat("ask", "--json", "-m", "demo/writer", "hi")

    assert (done.code, done.err) == (0, "")
    found = done.json
    assert list(found) == [
        *("text", "reasoning", "model", "provider", "generation_id", "finish_reason", "usage", "cost_usd"),
        *("cost_source", "timing", "session_id", "key"),
    ]
    assert (found["text"], found["reasoning"], found["finish_reason"]) == ("42", "Six times nine.", "stop")
    assert (found["model"], found["provider"], found["key"]) == ("demo/writer-20260901", "Demo", "env")
    assert found["generation_id"].startswith("gen-")
    assert (found["usage"]["prompt_tokens"], found["usage"]["completion_tokens"]) == (11, 22)
    assert json.loads(done.out, parse_float=Decimal)["cost_usd"] == Decimal("0.00041")
    assert found["cost_source"] == "reported"
    assert 0 <= found["timing"]["ttft_ms"] <= found["timing"]["total_ms"]
    assert orchat("sessions", "show", found["session_id"]).code == 0


def test_without_a_session_the_object_names_none(orchat: Orchat) -> None:
    assert orchat("ask", "--json", "--no-save", "hi").json["session_id"] is None
    assert orchat("sessions", "list", "--json").json == []


def test_what_is_rare_stands_in_the_object_only_when_it_is_there(demo: DemoThread, orchat: Orchat) -> None:
    rare = say("see", images=[png(2, 2)], citations=[("https://a.example/", "A")], tool_calls=[("look", '{"x": 1}')])
    demo.server.script(rare, rare)

    found = orchat("ask", "--json", "--no-save", "hi").json
    said = orchat("-v", "ask", "--no-save", "hi").err

    assert found["citations"] == [{"url": "https://a.example/", "title": "A"}]
    assert found["images"][0].startswith("data:image/png;base64,")
    assert (found["tool_calls"][0]["name"], found["tool_calls"][0]["arguments"]) == ("look", '{"x": 1}')
    assert "source: https://a.example/ A" in said
    assert "1 picture(s) arrived; --json has them" in said
    assert "1 tool call(s) arrived; --json has them" in said


def test_an_answer_that_ended_early_is_done_and_says_so(demo: DemoThread, orchat: Orchat) -> None:
    demo.server.script(say("Once upon", finish="length"))

    done = orchat("-v", "ask", "--no-save", "hi")

    assert (done.code, done.out) == (0, "Once upon\n")
    assert "the answer ended early: length" in done.err


def test_the_figures_are_said_where_they_are_wanted(demo: DemoThread, orchat: Orchat) -> None:
    demo.server.script(say("x", usage={"prompt_tokens": 123, "completion_tokens": 45, "cost": 0.00041}))

    done = orchat("ask", "-u", "-m", "demo/writer", "hi")

    assert done.out == "x\n"
    assert done.err.startswith("demo/writer · 123+45 tok · $0.00041 · ")
    assert done.err.endswith(" s\n")


def test_a_cost_that_nobody_knows_is_not_zero(demo: DemoThread, orchat: Orchat) -> None:
    demo.server.script(say("x", model="demo/new", usage_shape="absent"))

    assert " · cost unknown · " in orchat("ask", "-u", "-m", "demo/other", "hi").err


def test_an_equal_question_is_answered_from_the_cache(demo: DemoThread, orchat: Orchat) -> None:
    ask = ("ask", "--no-save", "--cache", "-m", "demo/writer", "-u", "cache this")
    first = orchat(*ask)
    asked = len(demo.server.chats)

    second = orchat(*ask)

    assert second.out == first.out
    assert second.err.endswith(" · cached\n")
    assert len(demo.server.chats) == asked
    orchat(*("--no-cache" if word == "--cache" else word for word in ask))
    assert len(demo.server.chats) == asked + 1


def test_a_cached_answer_needs_no_key_and_may_be_kept(
    demo: DemoThread, orchat: Orchat, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = ("ask", "--cache", "-m", "demo/writer", "cache this too")
    first = orchat(*ask)
    monkeypatch.setenv("OPENROUTER_API_KEY", "")
    monkeypatch.setenv("ORCHAT_KEYS__STORE", "env")

    assert orchat(*ask) == first
    assert len(orchat("sessions", "list", "--json").json) == 2


@pytest.mark.parametrize("argv", [["ask", "--help"], ["--help"], ["sessions", "--help"], ["config", "show"]])
def test_what_cannot_be_written_is_one_line(argv: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command(*argv), stdout=full, stderr=subprocess.PIPE, env=environment(None))

    assert done.returncode == 1
    assert done.stderr == (
        b"orchat: cannot write to stdout: no space left on device\nhint: Make room, or send it elsewhere.\n"
    )


# ---- sessions


def test_a_question_may_go_on_with_the_latest_session(demo: DemoThread, orchat: Orchat) -> None:
    demo.server.script(say("Paris."), say("Two million."))
    orchat("ask", "-s", "Be brief.", "Capital of France?")

    assert orchat("ask", "-c", "How many live there?").out == "Two million.\n"

    said = [message["content"] for message in sent(demo)["messages"]]
    assert said == ["Be brief.", "Capital of France?", "Paris.", "How many live there?"]
    assert len(orchat("sessions", "list", "--json").json) == 1


def test_a_question_may_go_on_with_any_session(demo: DemoThread, orchat: Orchat) -> None:
    first = orchat("ask", "--json", "one").json["session_id"]
    orchat("ask", "two")

    again = orchat("ask", "--json", "--session", first, "-s", "New rules.", "three").json

    assert again["session_id"] == first
    said = sent(demo)["messages"]
    assert (said[0]["content"], said[1]["content"], said[-1]["content"]) == ("New rules.", "one", "three")


def test_no_session_is_kept_where_the_settings_say_so(orchat: Orchat) -> None:
    never = ("--set", "chat.save=false")
    orchat(*never, "ask", "hi")
    assert orchat("sessions", "list", "--json").json == []
    orchat(*never, "ask", "--save", "hi")
    assert len(orchat("sessions", "list", "--json").json) == 1


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["-c", "--session", "x", "hi"], "-c and --session exclude each other"),
        (["-c", "--no-save", "hi"], "a session that goes on is saved"),
        (["-c", "hi"], "there is no session to go on with"),
        (["--session", "zzzz", "hi"], "zzzz"),
    ],
)
def test_sessions_that_cannot_go_on_are_a_matter_of_usage(argv: list[str], says: str, orchat: Orchat) -> None:
    done = orchat("ask", *argv)

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("orchat: ") and says in done.err
