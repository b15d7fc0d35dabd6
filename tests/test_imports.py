"""What each command loads: start-up is a feature, and one import at the top of a module is enough to lose it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCREEN = {"textual", "rich", "markdown_it", "pygments"}
NETWORK = {"httpx", "httpcore", "h11", "anyio", "ssl"}
HEAVY = {*SCREEN, *NETWORK, "pydantic", "keyring", "PIL"}


def loaded(path: Path, statement: str, **environment: str) -> set[str]:
    """Run a statement in a new Python, and tell the names of all modules that it had loaded in the end.

    The child is not measured for coverage, because measuring loads modules of its own.
    """
    program = f"""
import os, sys
os._exit = sys.exit  # the command leaves without a word to whoever watches it
try:
    {statement}
finally:
    with open({str(path)!r}, "w") as out:
        out.write(" ".join(sys.modules))
"""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("COV")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**inherited, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return set(path.read_text().split())


def loaded_by(path: Path, *arguments: str, **environment: str) -> set[str]:
    """The modules that ``orchat ARGUMENTS`` loads."""
    run = f"sys.argv = {['orchat', *arguments]!r}; from orchat.__main__ import main; main()"
    return loaded(path, run, **environment)


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    return tmp_path / "modules"


@pytest.fixture(scope="module")
def answering() -> Iterator[dict[str, str]]:
    """The environment in which ``orchat ask`` is answered by a server on loopback."""
    command = [sys.executable, "-m", "tests.benchmarks.loopback"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        yield {"OPENROUTER_API_KEY": "sk-or-test", "ORCHAT_API__BASE_URL": f"http://127.0.0.1:{port}/api/v1"}


def test_the_list_of_what_is_loaded_is_true(modules: Path) -> None:
    assert "h11" in loaded(modules, "import h11")
    assert "h11" not in loaded(modules, "pass")


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version_loads_nothing_but_its_own_number(modules: Path, option: str) -> None:
    found = loaded_by(modules, option)

    assert found & {*HEAVY, "asyncio", "sqlite3", "click", "json", "pathlib", "typing", "re"} == set()
    assert {name for name in found if name.startswith("orchat")} == {"orchat", "orchat.__main__"}


@pytest.mark.parametrize("arguments", [("--help",), ("ask", "--help"), ("sessions", "--help"), ("models", "--help")])
def test_help_loads_neither_screen_nor_network_nor_database(modules: Path, arguments: tuple[str, ...]) -> None:
    found = loaded_by(modules, *arguments)

    assert found & {*HEAVY, "asyncio", "sqlite3", "concurrent", "logging.handlers"} == set()


@pytest.mark.parametrize("saving", [("--no-save",), ()], ids=["forgotten", "saved"])
def test_ask_loads_no_screen_no_keyring_and_no_picture(
    modules: Path, answering: dict[str, str], saving: tuple[str, ...]
) -> None:
    found = loaded_by(modules, "ask", *saving, "-m", "demo/fast", "hi", **answering)

    assert {"httpx", "sqlite3"} - found == set()
    assert found & {*SCREEN, "pydantic", "keyring", "PIL", "httpx._main", "platformdirs", "logging.handlers"} == set()
    assert [name for name in found if name.startswith(("orchat.tui", "orchat.demo", "orchat.media"))] == []


def test_ask_with_a_text_file_loads_no_decoder_of_pictures(
    modules: Path, answering: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("hello")

    found = loaded_by(modules, "ask", "--no-save", "-m", "demo/fast", "-f", str(tmp_path / "a.txt"), "hi", **answering)

    assert "orchat.media.document" in found
    assert "PIL" not in found


@pytest.mark.parametrize("arguments", [("config", "path"), ("sessions", "list"), ("usage",)])
def test_what_only_looks_things_up_loads_no_screen_and_no_network(modules: Path, arguments: tuple[str, ...]) -> None:
    found = loaded_by(modules, *arguments)

    assert found & {*SCREEN, "httpx", "pydantic", "keyring", "PIL"} == set()


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("orchat", {"asyncio", "typing", *HEAVY}),
        ("orchat.errors", {"asyncio", *HEAVY}),
        ("orchat.domain.request", {"asyncio", *HEAVY}),
        ("orchat.media.files", {"asyncio", *HEAVY}),
        ("orchat.media.links", {"asyncio", "urllib.request", *HEAVY}),
        ("orchat.store.database", HEAVY - {"ssl"}),  # asyncio loads ssl
        ("orchat.openrouter.client", {*SCREEN, "PIL", "keyring", "sqlite3", "httpx._main"}),
    ],
)
def test_a_module_loads_only_what_it_needs(modules: Path, module: str, absent: set[str]) -> None:
    found = loaded(modules, f"import {module}")

    assert module in found
    assert found & absent == set()
