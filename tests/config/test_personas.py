"""Tables of tables: personas are as strict as every other setting, in every layer."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchat.config import Config, PersonaSettings
from orchat.config.template import example
from orchat.domain.request import Reasoning
from orchat.errors import ConfigError, UsageError
from orchat.paths import Paths

FILE = """
[personas.coder]
system = "Write code."
fallbacks = ["a/b"]

[personas.muse]
temperature = 1.5
"""


@pytest.fixture
def paths(home: Path) -> Paths:
    found = Paths.discover({"ORCHAT_HOME": str(home)})
    found.config_dir.mkdir(exist_ok=True)
    return found


def test_every_layer_adds_to_a_persona(paths: Paths) -> None:
    paths.config_file.write_text(FILE)
    environ = {"ORCHAT_PERSONAS__CODER__MODEL": "x/y", "ORCHAT_PERSONAS__MUSE__TEMPERATURE": "0.5"}

    loaded = Config.load(paths, environ, {"personas.coder.max_tokens": "100", "personas.new.model": "n/m"})

    assert loaded.config.personas == {
        "coder": PersonaSettings(system="Write code.", fallbacks=("a/b",), model="x/y", max_tokens=100),
        "muse": PersonaSettings(temperature=0.5),
        "new": PersonaSettings(model="n/m"),
    }
    assert [(row.key, row.value, str(row.origin)) for row in loaded.show() if row.key.startswith("personas")] == [
        ("personas.coder.system", '"Write code."', f"{paths.config_file}:3"),
        ("personas.coder.model", '"x/y"', "env ORCHAT_PERSONAS__CODER__MODEL"),
        ("personas.coder.fallbacks", '["a/b"]', f"{paths.config_file}:4"),
        ("personas.coder.max_tokens", "100", "flag personas.coder.max_tokens"),
        ("personas.muse.temperature", "0.5", "env ORCHAT_PERSONAS__MUSE__TEMPERATURE"),
        ("personas.new.model", '"n/m"', "flag personas.new.model"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "[personas.coder]\nmodel = 'x'\n",
        "[personas]\ncoder.model = 'x'\n",
        "[personas]\ncoder = {model = 'x'}\n",
        "personas.coder.model = 'x'\n",
        '[ "personas" . "coder" ]\n"model" = "x"\n',
    ],
)
def test_toml_has_many_ways_to_say_the_same(paths: Paths, text: str) -> None:
    paths.config_file.write_text(text)
    loaded = Config.load(paths, {})

    assert loaded.config.personas == {"coder": PersonaSettings(model="x")}
    line = text.count("\n", 0, text.index("model")) + 1
    assert loaded.origin("personas.coder.model").source == f"{paths.config_file}:{line}"


def test_a_table_without_settings_is_a_persona(paths: Paths) -> None:
    paths.config_file.write_text("[personas.plain]\n[personas.'also-plain']\n")

    assert Config.load(paths, {}).config.personas == {"plain": PersonaSettings(), "also-plain": PersonaSettings()}


@pytest.mark.parametrize(
    ("text", "line", "key", "message", "hint"),
    [
        ("[personas.coder]\nsytem = 'x'\n", 2, "personas.coder.sytem", "is not a setting of a persona", "system"),
        ("[personas.coder]\nsystem = 3\n", 2, "personas.coder.system", "expected a text, got 3", None),
        ("[personas.coder]\n\ntemperature = 3\n", 3, "personas.coder.temperature", "from 0 to 2, got 3", None),
        ("[personas.coder]\nreasoning_effort = 'hi'\n", 2, "personas.coder.reasoning_effort", "one of", "high"),
        ("[personas.coder]\napi_key = 'x'\n", 2, "personas.coder.api_key", "is not a setting", "orchat keys add"),
        ("[personas.coder.deep]\nx = 1\n", 1, "personas.coder.deep", "is not a setting of a persona", None),
        ("[personas]\ncoder = 'x'\n", 2, "personas.coder", "is a persona: settings stand below it", "[personas.coder]"),
        ("personas = 3\n", 1, "personas", "is a section: settings stand below it", "[personas]"),
        ("[personas.'two words']\nmodel = 'x'\n", 2, "personas.two words.model", "no name for a persona", "letters"),
        ("[persona.x]\nmodel = 'x'\n", 1, "persona.x", "is not a section of the settings", "personas"),
        ("[api.base_url]\nx = 1\n", 1, "api.base_url", "expected a text, got", None),
    ],
)
def test_what_is_wrong_with_a_persona_is_refused_with_its_line(
    paths: Paths, text: str, line: int, key: str, message: str, hint: str | None
) -> None:
    paths.config_file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        Config.load(paths, {})

    assert caught.value.message.startswith(f"{paths.config_file}:{line}: {key}: ")
    assert message in caught.value.message
    assert (hint is None) == (caught.value.hint is None)
    assert hint is None or hint in str(caught.value.hint)


@pytest.mark.parametrize(
    ("environ", "flags", "message"),
    [
        ({"ORCHAT_PERSONAS__CODER__SYTEM": "x"}, {}, "env ORCHAT_PERSONAS__CODER__SYTEM: personas.coder.sytem: is not"),
        ({"ORCHAT_PERSONAS__CODER": "x"}, {}, "env ORCHAT_PERSONAS__CODER: personas.coder: is a persona"),
        ({"ORCHAT_PERSONAS__": "x"}, {}, "personas: is a section"),
        ({}, {"personas.coder.temperature": "hot"}, "flag personas.coder.temperature: expected a number, got 'hot'"),
        ({}, {"personas.a b.model": "x"}, "flag personas.a b.model: is no name for a persona"),
    ],
)
def test_what_variables_and_flags_say_wrong_is_refused_by_name(
    paths: Paths, environ: dict[str, str], flags: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        Config.load(paths, environ, flags)

    assert message in caught.value.message


def test_a_persona_is_found_by_its_name(paths: Paths) -> None:
    paths.config_file.write_text(FILE)
    loaded = Config.load(paths, {})

    assert loaded.persona("muse").temperature == 1.5
    with pytest.raises(UsageError, match="there is no persona codr") as caught:
        loaded.persona("codr")
    assert caught.value.hint == "Did you mean coder?"
    with pytest.raises(UsageError) as caught:
        loaded.persona("zzz")
    assert caught.value.hint == "Known are coder, muse."


def test_without_personas_it_is_said_how_to_make_one(paths: Paths) -> None:
    with pytest.raises(UsageError) as caught:
        Config.load(paths, {}).persona("x")
    assert caught.value.hint == "Write [personas.x] into the settings."


def test_a_persona_sets_fields_of_a_request() -> None:
    assert PersonaSettings(system="x", model="y").parameters == {}
    assert PersonaSettings(temperature=0.0, max_tokens=5, reasoning_effort="low").parameters == {
        "temperature": 0.0,
        "max_completion_tokens": 5,
        "reasoning": Reasoning(effort="low"),
    }


def test_the_example_of_a_persona_is_legal(paths: Paths) -> None:
    sample = [line.removeprefix("#     ") for line in example().splitlines() if line.startswith("#     ")]
    paths.config_file.write_text("\n".join(sample))

    persona = Config.load(paths, {}).persona("reviewer")

    assert persona.system and persona.model and persona.fallbacks
    assert set(persona.parameters) == {"temperature", "max_completion_tokens", "reasoning"}
