"""How a screen looks: its drawing at every size, in both themes of ours, kept in a file that can be read."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from orchat.tui.pictures import sharp
from orchat.tui.shades import DARK, LIGHT
from tests.support.colours import drawing_of
from tests.support.screen import Person

SIZES = [(60, 16), (80, 24), (120, 40), (200, 60)]
at_every_size = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


class Drawing(SingleFileSnapshotExtension):
    """A file for each drawing."""

    _write_mode = WriteMode.TEXT
    _file_extension = file_extension = "txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Compares what a person sees with what is kept."""

    kept: SnapshotAssertion
    """Of the test that runs."""

    async def is_kept(self, person: Person, name: str) -> None:
        """Fail if the screen is not drawn as it is kept under a name."""
        await person.settled()
        drawing = await drawing_of(person, (DARK, LIGHT))
        assert masked(drawing) == self.kept(extension_class=Drawing, name=name)


def masked(drawing: str) -> str:
    """Without what a clock on the wall, a fast machine or the packer of a small picture decides."""
    return re.sub(r"\d+(?= tok/s)|\b\d(?= kB)", lambda found: "0" * len(found[0]), drawing)


@pytest.fixture
def look(home: object, snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch) -> Look:
    """The same everywhere: the time zone of `home`, and the keys that an optional extra adds."""
    # The C library has to look at the variable again.
    time.tzset()
    monkeypatch.setattr(sharp, "EXTRA", "textual")
    return Look(kept=snapshot)
