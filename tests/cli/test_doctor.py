"""``orchat doctor``: told of every fault, by a command that none of them can break."""

from __future__ import annotations

import os
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from orchat.cli.doctor.probe import question_for
from orchat.demo import DemoThread
from orchat.demo.accounts import DemoKey
from orchat.domain.secret import Secret
from orchat.store.migrate import APPLICATION_ID
from tests.support.cli import KEY, Orchat, Terminal, environment, run
from tests.support.doctor import found, states


@pytest.fixture
def data(home: Path) -> Path:
    """Where the commands of a test keep everything."""
    return home / "orchat"


# ---- a healthy installation


def test_a_healthy_installation_has_no_fault_and_tells_no_secret(session: str, orchat: Orchat) -> None:
    done = orchat("doctor", "--json")
    names = states(done)

    assert (done.code, done.json["ok"]) == (0, True), done.out
    assert {"orchat", "python", "sqlite", "settings", "data folder", "database", "integrity", "ledger"} <= set(names)
    assert {"keys", "key", "proxy", "dns", "connect", "server", "key status", "terminal", "clipboard"} <= set(names)
    assert [name for name, state in names.items() if state == "fault"] == []
    assert names["database"] == names["integrity"] == names["ledger"] == names["key status"] == "ok"
    assert KEY not in done.out
    assert KEY[:16] not in done.out
    assert "user_demo" not in done.out


def test_nothing_is_changed_by_looking(orchat: Orchat, data: Path) -> None:
    done = orchat("doctor", "--json")

    assert done.code == 0, done.out
    assert not data.exists()
    assert found(done, "database")["state"] == "skip"


def test_the_network_is_left_alone_if_that_is_wanted(orchat: Orchat, demo: DemoThread) -> None:
    before = len(demo.server.requests)
    names = states(orchat("doctor", "--json", "--offline"))

    assert names["network"] == "skip"
    assert not {"dns", "connect", "server", "key status"} & set(names)
    assert len(demo.server.requests) == before


def test_the_demo_can_be_looked_at() -> None:
    done = run("doctor", "--demo", "--json")

    assert done.code == 0, done
    assert found(done, "key status")["state"] == "ok"
    assert "keys" not in states(done)


def test_a_pipe_gets_one_line_for_each_finding(orchat: Orchat) -> None:
    lines = [line.split("\t") for line in orchat("doctor", "--offline").out.splitlines()]

    assert {len(line) for line in lines} == {4}
    assert {line[0] for line in lines} <= {"ok", "warn", "skip"}


def test_a_terminal_gets_colours_and_folded_lines(demo: DemoThread) -> None:
    done = Terminal("doctor", "--offline", environ=environment(demo.base_url, NO_COLOR="1"), columns=70).end()

    assert done.code == 0
    shown = done.out.replace((question_for({"TERM": "xterm"}) or b"").decode(), "").splitlines()
    assert max(len(line) for line in shown if " /" not in line) <= 70
    assert shown[-1] in ("all is well", "1 warning", "2 warnings")
    coloured = Terminal("doctor", "--offline", environ=environment(demo.base_url)).end()
    assert "\x1b[32mok    \x1b[0m" in coloured.out


# ---- what is broken


def written(data: Path, content: bytes) -> Path:
    path = data / "data" / "orchat.db"
    path.parent.mkdir(mode=0o700, parents=True)
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def test_a_damaged_database_is_a_fault(session: str, orchat: Orchat, data: Path) -> None:
    path = data / "data" / "orchat.db"
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size - 4096))
    done = orchat("doctor", "--json", "--offline")

    assert done.code == 1
    assert {"database", "integrity", "ledger"} & {name for name, state in states(done).items() if state == "fault"}
    assert str(path) in done.out


def test_a_file_that_is_no_database_is_a_fault(orchat: Orchat, data: Path) -> None:
    written(data, b"not a database, but long enough to be looked at" * 100)
    done = orchat("doctor", "--json", "--offline")

    assert (done.code, found(done, "database")["state"]) == (1, "fault")
    assert "not an orchat database" in found(done, "database")["detail"]


@pytest.mark.parametrize(
    ("pragmas", "says"),
    [
        ("PRAGMA application_id=7; CREATE TABLE x (y);", "another program"),
        (f"PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version=999;", "newer orchat"),
    ],
)
def test_a_database_that_is_not_ours_to_read_is_a_fault(pragmas: str, says: str, orchat: Orchat, data: Path) -> None:
    with closing(sqlite3.connect(written(data, b""))) as connection:
        connection.executescript(pragmas)
    done = orchat("doctor", "--json", "--offline")

    assert done.code == 1
    assert says in found(done, "database")["detail"]
    assert "integrity" not in states(done)


def test_an_older_database_is_told_to_be_upgraded(orchat: Orchat, data: Path) -> None:
    with closing(sqlite3.connect(written(data, b""))) as connection:
        connection.executescript(f"PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version=1; CREATE TABLE x (y);")
    done = orchat("doctor", "--json", "--offline")

    assert done.code == 0
    assert "to be upgraded" in found(done, "database")["detail"]
    assert found(done, "ledger")["state"] == "skip"


def test_a_ledger_that_does_not_add_up_is_a_fault(session: str, orchat: Orchat, data: Path) -> None:
    with closing(sqlite3.connect(data / "data" / "orchat.db")) as connection:
        connection.execute("UPDATE attempts SET cost_pico = -1")
        connection.commit()
    done = orchat("doctor", "--json", "--offline")

    assert (done.code, found(done, "ledger")["state"]) == (1, "fault")


def test_a_row_that_a_crash_left_open_is_no_fault(session: str, orchat: Orchat, data: Path) -> None:
    with closing(sqlite3.connect(data / "data" / "orchat.db")) as connection:
        connection.execute(
            "UPDATE attempts SET outcome = 'open', owner = 'gone', cost_pico = NULL, cost_source = 'unknown'"
        )
        connection.commit()
    done = orchat("doctor", "--json", "--offline")

    assert (done.code, found(done, "ledger")["state"]) == (0, "ok")
    assert "next start settles" in found(done, "ledger")["detail"]


def test_rows_without_their_parents_are_a_fault(session: str, orchat: Orchat, data: Path) -> None:
    with closing(sqlite3.connect(data / "data" / "orchat.db")) as connection:
        connection.execute("DELETE FROM conversations")
        connection.commit()
    done = orchat("doctor", "--json", "--offline")

    assert (done.code, found(done, "integrity")["state"]) == (1, "fault")
    assert "has no conversations" in found(done, "integrity")["detail"]
    assert "backups" in found(done, "integrity")["fix"]


def test_the_ring_of_a_damaged_table_of_keys_does_not_matter(session: str, orchat: Orchat, data: Path) -> None:
    with closing(sqlite3.connect(data / "data" / "orchat.db")) as connection:
        connection.execute("DROP TABLE keys")
    done = orchat("doctor", "--json", "--offline")

    assert found(done, "key")["state"] == "ok"


@pytest.mark.parametrize("text", ["[api", "[api]\nbase_url = 7", "[nonsense]\nx = 1"])
def test_broken_settings_are_a_fault_and_the_rest_goes_on(text: str, data: Path) -> None:
    data.mkdir(parents=True)
    (data / "config.toml").write_text(text)
    done = run("doctor", "--json", "--offline", OPENROUTER_API_KEY=KEY)

    assert (done.code, found(done, "settings")["state"]) == (1, "fault")
    assert found(done, "settings")["fix"]
    assert found(done, "key")["state"] == "ok"


def test_keys_that_cannot_be_are_warned_of(orchat: Orchat) -> None:
    done = orchat("doctor", "--offline", "--json", "--set", "keymap.modle=f4", "--set", "keymap.usage=f3")
    assert found(done, "keymap") == {
        "name": "keymap",
        "state": "warn",
        "detail": "flag keymap.modle: there is no such command",
        "fix": "Did you mean model?",
    }
    own = found(orchat("doctor", "--offline", "--json", "--set", "keymap.usage=f3"), "keymap")
    assert (own["state"], own["detail"]) == ("ok", "1 of your own")


def test_settings_that_are_not_there_although_named(orchat: Orchat) -> None:
    done = orchat("doctor", "--json", "--offline", "--config", "/nowhere/c.toml")
    assert (done.code, found(done, "settings")["state"]) == (1, "fault")


NO_KEYRING = "keyring.backends.fail.Keyring"


def test_a_missing_keyring_is_a_fault_unless_the_environment_has_a_key() -> None:
    alone = run("doctor", "--json", "--offline", PYTHON_KEYRING_BACKEND=NO_KEYRING)
    assert (alone.code, found(alone, "keys")["state"], found(alone, "key")["state"]) == (1, "fault", "skip")
    assert found(alone, "keys")["fix"]

    served = run("doctor", "--json", "--offline", OPENROUTER_API_KEY=KEY, PYTHON_KEYRING_BACKEND=NO_KEYRING)
    assert (served.code, found(served, "keys")["state"], found(served, "key")["state"]) == (0, "warn", "ok")


def test_no_key_at_all_is_a_fault() -> None:
    done = run("doctor", "--json", "--offline")
    assert (done.code, found(done, "key")["state"]) == (1, "fault")
    assert "orchat login" in (found(done, "key")["fix"] or "")


def test_what_cannot_be_a_key_is_a_fault() -> None:
    done = run("doctor", "--json", "--offline", OPENROUTER_API_KEY="not a key")
    assert (done.code, found(done, "keys")["state"]) == (1, "fault")
    assert "not a key" not in found(done, "keys")["detail"]


def test_a_home_that_cannot_be_made_is_a_fault() -> None:
    done = run("doctor", "--json", "--offline", OPENROUTER_API_KEY=KEY, ORCHAT_HOME="/proc/self/status/orchat")

    assert (done.code, found(done, "data folder")["state"]) == (1, "fault")
    assert "ORCHAT_HOME" in (found(done, "data folder")["fix"] or "")
    assert done.err == ""


def test_no_home_at_all_is_a_fault(orchat: Orchat, monkeypatch: pytest.MonkeyPatch) -> None:
    import pwd

    def nobody(_: int) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("ORCHAT_HOME")
    done = orchat("doctor", "--json", "--offline")

    assert (done.code, found(done, "folders")["state"], found(done, "keys")["state"]) == (1, "fault", "skip")


def test_a_server_that_is_not_there_is_a_fault() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        done = run("doctor", "--json", base_url=f"http://127.0.0.1:{taken.getsockname()[1]}/api/v1")

    names = states(done)
    assert (done.code, names["dns"], names["connect"], names["server"]) == (1, "ok", "fault", "skip")
    assert "refuses" in found(done, "connect")["detail"]


def test_a_name_that_nobody_knows_is_a_fault() -> None:
    done = run("doctor", "--json", base_url="http://a..b/api/v1")
    names = states(done)
    assert (done.code, names["dns"], names["server"]) == (1, "fault", "skip")
    assert "connect" not in names


def test_an_address_that_is_none_is_a_fault() -> None:
    done = run("doctor", "--json", base_url="http://user:word@host/v1")
    assert (done.code, found(done, "server")["state"]) == (1, "fault")
    assert "word" not in done.out


def test_a_key_that_the_server_refuses_is_a_fault(orchat: Orchat, demo: DemoThread) -> None:
    demo.server.put_key(Secret(KEY), DemoKey(revoked=True))
    try:
        done = orchat("doctor", "--json")
    finally:
        demo.server.put_key(Secret(KEY), DemoKey())
    assert (done.code, found(done, "key status")["state"]) == (1, "fault")


def test_another_server_is_asked_for_its_models_alone(orchat: Orchat) -> None:
    done = orchat("doctor", "--json", "--set", "api.dialect=openai")
    assert (done.code, found(done, "server")["state"], found(done, "key status")["state"]) == (0, "ok", "skip")
