"""Layers, origins, and what is refused."""

from __future__ import annotations

import sys
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchat.config import Config, LoadedConfig
from orchat.config.sections import SECTIONS
from orchat.config.values import as_toml, from_text, from_toml
from orchat.errors import ConfigError
from orchat.paths import Paths


@pytest.fixture
def paths(home: Path) -> Paths:
    found = Paths.discover({"ORCHAT_HOME": str(home / "orchat")})
    found.config_dir.mkdir(mode=0o700)
    return found


def load(paths: Paths, text: str = "", environ: dict[str, str] | None = None, **flags: object) -> LoadedConfig:
    if text:
        paths.config_file.write_text(text, encoding="utf-8")
    return Config.load(paths, environ or {}, {name.replace("__", "."): value for name, value in flags.items()})


def refusal(paths: Paths, text: str = "", environ: dict[str, str] | None = None, **flags: object) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(paths, text, environ, **flags)
    return caught.value


def test_without_a_file_everything_is_the_default(paths: Paths) -> None:
    loaded = load(paths)

    assert loaded.config == Config()
    assert loaded.origins == {}
    assert str(loaded.origin("retry.attempts")) == "default"


def test_each_layer_goes_before_the_one_below(paths: Paths) -> None:
    text = "[retry]\nattempts = 4\nbase_s = 1\ncap_s = 16\n"
    environ = {"ORCHAT_RETRY__BASE_S": "2", "ORCHAT_RETRY__CAP_S": "32"}
    loaded = load(paths, text, environ, retry__cap_s="64")

    retry = loaded.config.retry
    assert (retry.total_s, retry.attempts, retry.base_s, retry.cap_s) == (60.0, 4, 2.0, 64.0)
    assert [str(loaded.origin(f"retry.{key}")) for key in ("total_s", "attempts", "base_s", "cap_s")] == [
        "default",
        f"{paths.config_file}:2",
        "env ORCHAT_RETRY__BASE_S",
        "flag retry.cap_s",
    ]


def test_a_number_written_whole_is_still_a_float(paths: Paths) -> None:
    assert repr(load(paths, "[retry]\nbase_s = 1\n").config.retry.base_s) == "1.0"


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("chat.save", "no", False),
        ("chat.save", "ON", True),
        ("chat.temperature", "0.5", 0.5),
        ("chat.temperature", " ", None),
        ("chat.reasoning_effort", "high", "high"),
        ("chat.system", " keep my spaces ", " keep my spaces "),
        ("models.fallbacks", "a/b, c/d,,", ("a/b", "c/d")),
        ("models.vision", "", ()),
        ("retry.attempts", " 7 ", 7),
        ("provider.data_collection", "", ""),
        ("api.base_url", "http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
        ("keymap.app.quit", "ctrl+q", "ctrl+q"),
    ],
)
def test_variables_and_flags_are_parsed_by_the_type_of_the_setting(
    paths: Paths, key: str, text: str, value: object
) -> None:
    section, _, name = key.partition(".")
    for loaded in (
        load(paths, environ={f"ORCHAT_{section}__{name}".upper(): text}),
        Config.load(paths, {}, {key: text}),
    ):
        part = getattr(loaded.config, section)
        assert (part[name] if section == "keymap" else getattr(part, name)) == value


def test_a_program_may_give_values_as_they_are(paths: Paths) -> None:
    loaded = load(paths, models__fallbacks=["a/b"], chat__temperature=1, keys__rotate_after=3)

    assert loaded.config.models.fallbacks == ("a/b",)
    assert loaded.config.chat.temperature == 1.0
    assert loaded.config.keys.rotate_after == 3


@pytest.mark.parametrize(
    ("text", "line", "key", "message", "hint"),
    [
        ("[api]\nbase_ulr = 'https://x'\n", 2, "api.base_ulr", "is not a setting", "base_url"),
        ("\n[apis]\nbase_url = 'https://x'\n", 3, "apis.base_url", "is not a section", "api"),
        ("[apis]\n", 1, "apis", "is not a section", "api"),
        ("zzz = 1\n", 1, "zzz", "is not a section", None),
        ("api = 3\n", 1, "api", "is a section", "[api]"),
        ("[retry]\nattempts = '3'\n", 2, "retry.attempts", "expected a whole number, got '3'", None),
        ("[retry]\nattempts = true\n", 2, "retry.attempts", "expected a whole number, got True", None),
        ("[retry]\nattempts = -1\n", 2, "retry.attempts", "expected a whole number from 0 to 20, got -1", None),
        ("[retry]\nbase_s = nan\n", 2, "retry.base_s", "expected a number from 0 to 60, got nan", None),
        ("[retry]\nbase_s = inf\n", 2, "retry.base_s", "expected a number from 0 to 60, got inf", None),
        ("[retry]\nbase_s = []\n", 2, "retry.base_s", "expected a number, got []", None),
        (f"[retry]\nbase_s = 1{'0' * 400}\n", 2, "retry.base_s", "expected a number, got 1000", None),
        pytest.param(
            f"[retry]\nattempts = 0x{'f' * 9000}\n", 2, "retry.attempts", "thousands of digits", None, id="huge"
        ),
        ("[chat]\nsave = 'yes'\n", 2, "chat.save", "expected true or false, got 'yes'", None),
        ("[chat]\nsystem = 3\n", 2, "chat.system", "expected a text, got 3", None),
        ("[models]\ntext = 'a/b'\n", 2, "models.text", "expected a list of texts, got 'a/b'", None),
        ("[models]\ntext = ['a', 1]\n", 2, "models.text", "expected a list of texts", None),
        ("[log]\nlevel = 'warn'\n", 2, "log.level", "expected one of debug, info, warning", "warning"),
        ("[provider]\nsort = 'zzz'\n", 2, "provider.sort", 'expected one of "", price, throughput', None),
        ("[api]\nbase_url = 'ftp://x'\n", 2, "api.base_url", "begins with https:// or http://, got 'ftp://x'", None),
        ("[api]\napi_key = 'abc'\n", 2, "api.api_key", "is not a setting", "orchat keys add"),
        ("[keymap]\nquit = 3\n", 2, "keymap.quit", "expected a text, got 3", None),
        ("api = {base_ulr = 'x'}\n", 1, "api.base_ulr", "is not a setting", "base_url"),
        ("\napi.base_ulr = 'x'\n", 2, "api.base_ulr", "is not a setting", "base_url"),
        ('[chat]\nsystem = """\n[api]\nsave = 1\n"""\nsave = 1\n', 6, "chat.save", "expected true or false", None),
        ("[chat]\n'save' = 1 # \n", 2, "chat.save", "expected true or false", None),
        ('[chat]\n"sa\\u0076e" = 1\n', 1, "chat.save", "expected true or false", None),
    ],
)
def test_what_the_file_says_wrong_is_refused_with_its_line(
    paths: Paths, text: str, line: int, key: str, message: str, hint: str | None
) -> None:
    error = refusal(paths, text)

    assert error.layer == "file"
    assert error.source == f"{paths.config_file}:{line}"
    assert error.key == key
    assert error.message.startswith(f"{paths.config_file}:{line}: {key}")
    assert message in error.message
    assert "\n" not in error.message
    assert (hint is None) == (error.hint is None)
    assert hint is None or hint in str(error.hint)


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("ORCHAT_API__BASE_ULR", "x", "api.base_ulr: is not a setting"),
        ("ORCHAT_APIS__BASE_URL", "x", "apis.base_url: is not a section"),
        ("ORCHAT__X", "x", "is not a section"),
        ("ORCHAT_API__", "x", "api: is a section"),
        ("ORCHAT_RETRY__ATTEMPTS", "many", "expected a whole number, got 'many'"),
        ("ORCHAT_RETRY__ATTEMPTS", "21", "from 0 to 20, got 21"),
        ("ORCHAT_RETRY__BASE_S", "1,5", "expected a number, got '1,5'"),
        ("ORCHAT_CHAT__SAVE", "perhaps", "expected true or false, got 'perhaps'"),
        ("ORCHAT_RETRY__ATTEMPTS", "x" * 100, f"got '{'x' * 38}…"),
        ("ORCHAT_API__BASE_URL", "sk-or-v1-0123456789abcdef", "got something like a key"),
        ("ORCHAT_KEYS__STORE", "\x1b[31m", "got '\\x1b[31m'"),
    ],
)
def test_what_the_environment_says_wrong_is_refused_with_its_name(
    paths: Paths, variable: str, value: str, message: str
) -> None:
    error = refusal(paths, environ={variable: value})

    assert (error.layer, error.source) == ("environment", variable)
    assert error.message.startswith(f"env {variable}: ")
    assert message in error.message
    assert "0123456789abcdef" not in f"{error}{error.hint}"


@pytest.mark.parametrize(
    ("flag", "value", "message"),
    [
        ("tui.tehme", "x", "flag tui.tehme: is not a setting"),
        ("tiu.theme", "x", "flag tiu.theme: is not a section of the settings"),
        ("tui", "x", "flag tui: is a section: settings stand below it"),
        ("tui.\x1b]0;x", "x", r"flag 'tui.\x1b]0;x': is not a setting"),
    ],
)
def test_a_wrong_flag_is_named_once(paths: Paths, flag: str, value: object, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Config.load(paths, {}, {flag: value})
    assert caught.value.message == message


def test_a_wrong_flag_is_refused_by_its_name(paths: Paths) -> None:
    error = refusal(paths, tui__tehme="x")

    assert (error.layer, error.source, error.key) == ("flag", "tui.tehme", "tui.tehme")
    assert error.hint == "Did you mean theme?"


def test_a_name_that_is_not_plain_is_shown_escaped(paths: Paths) -> None:
    error = refusal(paths, '[api]\n"\\u001b]0;x\\u0007" = 1\n')

    assert error.message.isprintable()
    assert "\\x1b" in error.message


def test_other_variables_of_ours_pass(paths: Paths) -> None:
    environ = {"ORCHAT_HOME": "/x", "ORCHAT_KEYS_FILE": "/k", "ORCHAT_DEBUG": "1", "MY_ORCHAT__X": "1"}

    assert load(paths, environ=environ).config == Config()


def test_an_empty_section_is_fine(paths: Paths) -> None:
    assert load(paths, "[api]\n[keymap]\n").config == Config()


def test_a_byte_order_mark_is_no_error(paths: Paths) -> None:
    assert load(paths, "\ufeff[chat]\nsave = false\n").config.chat.save is False


@pytest.mark.parametrize(
    ("content", "message", "source"),
    [
        (b"[api\n", "is not valid TOML: ", ":1"),
        (b"[api]\nbase_url = https://x\n", "line 2, column 12", ":2"),
        (b"[api]\n\n\nbase_url = 'x'\nbase_url = 'y'\n", "is not valid TOML: ", ":5"),
        (b"\x7fELF\x02\x01\x01\x00", "is not valid TOML: ", ":1"),
        (b"\xff\xfe\x00binary", "is not a text file in UTF-8", ""),
        (b"x = " + b"9" * 5000, "is not valid TOML: ", ""),
        (b"x = " + b"[" * 100_000, "is nested too deeply", ""),
    ],
)
def test_a_file_that_is_no_toml_is_named_with_the_place(
    paths: Paths, content: bytes, message: str, source: str
) -> None:
    paths.config_file.write_bytes(content)
    error = refusal(paths)

    assert error.message.startswith(str(paths.config_file))
    assert message in error.message
    assert error.source == f"{paths.config_file}{source}"
    assert error.hint
    assert error.message.isprintable()


def test_a_file_that_cannot_be_read_is_named(paths: Paths) -> None:
    paths.config_file.mkdir()
    assert "cannot be read: is a directory" in refusal(paths).message


def test_a_link_to_nowhere_is_not_taken_for_no_file(paths: Paths) -> None:
    paths.config_file.symlink_to(paths.config_dir / "gone.toml")
    assert "is a link to a file that does not exist" in refusal(paths).message


def test_show_lists_every_value_with_its_origin_and_no_secret(paths: Paths) -> None:
    environ = {"OPENROUTER_API_KEY": "sk-or-v1-secret", "ORCHAT_KEYS_FILE": "/k.json"}
    loaded = load(paths, '[keymap]\nquit = "ctrl+q"\n[models]\ntext = ["a/b", "c/d"]\n', environ, chat__save="no")
    rows = {row.key: (row.value, str(row.origin)) for row in loaded.show()}

    assert rows["keymap.quit"] == ('"ctrl+q"', f"{paths.config_file}:2")
    assert rows["models.text"] == ('["a/b", "c/d"]', f"{paths.config_file}:4")
    assert rows["chat.save"] == ("false", "flag chat.save")
    assert rows["retry.base_s"] == ("0.5", "default")
    assert rows["OPENROUTER_API_KEY"] == ("set", "env OPENROUTER_API_KEY")
    assert rows["ORCHAT_KEYS_FILE"] == ("set", "env ORCHAT_KEYS_FILE")
    assert "chat.temperature" not in rows
    assert "secret" not in repr(rows)


def test_the_sections_declared_are_those_of_the_config() -> None:
    declared: dict[str, object] = {item.name: item.default_factory for item in fields(Config)}
    assert (declared.pop("keymap"), declared.pop("personas")) == (dict, dict)
    assert declared == {**SECTIONS}


@pytest.mark.parametrize("section", SECTIONS)
def test_every_default_keeps_its_own_rules(section: str) -> None:
    for item in fields(SECTIONS[section]):
        assert item.metadata["about"].endswith((".", "?", ".)")), item.name
        sample = item.metadata["example"] if item.default is None else item.default
        assert from_toml(item, sample) == sample


names = st.sampled_from([(section, item) for section, kind in SECTIONS.items() for item in fields(kind)])
texts = st.text(max_size=30) | st.sampled_from(["", "0", "1", "true", "deny", "9" * 5000, "-0.0", "1e400", "sk-x"])


@settings(max_examples=150, deadline=None)
@given(where=names, text=texts)
def test_any_text_gives_a_legal_value_or_one_clear_line(where: tuple[str, object], text: str) -> None:
    section, item = where
    key = f"{section}.{item.name}"  # type: ignore[attr-defined]  # hypothesis loses the type of a dataclass field
    try:
        loaded = Config.load(Paths.discover({"ORCHAT_HOME": "/nowhere"}), {}, {key: text})
    except ConfigError as error:
        assert error.key == key
        assert error.message.isprintable()
        assert len(error.message) < 300
    else:
        value = getattr(getattr(loaded.config, section), item.name)  # type: ignore[attr-defined]  # as above
        assert value is None or from_toml(item, value) == value  # type: ignore[arg-type]  # as above


toml_values = st.recursive(
    st.text(max_size=5) | st.integers() | st.floats() | st.booleans(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=150, deadline=None)
@given(where=names, value=toml_values)
def test_any_value_is_legal_or_refused(where: tuple[str, object], value: object) -> None:
    section, item = where
    key = f"{section}.{item.name}"  # type: ignore[attr-defined]  # as above
    try:
        Config.load(Paths.discover({"ORCHAT_HOME": "/nowhere"}), {}, {key: value})
    except ConfigError as error:
        assert error.message.isprintable()


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=40))
def test_a_text_written_as_toml_reads_as_it_was(text: str) -> None:
    toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

    assert toml.loads(f"x = {as_toml(text)}")["x"] == text


def test_a_table_written_as_toml_reads_as_it_was() -> None:
    assert as_toml({"a": ("b", True, 1, 0.5)}) == '{"a" = ["b", true, 1, 0.5]}'


def test_a_list_may_be_empty_in_text() -> None:
    item = next(item for item in fields(SECTIONS["models"]) if item.name == "text")
    assert from_text(item, " , ") == ()
