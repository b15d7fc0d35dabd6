"""The shape that all dialogs share: a panel over the dimmed screen, Esc goes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.css.query import NoMatches
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from orchat.domain.clean import clean_line
from orchat.tui.lines import DIM, ERROR, spread

T = TypeVar("T")


def soon(screen: Screen[Any], show: Callable[[], object]) -> None:
    """Show something after the next frame, unless the screen is closed by then: keys may be quicker.

    Args:
        screen: What is shown on.
        show: Asks for its widgets.
    """

    def still() -> None:
        try:
            show()
        except NoMatches:
            if screen in screen.app.screen_stack:
                raise

    screen.call_after_refresh(still)


class TitleLine(Static):
    """A dialog's first line: its name, and facts at the right end."""

    DEFAULT_CSS = """
    TitleLine { height: 1; }
    """

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title
        self._facts = Content("")

    def rename(self, title: str) -> None:
        """Say another name; cleaned where it is foreign."""
        self._title = title
        self.refresh()

    def set_facts(self, facts: str | Content) -> None:
        """Say something at the right end."""
        self._facts = Content.styled(facts, "$dim") if isinstance(facts, str) else facts
        self.refresh()

    def render(self) -> Content:
        """One line."""
        return spread(Content.styled(self._title, "bold"), self._facts, self.content_size.width)


class NoteLine(Static):
    """What happened or went wrong, in up to two lines; gone while there is nothing to say."""

    DEFAULT_CSS = """
    NoteLine { height: auto; max-height: 2; display: none; }
    NoteLine.-filled { display: block; }
    """

    def say(self, words: str, *, is_error: bool = False) -> None:
        """Say something, or nothing any more.

        Args:
            words: May be foreign; empty for nothing.
            is_error: Whether something went wrong.
        """
        self.update(Content.styled(clean_line(words, 300), ERROR if is_error else DIM))
        self.set_class(bool(words), "-filled")


class Dialog(ModalScreen[T]):
    """A panel in the middle of the screen; it fills a small one."""

    DEFAULT_CSS = """
    Dialog {
        align: center middle;
        background: $background 60%;
        & > #panel {
            width: 90%;
            max-width: 118;
            height: 80%;
            max-height: 36;
            padding: 1 2;
            background: $surface;
            border: round $line;
        }
        & > #panel.-small { width: 64; max-width: 96%; height: auto; max-height: 90%; }
        & Input {
            border: none;
            height: 1;
            padding: 0;
            background: transparent;
            &:focus { border: none; }
            & > .input--placeholder { color: $faint; }
        }
        & .ask { height: 1; margin: 1 0; }
        & .ask > Static { width: 2; color: $accent; text-style: bold; }
        & .foot { height: auto; margin-top: 1; }
    }
    Dialog.-narrow > #panel, Dialog.-low > #panel { width: 100%; height: 100%; max-height: 100%; padding: 0 1; }
    Dialog.-narrow > #panel.-small, Dialog.-low > #panel.-small { width: 100%; height: auto; padding: 0 1; }
    Dialog.-low .ask { margin: 0; }
    Dialog.-low .foot { margin-top: 0; }
    """
    BINDINGS = [Binding("escape", "back", "Back", show=False)]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (22, "-high")]

    SMALL = False
    """As high as its content instead of as high as the screen."""

    def compose(self) -> ComposeResult:
        """The panel around what a subclass puts into it."""
        with Vertical(id="panel", classes="-small" if self.SMALL else ""):
            yield from self.content()

    def content(self) -> ComposeResult:
        """What stands in the panel."""
        raise NotImplementedError

    def action_back(self) -> None:
        """Leave without an answer."""
        self.dismiss(None)
