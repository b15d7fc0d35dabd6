"""What is installed is what was written: a flat layout hides package data that the wheel lacks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

import orchat

ROOT = Path(__file__).parent.parent
DATA = (".sql", ".tcss", ".typed", ".toml")
"""Package files that are no modules and that orchat reads when it runs."""


def clean_environment() -> dict[str, str]:
    """The environment without what would lead Python back into this tree or measure the child."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "COVERAGE", "COV_CORE", "VIRTUAL_ENV"))}


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, env=clean_environment(), capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    built = run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts folder of a new environment that holds the wheel; dependencies come from the test's own."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    python = folder / "bin" / "python"
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    done = run(*command, wheel, cwd=folder.parent)
    assert done.returncode == 0, done.stderr
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return folder / "bin"


@pytest.mark.wheel
def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())

    written = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "orchat").rglob("*")
        if path.suffix in (".py", *DATA) and "__pycache__" not in path.parts
    }
    assert written - names == set()
    assert "orchat/py.typed" in names
    assert any(re.fullmatch(r"orchat/store/migrations/\d+\w*\.sql", name) for name in names)


@pytest.mark.wheel
def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    tops = {name.split("/")[0] for name in names}
    assert tops == {"orchat", f"orchat_tui-{orchat.__version__}.dist-info"}
    assert [name for name in names if "__pycache__" in name or name.endswith(".pyc")] == []


@pytest.mark.wheel
def test_the_installed_command_tells_its_version(installed: Path, tmp_path: Path) -> None:
    done = run(installed / "orchat", "--version", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert orchat.__version__ in done.stdout


@pytest.mark.wheel
def test_the_installed_command_explains_ask(installed: Path, tmp_path: Path) -> None:
    done = run(installed / "orchat", "ask", "--help", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage: orchat ask" in done.stdout
    assert "--json" in done.stdout


@pytest.mark.wheel
def test_the_installed_package_is_the_one_that_runs(installed: Path, tmp_path: Path) -> None:
    done = run(installed / "python", "-c", "import orchat; print(orchat.__file__)", cwd=tmp_path)

    assert Path(done.stdout.strip()).is_relative_to(installed.parent)


def test_the_newest_changelog_entry_is_this_version() -> None:
    entries = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)

    assert entries[0] == orchat.__version__


def test_every_runtime_dependency_has_its_reason_above_it() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    block = text.split("\ndependencies = [\n", 1)[1].split("\n]", 1)[0].splitlines()
    without = [line.strip() for above, line in zip(["", *block], block, strict=False) if unexplained(above, line)]

    assert [line for line in block if line.strip().startswith('"')] != []
    # A reason may cover the group of requirements right below it.
    assert without == []


def unexplained(above: str, line: str) -> bool:
    return line.strip().startswith('"') and not above.strip().startswith(("#", '"'))


def test_the_pins_name_versions_and_no_address() -> None:
    pin = re.compile(r"[a-z0-9][a-z0-9.-]*==[\w.]+( ; python_full_version [<>=]+ '[\w.*]+'( and .*)?)?")
    lines = [x for x in (ROOT / "constraints.txt").read_text().splitlines() if not x.startswith("#")]

    assert [line for line in lines if not pin.fullmatch(line)] == []
    assert lines == sorted(lines)


def test_every_runtime_dependency_is_pinned() -> None:
    pinned = set(re.findall(r"^([a-z0-9.-]+)==", (ROOT / "constraints.txt").read_text(), flags=re.MULTILINE))
    project = (ROOT / "pyproject.toml").read_text().split("\ndependencies = [\n", 1)[1].split("\n]", 1)[0]
    required = set(re.findall(r'^\s*"([\w.-]+)', project, flags=re.MULTILINE))

    assert required - pinned == set()
