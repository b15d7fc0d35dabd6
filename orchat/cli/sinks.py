"""Where the text of an answer goes: as it is, its code alone, or held back until it is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from orchat.errors import OrchatError

if TYPE_CHECKING:
    from orchat.cli.output import Output

Which = Literal["first", "last"]


class NoCode(OrchatError):
    """The answer holds no code block."""


class Sink(Protocol):
    """Takes the text of one answer."""

    def prepare(self) -> None:
        """The answer is on its way."""
        ...

    async def write(self, text: str) -> None:
        """Take a piece of it."""
        ...

    async def end(self) -> None:
        """It is whole."""
        ...

    def break_off(self) -> None:
        """There will be no more of it; nothing here waits for a reader."""
        ...


class Plain:
    """The text as it comes, and a newline at its end where it has none."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def prepare(self) -> None:
        """Nothing is needed."""

    async def write(self, text: str) -> None:
        """Write it at once."""
        await self._output.stream(text)

    async def end(self) -> None:
        """End the last line."""
        await self._output.stream("\n" if self._output.in_line else "")

    def break_off(self) -> None:
        """End the last line, if somebody reads."""
        self._output.end_line_if_possible()


class Code:
    """One code block of the answer, without its fences.

    Args:
        output: Where it goes.
        which: The first one is written line by line as it comes; the last one when it is known to be the last.
    """

    def __init__(self, output: Output, which: Which) -> None:
        from orchat.domain.fences import CodeBlocks

        self._output = output
        self._blocks = CodeBlocks()
        self._is_last = which == "last"
        self._held: list[str] = []
        self._number = 1

    def prepare(self) -> None:
        """Nothing is needed."""

    async def write(self, text: str) -> None:
        """Write the lines of the first block, or keep those of the newest."""
        await self._take(self._blocks.feed(text))

    async def end(self) -> None:
        """Write what was kept.

        Raises:
            NoCode: There is none.
        """
        await self._take(self._blocks.finish())
        await self._output.stream("".join(self._held))
        if not self._blocks.count:
            raise NoCode(
                "there is no code block in the answer",
                hint="Without --extract the whole answer is printed; or ask for a code block.",
            )

    def break_off(self) -> None:
        """Lines that are whole were written; half a line of code is of no use."""

    async def _take(self, lines: list[tuple[int, str]]) -> None:
        if self._is_last:
            for number, line in lines:
                if number != self._number:
                    self._number = number
                    self._held.clear()
                self._held.append(line)
            return
        await self._output.stream("".join(line for number, line in lines if number == 1))


class Held:
    """The text as a whole, for somebody who has to look at it before it is shown."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._parts: list[str] = []

    @property
    def text(self) -> str:
        """What has come."""
        return "".join(self._parts)

    def prepare(self) -> None:
        """Nothing is needed."""

    async def write(self, text: str) -> None:
        """Keep it."""
        self._parts.append(text)

    async def end(self) -> None:
        """Show nothing yet."""

    def break_off(self) -> None:
        """Show what there is."""
        if self._parts and self._output.is_ready:
            self._output.write(self.text)
            self._output.end_line_if_possible()
