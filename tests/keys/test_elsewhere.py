"""Keys that other programs keep, in files as those programs write them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from orchat.domain.secret import Secret
from orchat.keys.elsewhere import FoundKey, llm_folder, look

WORK, HOME, OTHER = (f"sk-or-v1-{name * 32}" for name in "abc")
NOTE = {"// Note": "This file stores secret API credentials. Do not share!"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of llm."""
    folder = tmp_path / "llm"
    folder.mkdir()
    return folder


def found(folder: Path, kept: dict[str, str] | None = None, **environ: str) -> list[tuple[str, str, str]]:
    keys = {label: Secret(key) for label, key in (kept or {}).items()}
    result = look({"LLM_USER_PATH": str(folder), **environ}, keys)
    assert result.troubles == ()
    return [(key.label, key.secret.reveal(), key.origin) for key in result.keys]


def write(folder: Path, content: object) -> str:
    file = folder / "keys.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(file)


def test_nothing_is_found_where_nothing_is(folder: Path) -> None:
    result = look({"LLM_USER_PATH": str(folder)}, {})

    assert (result.keys, result.troubles) == ((), ())
    assert result.places == ("OPENROUTER_API_KEY", "OPENROUTER_KEY", str(folder / "keys.json"))


def test_keys_of_openrouter_are_found_and_no_others(folder: Path) -> None:
    file = write(folder, {**NOTE, "openai": "sk-proj-123", "openrouter": WORK, "or-home": HOME, "numbers": 3})

    assert found(folder) == [("openrouter", WORK, file), ("or-home", HOME, file)]


def test_the_environment_is_looked_at_first(folder: Path) -> None:
    file = write(folder, {"openrouter": OTHER})

    assert found(folder, OPENROUTER_API_KEY=f" {WORK}\n", OPENROUTER_KEY=HOME) == [
        ("openrouter", WORK, "OPENROUTER_API_KEY"),
        ("openrouter 2", HOME, "OPENROUTER_KEY"),
        ("openrouter 3", OTHER, file),
    ]


def test_a_key_that_stands_in_two_places_is_found_once(folder: Path) -> None:
    write(folder, {"openrouter": WORK})

    assert found(folder, OPENROUTER_KEY=WORK) == [("openrouter", WORK, "OPENROUTER_KEY")]


@pytest.mark.parametrize("text", ["", "sk-or-", "sk-or-short", "sk-ant-api03-0123456789abcdef", f"Bearer {WORK}"])
def test_what_does_not_look_like_a_key_is_not_offered(folder: Path, text: str) -> None:
    write(folder, {"openrouter": text})

    assert found(folder, OPENROUTER_API_KEY=text) == []


def test_a_key_that_is_kept_already_says_so(folder: Path) -> None:
    write(folder, {"openrouter": WORK, "home": HOME})
    keys = look({"LLM_USER_PATH": str(folder)}, {"work": Secret(WORK), "home": Secret(OTHER)}).keys

    assert [(key.label, key.kept_as) for key in keys] == [("openrouter", "work"), ("home 2", None)]


def test_a_name_that_cannot_be_a_label_gets_one_that_can(folder: Path) -> None:
    write(folder, {"env": WORK, "a/b": HOME, "x" * 50: OTHER})

    assert [label for label, _, _ in found(folder)] == ["openrouter", "openrouter 2", "x" * 36]


@pytest.mark.parametrize("content", ["", "{", "[]", "3", "[" * 100_000, "\x00", '"sk-or-v1-aaaaaaaaaaaaaaaaaaaaaaaa"'])
def test_a_file_that_is_something_else_is_named_without_what_is_in_it(folder: Path, content: str) -> None:
    file = write(folder, content)
    result = look({"LLM_USER_PATH": str(folder), "OPENROUTER_KEY": WORK}, {})

    assert result.troubles == (f"{file} is not a JSON object of names and keys",)
    assert [key.secret for key in result.keys] == [Secret(WORK)]


def test_a_file_that_is_no_text_is_named(folder: Path) -> None:
    (folder / "keys.json").write_bytes(b"\xff\xfe")

    assert look({"LLM_USER_PATH": str(folder)}, {}).troubles != ()


def test_a_pipe_or_a_folder_does_not_stop_the_search(folder: Path) -> None:
    os.mkfifo(folder / "keys.json")
    assert look({"LLM_USER_PATH": str(folder)}, {}).troubles == (f"{folder / 'keys.json'} is not a plain file",)

    (folder / "keys.json").unlink()
    (folder / "keys.json").mkdir()
    [trouble] = look({"LLM_USER_PATH": str(folder)}, {}).troubles
    assert trouble.endswith("cannot be read: is a directory")


@pytest.mark.parametrize(
    ("platform", "environ", "folder"),
    [
        ("linux", {"HOME": "/home/me"}, "/home/me/.config/io.datasette.llm"),
        ("linux", {"HOME": "/home/me", "XDG_CONFIG_HOME": "/cfg"}, "/cfg/io.datasette.llm"),
        ("darwin", {"HOME": "/Users/me"}, "/Users/me/Library/Application Support/io.datasette.llm"),
        ("win32", {"HOME": "/users/me", "APPDATA": "/users/me/roaming"}, "/users/me/roaming/io.datasette.llm"),
        ("win32", {"HOME": "/users/me"}, "/users/me/io.datasette.llm"),
        ("linux", {"HOME": "/home/me", "LLM_USER_PATH": "/llm"}, "/llm"),
        ("darwin", {"HOME": "/home/me", "LLM_USER_PATH": "~/llm"}, "/home/me/llm"),
    ],
)
def test_the_folder_of_llm_is_where_llm_has_it(
    platform: str, environ: dict[str, str], folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)

    assert llm_folder(environ) == Path(folder)


def test_a_found_key_does_not_show_itself(folder: Path) -> None:
    write(folder, {"openrouter": WORK})
    [key] = look({"LLM_USER_PATH": str(folder)}, {}).keys

    assert isinstance(key, FoundKey)
    assert WORK not in repr(key)
