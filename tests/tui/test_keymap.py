"""Keys of somebody's own: what they may be, what is refused by name, and that they are shown and do their work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchat.config import Config
from orchat.demo.script import stall
from orchat.demo.server import DemoServer
from orchat.paths import Paths
from orchat.tui.commands import BY_ID, COMMANDS
from orchat.tui.elsewhere import ELSEWHERE, KEYS
from orchat.tui.keymap import USUAL, defaults, faults_of, read_keymap
from orchat.tui.keynames import BadKey, is_written, needs_kitty, parse_key, shown_key, unbound
from orchat.tui.screens.attach import AttachDialog
from orchat.tui.screens.help import Help
from orchat.tui.screens.key_entry import KeyEntry
from orchat.tui.screens.keys import KeysScreen
from orchat.tui.screens.model_details import ModelDialog
from orchat.tui.screens.picker import Picker
from orchat.tui.screens.preview import Preview
from orchat.tui.screens.sessions import Sessions
from orchat.tui.screens.settings import SettingsScreen
from orchat.tui.screens.usage import UsageScreen
from tests.support.screen import at_screen, screen_runtime


@pytest.mark.parametrize(
    ("written", "key", "shown"),
    [
        ("^O", "ctrl+o", "^O"),
        (" Ctrl+O ", "ctrl+o", "^O"),
        ("F4", "f4", "F4"),
        ("R", "R", "R"),
        ("shift+r", "R", "R"),
        ("alt+R", "alt+shift+r", "Alt+Shift+R"),
        ("esc", "escape", "Esc"),
        ("PgUp", "pageup", "PgUp"),
        ("?", "question_mark", "?"),
        ("ctrl++", "ctrl+plus", "^+"),
        ("+", "plus", "+"),
        ("option+up", "alt+up", "Alt+↑"),
        ("cmd+k", "super+k", "Super+K"),
        ("ctrl+space", "ctrl+space", "Ctrl+Space"),
        ("shift+f3", "shift+f3", "Shift+F3"),
        ("alt+ctrl+x", "alt+ctrl+x", "Alt+Ctrl+X"),
        ("é", "é", "é"),
        ("question mark", "question_mark", "?"),
    ],
)
def test_keys_are_read_as_people_write_them(written: str, key: str, shown: str) -> None:
    assert parse_key(written) == key
    assert shown_key(key) == shown


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("", "is no key"),
        ("foo", "is no key"),
        ("foo+x", "is no key"),
        ("ctrl+foo", "is no key"),
        ("\x1b", "is no key"),
        ("f25", "is no key"),
        ("shift+1", "depends on the keyboard"),
        ("shift+?", "depends on the keyboard"),
        ("ctrl+i", "never arrives: terminals send Tab"),
        ("^[", "never arrives: terminals send Esc"),
        ("^M", "never arrives: terminals send Enter"),
        ("ctrl+h", "never arrives: terminals send Backspace"),
    ],
)
def test_what_is_no_key_says_why(written: str, says: str) -> None:
    with pytest.raises(BadKey, match=says):
        parse_key(written)


@pytest.mark.parametrize(
    ("key", "needs"),
    [
        ("ctrl+o", False),
        ("ctrl+shift+o", True),
        ("alt+shift+o", False),
        ("ctrl+1", True),
        ("ctrl+underscore", False),
        ("ctrl+space", False),
        ("ctrl+enter", True),
        ("shift+enter", True),
        ("shift+tab", False),
        ("ctrl+left", False),
        ("super+k", True),
        ("f5", False),
        ("A", False),
    ],
)
def test_some_keys_need_kittys_protocol(key: str, needs: bool) -> None:
    assert needs_kitty(key) is needs


@given(st.text(max_size=12))
def test_any_text_is_a_key_or_is_refused(text: str) -> None:
    try:
        key = parse_key(text)
    except BadKey:
        return
    assert parse_key(key) == key and shown_key(key)


def test_no_usual_key_means_two_things() -> None:
    keys = [key for command in COMMANDS for key in defaults(command)]
    assert len(keys) == len(set(keys)), "every scope lies within the chat screen"
    assert all(parse_key(key) == key for key in keys)
    assert read_keymap({}) == USUAL and USUAL.bound() == {}
    for command in COMMANDS:
        if command.scope in ("app", "chat"):
            assert not any(map(is_written, defaults(command))), command.id


def faults(**keymap: str) -> list[str]:
    return [f"{fault.id}: {fault.reason}" for fault in read_keymap(keymap).faults]


def test_keys_can_be_chosen_changed_about_and_taken_away() -> None:
    keymap = read_keymap({"model": "ctrl+r, F4", "sessions": "^O", "usage": "", "retry": "alt+r"})
    assert keymap.faults == ()
    assert keymap.keys["model"] == ("ctrl+r", "f4") and keymap.shown("model") == "^R"
    assert keymap.keys["sessions"] == ("ctrl+o",)
    assert keymap.keys["usage"] == () and keymap.shown(BY_ID["usage"]) == ""
    assert keymap.bound() == {
        "model": "ctrl+r,f4",
        "sessions": "ctrl+o",
        "usage": unbound("usage"),
        "retry": "alt+r",
    }
    assert shown_key(unbound("usage")) == ""
    assert keymap.owner("ctrl+r", ("app", "chat")) is BY_ID["model"]
    assert keymap.owner("ctrl+r", ("message",)) is keymap.owner("ctrl+u", ("app", "chat")) is None


def test_what_cannot_be_is_named_and_the_rest_counts() -> None:
    assert faults(modle="f4") == ["modle: there is no such command"]
    assert faults(model="f4, hyperdrive") == ["model: 'hyperdrive' is no key"]
    assert faults(model="ctrl+r") == ["model: ^R is the key of sessions on the chat screen"]
    assert faults(copy_code="r") == ["copy_code: r is the key of again in the conversation"]
    assert faults(model="m") == ["model: 'm' is needed for writing"]
    assert faults(model="ctrl+z") == ["model: 'ctrl+z' is needed for writing"]
    assert faults(copy_code="up") == ["copy_code: 'up' is needed for reading"]
    assert faults(model="escape") == ["model: 'escape' closes and stops"]
    assert faults(model="f4", sessions="f4") == ["sessions: F4 is the key of model on the chat screen"]
    assert faults(details="i", stop="escape,alt+j", copy_answer="x") == []
    keymap = read_keymap({"model": "ctrl+r", "retry": "f4", "nope": "x", "sessions": "f3,hyperdrive"})
    assert keymap.keys["model"] == ("ctrl+r",), "its owner has another key now"
    assert (keymap.keys["retry"], keymap.keys["sessions"]) == (("f4",), ("f3",))


def test_a_mistyped_key_leaves_the_usual_one_unless_somebody_else_has_it() -> None:
    assert read_keymap({"model": "nokey"}).keys["model"] == ("ctrl+o",)
    assert read_keymap({"model": "nokey", "sessions": "ctrl+o"}).keys["model"] == ()


@given(
    st.dictionaries(st.sampled_from([*BY_ID, "nope"]), st.sampled_from(["", "f4", "ctrl+o,x", "c", "?,ctrl+i", "^R"]))
)
def test_whatever_is_written_no_key_means_two_things(written: dict[str, str]) -> None:
    keymap = read_keymap(written)
    keys = [key for command in COMMANDS for key in keymap.keys[command.id]]
    assert len(keys) == len(set(keys))
    assert all(fault.hint and fault.reason for fault in keymap.faults)


def test_a_fault_says_where_it_stands(tmp_path: Path) -> None:
    environ = {"ORCHAT_HOME": str(tmp_path), "ORCHAT_KEYMAP__USAGE": "x"}
    paths = Paths.discover(environ)
    paths.config_file.write_text('[keymap]\nmodle = "f4"\n"two words" = "f5"\n')
    first, second, third = faults_of(Config.load(paths, environ))
    assert first.message == f"{paths.config_file}:2: keymap.modle: there is no such command"
    assert first.hint == "Did you mean model?"
    assert (second.key, second.layer) == ("keymap.two words", "file")
    assert third.message == "env ORCHAT_KEYMAP__USAGE: keymap.usage: 'x' is needed for writing"


# ---- over the chat


def test_no_usual_key_means_two_things_in_any_place() -> None:
    over_all = {key for id in ("quit", "help") for key in defaults(BY_ID[id])}
    assert not set(KEYS) & set(BY_ID) and len(KEYS) == sum(len(place.keys) for place in ELSEWHERE)
    for place in ELSEWHERE:
        keys = [key for one in place.keys for key in defaults(one)]
        assert len(keys) == len(set(keys)) and not over_all & set(keys), place.id
        assert all(parse_key(key) == key for key in keys), place.id
        for one in place.keys:
            assert one.id.startswith(f"{place.id}_")
            assert not (one.over_text and any(map(is_written, defaults(one)))), one.id


def test_the_usual_keys_do_not_need_the_tables_of_other_screens() -> None:
    code = (
        "import sys; from orchat.tui.keymap import read_keymap; read_keymap({'model': 'f4'}).bound();"
        "sys.exit('orchat.tui.elsewhere' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_keys_on_other_screens_can_be_chosen_changed_about_and_taken_away() -> None:
    keymap = read_keymap(
        {
            "compare_copy": "ctrl+y,y",
            "compare_copy_code": "c",
            "compare_again": "",
            "sessions_delete": "^F",
            "sessions_fork": "^D",
        }
    )
    assert keymap.faults == ()
    assert keymap.bound() == {
        "compare_copy": "ctrl+y,y",
        "compare_copy_code": "c",
        "compare_again": unbound("compare_again"),
        "sessions_delete": "ctrl+f",
        "sessions_fork": "ctrl+d",
    }
    assert keymap.shown("compare_copy") == "^Y" and keymap.shown("compare_again") == ""
    assert keymap.shown("compare_use") == USUAL.shown("compare_use") == "Enter"
    wanted = (
        ("compare_copy", "copy"),
        ("compare_again", "again"),
        ("compare_before compare_after", "answer"),
        ("quit", "leave"),
    )
    assert keymap.pairs(*wanted) == (("^Y", "copy"), ("←→", "answer"), ("^Q", "leave"))
    assert USUAL.pairs(("keys_earlier keys_later", "move")) == (("< >", "move"),)
    assert (keymap.hint("compare_copy_code", "copy"), keymap.hint("compare_again", "again")) == ("c copy", "")


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ({"compare_cpy": "x"}, ["compare_cpy: there is no such command"]),
        ({"compare_copy": "r"}, ["compare_copy: r is the key of compare_again in the comparison"]),
        ({"compare_copy": "x", "compare_use": "x"}, ["compare_copy: x is the key of compare_use in the comparison"]),
        ({"compare_copy": "x", "keys_add": "x"}, ["keys_add: x is the key of keys_remove in the list of keys"]),
        ({"compare_copy": "f1"}, ["compare_copy: F1 is the key of help everywhere"]),
        ({"compare_copy": "f4", "quit": "f4"}, ["compare_copy: F4 is the key of quit everywhere"]),
        ({"compare_copy": "ctrl+q", "quit": "f4"}, []),
        ({"quit": "f2"}, ["quit: F2 is the key of settings on the chat screen"]),
        ({"quit": "f2", "settings": ""}, ["quit: F2 is the key of attach_hidden where files are attached"]),
        ({"quit": "f2", "settings": "", "keys_rename": "r", "sessions_rename": "", "attach_hidden": ""}, []),
        ({"model": "ctrl+s"}, []),
        ({"compare_copy": "1"}, ["compare_copy: '1' is needed there"]),
        ({"compare_copy": "enter"}, ["compare_copy: Enter is the key of compare_use in the comparison"]),
        ({"ocr_copy": "up"}, ["ocr_copy: 'up' is needed there"]),
        ({"keys_add": "escape"}, ["keys_add: 'escape' closes and stops"]),
        ({"ocr_keep": "k"}, ["ocr_keep: 'k' is needed for writing"]),
        ({"sessions_pin": "p"}, ["sessions_pin: 'p' is needed for writing"]),
        ({"sessions_pin": "ctrl+a"}, ["sessions_pin: 'ctrl+a' is needed there"]),
        ({"ocr_stop": " "}, ["ocr_stop: leads back, and needs a key"]),
        ({"ocr_stop": "nokey"}, ["ocr_stop: 'nokey' is no key"]),
        ({"ocr_stop": "q"}, []),
    ],
)  # fmt: skip
def test_what_cannot_be_on_another_screen_is_named(written: dict[str, str], says: list[str]) -> None:
    keymap = read_keymap(written)
    assert [f"{fault.id}: {fault.reason}" for fault in keymap.faults] == says
    assert keymap.shown("compare_use") and keymap.shown("ocr_stop") in ("Esc", "q")


def test_a_mistyped_name_is_told_the_one_that_is_meant() -> None:
    assert read_keymap({"compare_cpy": "x"}).faults[0].hint == "Did you mean compare_copy?"


@given(
    st.dictionaries(
        st.sampled_from([*KEYS, "quit", "help", "nope"]),
        st.sampled_from(["", "f2", "ctrl+s,x", "c", "?,ctrl+i", "^D", "left", "r, y"]),
        max_size=8,
    )
)
def test_whatever_is_written_no_key_means_two_things_in_any_place(written: dict[str, str]) -> None:
    keymap = read_keymap(written)
    bound = {**{id: ",".join(defaults(one)) for id, one in KEYS.items()}, **keymap.bound()}
    over = [*keymap.keys["quit"], *keymap.keys["help"]]
    for place in ELSEWHERE:
        keys = [*over, *(key for one in place.keys for key in bound[one.id].split(","))]
        assert len(keys) == len(set(keys)), place.id
    assert all(fault.hint and fault.reason for fault in keymap.faults)


# ---- at the screen


def put(person_runtime: object, **keymap: str) -> None:
    person_runtime.config.keymap.update(keymap)  # type: ignore[attr-defined]  # as [keymap] in config.toml gives it


@pytest.mark.anyio
async def test_keys_of_somebodys_own_work_and_are_shown_everywhere(server: DemoServer) -> None:
    runtime = screen_runtime(server)
    put(
        runtime,
        model="f4",
        copy="alt+y",
        usage="",
        quit="alt+q,f10",
        copy_answer="x",
        previous_branch="",
        next_branch="",
    )
    async with at_screen(runtime, size=(120, 50)) as person:
        assert "F4 model" in person.lines[-1] and "usage" not in person.lines[-1]
        await person.press("ctrl+o")
        assert person.app.screen is person.chat, "the usual key is free"
        await person.press("f4")
        await person.until_on(Picker)
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.chat)
        await person.type("/mod")
        await person.until_shown("/model [PART]", "F4")
        await person.press("escape", "escape")
        await person.press("f1")
        await person.until_on(Help)
        await person.until_shown("F4", "Alt+Y")
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.chat)
        await person.press("ctrl+p")
        await person.until_shown("/model  F4")
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.chat)
        await person.ask("hello")
        await person.press("alt+y")
        await person.until_told("Copied the answer")
        await person.press("alt+up")
        await person.until(lambda: "x copy" in person.lines[-1])
        await person.press("ctrl+q")
        assert person.app.is_running and person.app.return_code is None, "leaving has other keys"
        await person.press("f10")
        await person.until(lambda: not person.app.is_running)


@pytest.mark.anyio
async def test_faults_are_told_at_the_start_and_everything_else_works(server: DemoServer) -> None:
    runtime = screen_runtime(server)
    put(runtime, modle="f4", usage="ctrl+o", sessions="f3")
    async with at_screen(runtime) as person:
        await person.until_shown(
            "2 keys in the settings cannot be used",
            "keymap.modle: there is no such command. Did you mean model?",
            "keymap.usage: ^O is the key of model on the chat screen.",
        )
        assert "F3 sessions" in person.lines[-1] and "^U usage" in person.lines[-1]
        await person.ask("hello")


@pytest.mark.anyio
async def test_escape_does_not_stop_where_it_was_taken_away(server: DemoServer) -> None:
    runtime = screen_runtime(server)
    put(runtime, stop="alt+j")
    async with at_screen(runtime) as person:
        server.script(stall(stage="body", text="Once"))
        await person.enter("hello")
        await person.until_shown("Once")
        await person.press("escape")
        await person.pilot.pause(0.1)
        assert person.chat.session.busy
        await person.press("alt+j")
        await person.until(lambda: not person.chat.session.busy)


@pytest.mark.anyio
async def test_keys_of_somebodys_own_work_over_the_chat_and_are_shown_there(server: DemoServer) -> None:
    runtime = screen_runtime(server)
    put(
        runtime,
        keys_add="f9",
        keys_test="",
        models_details="ctrl+l",
        models_sort="ctrl+d",
        usage_more="m",
        help="f10",
        sessions_rename="f3",
    )
    async with at_screen(runtime, size=(120, 50)) as person:
        await person.press("ctrl+k")
        screen = await person.until_on(KeysScreen)
        await person.until_shown("F9 add", "s sign in")
        assert "t test" not in "\n".join(person.lines)
        await person.press("a")
        assert person.app.screen is screen, "the usual key is free"
        await person.press("f10")
        await person.until_on(Help)
        await person.until_shown("KEYS OF OPENROUTER (^K)", "EVERYWHERE")
        await person.until_shown("F9           Paste another key")
        await person.press("escape")
        await person.press("f9")
        await person.until_on(KeyEntry)
        await person.press("escape", "escape")
        await person.until(lambda: person.app.screen is person.chat)
        await person.press("ctrl+o")
        await person.until_on(Picker)
        await person.until_shown("^L details", "^D sort", "sort: by name")
        await person.press("ctrl+d")
        await person.until_shown("sort: newest first")
        await person.press("escape")
        await person.press("ctrl+u")
        await person.until_on(UsageScreen)
        await person.until_shown("← m days", "the last 14 days")
        await person.press("right")
        await person.press("m")
        await person.until_shown("the last 30 days")
        await person.press("escape")
        await person.press("ctrl+r")
        await person.until_on(Sessions)
        await person.until_shown("F3 rename")


@pytest.mark.anyio
async def test_keys_of_somebodys_own_count_where_files_are_attached_and_looked_at(
    server: DemoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("one.txt", "two.txt"):
        (tmp_path / name).write_text(f"this is {name}", encoding="utf-8")
    runtime = screen_runtime(server)
    put(runtime, attach_hidden="f9", preview_after="n", preview_save="", settings_add="z", models_details="ctrl+l")
    async with at_screen(runtime, size=(120, 40)) as person:
        await person.press("ctrl+t")
        await person.until_on(AttachDialog)
        await person.until_shown("F9 hidden", "one.txt")
        (tmp_path / ".three.txt").write_text("3", encoding="utf-8")
        await person.press("f2", "f9")
        await person.until_shown(".three.txt")
        await person.press("f1")
        await person.until_on(Help)
        await person.until_shown("ATTACHING FILES (^T)")
        await person.press("escape", "escape")
        await person.until(lambda: person.app.screen is person.chat)
        for name in ("one.txt", "two.txt"):
            await person.enter(f"/attach {tmp_path / name}")
            await person.until_shown(name)
        await person.press("f8", "left", "enter")
        await person.until_on(Preview)
        await person.until_shown("1 of 2", "← n others", "o open outside", "this is one.txt")
        assert "save a copy" not in person.text
        await person.press("right", "n")
        await person.until_shown("2 of 2", "this is two.txt")
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.chat)
        await person.press("f2")
        await person.until_on(SettingsScreen)
        await person.until_shown("d as usual", "z another")
        await person.press("escape")
        await person.press("ctrl+o")
        await person.until_on(Picker)
        await person.until_shown("demo/writer")
        await person.press("ctrl+l")
        await person.until_on(ModelDialog)
        await person.press("ctrl+l")
        await person.until_on(Picker)
