"""The examples of the manual are what really happens."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs/images-and-ocr.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)


def without_bytes(text: str) -> str:
    """How long a PNG is and how two colours mix depends on Pillow, and so does the length of an answer that tells."""
    return re.sub(r"[\d,]+ bytes|(?<=Main colours: ).*|(?<=\+)\d+ tok, \$[\d.]+|(?<= read, )\$[\d.]+", "…", text)


def test_the_pages_of_the_manual_are_read_as_it_says(tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "ORCHAT_HOME": str(tmp_path / "home")}
    run = {"cwd": tmp_path, "env": environ, "text": True, "timeout": 60}
    subprocess.run([sys.executable, "-c", blocks("python")[0]], check=True, **run)  # type: ignore[call-overload]  # a table
    shown = ""
    for line in re.findall(r"^\$ (.*)$", blocks("console")[0], flags=re.MULTILINE):
        words = line.split()
        command = [sys.executable, "-m", *words] if words[0] == "orchat" else words
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **run)  # type: ignore[call-overload]  # a table
        assert done.returncode == 0
        shown += f"$ {line}\n{done.stdout}"
    assert without_bytes(shown) == without_bytes(blocks("console")[0])


def test_the_program_of_the_manual_reads_pages(tmp_path: Path) -> None:
    head = "import asyncio, orchat\nfrom pathlib import Path\nfrom orchat.demo import running_demo\n"
    tail = """
async def main(base_url):
    settings = {"models.vision": ["demo/seer"], "api.dialect": "openrouter"}
    async with orchat.AsyncClient(api_key="sk-or-v1-x", base_url=base_url, home="home", settings=settings) as client:
        await read(client)

with running_demo(pace=0) as url:
    asyncio.run(main(url))
"""
    cards, program = blocks("python")[0], blocks("python")[1]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", cards + head + program + tail],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    assert "card-1.png You sent **1 image**" in done.stdout
