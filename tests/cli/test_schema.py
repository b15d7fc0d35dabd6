"""``orchat ask --schema``: an answer that fits, or a failure that says why it does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchat.cli.schema import again, bare, load_schema
from orchat.demo import DemoThread
from orchat.demo.script import cut_after, say
from orchat.errors import UsageError
from tests.support.cli import Done, Orchat

CITY = {
    "title": "A city!",
    "type": "object",
    "properties": {"name": {"type": "string"}, "people": {"type": "integer", "minimum": 0}},
    "required": ["name", "people"],
    "additionalProperties": False,
}
GOOD = '{"name": "Oslo", "people": 700000}'
BAD = '{"name": "Oslo", "people": -1, "x": 2}'


@pytest.fixture
def schema(tmp_path: Path) -> Callable[[Any], str]:
    def write(value: Any) -> str:
        path = tmp_path / "city.json"
        path.write_text(value if isinstance(value, str) else json.dumps(value))
        return str(path)

    return write


def test_the_schema_goes_along_and_the_answer_is_printed(
    schema: Callable[[Any], str], demo: DemoThread, orchat: Orchat
) -> None:
    demo.server.script(say(GOOD, chunk_size=3))

    assert orchat("ask", "--schema", schema(CITY), "hi") == Done(0, f"{GOOD}\n", "")
    assert demo.server.chats[-1].body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "A_city", "strict": True, "schema": CITY},
    }


@pytest.mark.parametrize("keep", ["--save", "--no-save"])
def test_an_answer_that_does_not_fit_is_asked_for_once_more(
    keep: str, schema: Callable[[Any], str], demo: DemoThread, orchat: Orchat
) -> None:
    demo.server.script(say(BAD), say(GOOD))
    done = orchat("ask", keep, "--schema", schema(CITY), "-s", "Be brief.", "hi")

    assert (done.code, done.out) == (0, f"{GOOD}\n")
    assert "the answer does not fit the schema, asking once more: " in done.err
    messages = demo.server.chats[-1].body["messages"]
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
    assert messages[2]["content"] == BAD
    assert "data.people must be bigger than or equal to 0" in messages[3]["content"]
    assert "must not contain" in messages[3]["content"]


def test_a_second_misfit_is_a_failure_with_the_text_on_stdout(
    schema: Callable[[Any], str], demo: DemoThread, orchat: Orchat
) -> None:
    demo.server.script(say(BAD), say("Sorry, no JSON."))
    done = orchat("ask", "--schema", schema(CITY), "hi")

    assert (done.code, done.out) == (1, "Sorry, no JSON.\n")
    assert "orchat: the answer does not fit the schema: it is not JSON: Expecting value" in done.err
    assert "hint: " in done.err


def test_as_json_the_object_holds_the_answer_that_fits(
    schema: Callable[[Any], str], demo: DemoThread, orchat: Orchat
) -> None:
    demo.server.script(say(BAD), say(GOOD))
    done = orchat("ask", "--json", "--schema", schema(CITY), "hi")

    assert done.code == 0
    assert json.loads(done.json["text"]) == json.loads(GOOD)
    assert done.err == ""


def test_what_came_of_a_cut_answer_is_printed(schema: Callable[[Any], str], demo: DemoThread, orchat: Orchat) -> None:
    demo.server.script(cut_after(8, text=GOOD))
    done = orchat("ask", "--schema", schema(CITY), "hi")

    assert (done.code, done.out) == (1, f"{GOOD[:8]}\n")


@pytest.mark.parametrize(
    ("text", "json_text"),
    [
        (GOOD, GOOD),
        (f"\n{GOOD}\n", GOOD),
        (f"```json\n{GOOD}\n```", GOOD),
        (f"```json\n{GOOD}\n```\n```\nx\n```", f"```json\n{GOOD}\n```\n```\nx\n```"),
        ("Here: {}", "Here: {}"),
    ],
)
def test_json_between_fences_is_json(text: str, json_text: str) -> None:
    assert bare(text) == json_text


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (GOOD, None),
        ("", "it is not JSON: "),
        ("[NaN]", "NaN is no number of JSON"),
        ("[" * 100_000, "it is nested too deeply"),
        ("[]", "data must be object"),
        ('{"name": "x"}', "people"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(text: str, fault: str | None, schema: Callable[[Any], str]) -> None:
    found = load_schema(schema(CITY)).fault(text)

    assert (found is None) == (fault is None)
    assert fault is None or fault in str(found)
    assert "\n" not in str(found)


def test_an_answer_nested_deeper_than_can_be_checked_is_a_fault(schema: Callable[[Any], str]) -> None:
    tree = load_schema(schema({"type": "array", "items": {"$ref": "#"}}))

    assert tree.fault("[[[]]]") is None
    assert tree.fault("[" * 700 + "]" * 700) in (None, "it is nested too deeply")


def test_a_default_does_not_make_an_answer_complete(schema: Callable[[Any], str]) -> None:
    body = {"type": "object", "properties": {"a": {"type": "string", "default": "x"}}, "required": ["a"]}

    assert load_schema(schema(body)).fault("{}") is not None


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "is not JSON: "),
        ("[]", "is not a JSON object"),
        ('{"type": "strnig"}', "is not a JSON schema: "),
        ('{"pattern": "("}', "is not a JSON schema: "),
        ('{"$ref": "https://x.y/z.json"}', "$ref to another file or address: https://x.y/z.json"),
        ('{"items": [{"$ref": "other.json"}]}', "$ref to another file"),
        ('{"$ref": "#/$defs/none"}', "is not a JSON schema: "),
        (f'"{"x" * 1_000_001}"', "is larger than 1 MB"),
    ],
    ids=range(8),
)
def test_a_schema_that_is_none_is_refused_before_anything_is_sent(
    content: str, says: str, schema: Callable[[Any], str], demo: DemoThread, orchat: Orchat
) -> None:
    asked = len(demo.server.chats)
    done = orchat("ask", "--schema", schema(content), "hi")

    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert len(demo.server.chats) == asked


def test_a_schema_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read the schema .*none\.json: no such file"):
        load_schema(str(tmp_path / "none.json"))


def test_a_format_given_twice_is_refused(schema: Callable[[Any], str], orchat: Orchat) -> None:
    argv = ("ask", "--schema", schema(CITY), "-p", 'response_format={"type": "json_object"}', "hi")

    assert orchat(*argv).err == "orchat: --schema and -p response_format exclude each other\n"


def test_keywords_that_are_not_checked_are_named(
    schema: Callable[[Any], str], demo: DemoThread, orchat: Orchat
) -> None:
    demo.server.script(say("[1]"))
    done = orchat("ask", "--schema", schema({"type": "array", "prefixItems": [{"type": "integer"}]}), "hi")

    assert (done.code, done.out, done.err) == (0, "[1]\n", "not checked here: prefixItems\n")


def test_a_schema_without_a_title_is_called_like_its_file(schema: Callable[[Any], str], tmp_path: Path) -> None:
    assert load_schema(schema({})).name == "city"
    (tmp_path / "ü.json").write_text("{}")
    assert load_schema(str(tmp_path / "ü.json")).name == "answer"


def test_the_model_is_shown_its_fault() -> None:
    assert "data.x must be integer" in again("data.x must be integer")
