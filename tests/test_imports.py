"""What each command loads: start-up is a feature, and one import at the top of a module is enough to lose it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchat.cli.main import COMMANDS
from orchat.demo import DemoThread, start_demo
from tests.support.cli import ROOT, environment
from tests.support.imports import loaded, orchat

SCREEN = {"textual", "rich", "markdown_it", "pygments"}
NETWORK = {"httpx", "httpcore", "h11", "anyio", "ssl"}
HEAVY = {*SCREEN, *NETWORK, "pydantic", "keyring", "PIL"}
LOOP_AND_BOOKS = {"asyncio", "sqlite3", "concurrent", "logging.handlers"}
BASICS = {"click", "json", "pathlib", "typing", "re", "dataclasses", "inspect"}
OURS = {f"orchat.cli.{name}" for name in COMMANDS}
NEVER_ASKED_FOR = {
    *SCREEN,
    "fastjsonschema",
    "pydantic",
    "keyring",
    "PIL",
    "httpx._main",
    "platformdirs",
    "logging.handlers",
}
FOREIGN_TO_ASK = {*NEVER_ASKED_FOR, "orchat.tui", "orchat.demo", *OURS - {"orchat.cli.ask"}}
ASK = ("ask", "-m", "demo/writer", "hi")

Case = tuple[str, set[str], set[str]]
CASES: dict[str, Case] = {
    # name: what is run, what it loads, what it does not load
    "orchat --version": (orchat("--version"), {"orchat.__main__"}, {*HEAVY, *LOOP_AND_BOOKS, *BASICS, *OURS}),
    "orchat -V": (orchat("-V"), {"orchat.__main__"}, {*HEAVY, *LOOP_AND_BOOKS, *BASICS, *OURS}),
    "orchat --help": (orchat("--help"), {"click"}, {*HEAVY, *LOOP_AND_BOOKS, *OURS}),
    **{
        f"orchat {name} --help": (
            orchat(name, "--help"),
            {f"orchat.cli.{name}"},
            {*HEAVY, *LOOP_AND_BOOKS, *OURS - {f"orchat.cli.{name}"}},
        )
        for name in ("ask", "ocr", "sessions", "models")
    },
    "orchat ask": (orchat(*ASK), {"httpx", "sqlite3"}, {*FOREIGN_TO_ASK, "orchat.media"}),
    "orchat ask --no-save": (orchat(*ASK, "--no-save"), {"httpx", "sqlite3"}, {*FOREIGN_TO_ASK, "orchat.media"}),
    "orchat ask -f text": (orchat(*ASK, "-f", str(ROOT / "LICENSE")), {"orchat.media.document"}, FOREIGN_TO_ASK),
    **{
        f"orchat {' '.join(words)}": (orchat(*words), {f"orchat.cli.{words[0]}"}, {*NEVER_ASKED_FOR, "httpx"})
        for words in (("config", "path"), ("sessions", "list"), ("usage",))
    },
    **{
        f"import {module}": (f"import {module}", {module}, absent)
        for module, absent in {
            "orchat": {"asyncio", "typing", *HEAVY},
            "orchat.errors": {"asyncio", *HEAVY},
            "orchat.domain.request": {"asyncio", *HEAVY},
            "orchat.media.files": {"asyncio", *HEAVY},
            "orchat.media.links": {"asyncio", "urllib.request", *HEAVY},
            "orchat.store.database": HEAVY - {"ssl"},  # asyncio loads ssl
            "orchat.cli.scroll": {"textual", "asyncio", "markdown_it", "pygments", "httpx"},
            "orchat.openrouter.client": {*SCREEN, "PIL", "keyring", "sqlite3", "httpx._main"},
        }.items()
    },
}


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoThread]:
    """Answers what is asked."""
    running = start_demo(pace=0, keep=None)
    yield running
    running.stop()


def test_the_list_of_what_is_loaded_is_true(demo: DemoThread) -> None:
    environ = environment(demo.base_url)

    assert "h11" in loaded("import h11", environ)
    assert "h11" in loaded("import importlib; importlib.import_module('h11')", environ)
    assert "h11" not in loaded("pass", environ)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_only_what_is_needed_is_loaded(demo: DemoThread, case: Case) -> None:
    statement, needed, absent = case

    found = loaded(statement, environment(demo.base_url))

    assert needed - found == set()
    assert found & absent == set()


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version_loads_nothing_of_ours_but_its_own_number(demo: DemoThread, option: str) -> None:
    found = loaded(orchat(option), environment(demo.base_url))

    assert {name for name in found if name.startswith("orchat")} == {"orchat", "orchat.__main__"}
