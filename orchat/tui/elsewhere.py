"""The keys of the screens and dialogs that lie over the chat, once: bindings, key rows, help and the manual use them.

Nothing of it is needed before one of them is opened, or somebody has keys of their own for them.
"""

from __future__ import annotations

from dataclasses import dataclass

from orchat.tui.keynames import is_written

_LIST = frozenset(
    {"up", "down", "pageup", "pagedown", "home", "end", "tab", "shift+tab", "enter", "ctrl+c"},
)
"""What moving in a list or a text needs."""
_LINE = _LIST | frozenset(
    {
        *("left", "right", "backspace", "delete", "ctrl+backspace", "ctrl+delete"),
        *(f"ctrl+{letter}" for letter in "aeuvwx"),
        *(f"{modifier}+{key}" for modifier in ("shift", "ctrl") for key in ("left", "right", "home", "end")),
    }
)
"""What a line to write in needs besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceKey:
    """One thing a key does in a place."""

    id: str
    """What it is called in ``[keymap]``; begins with the place."""
    action: str
    """What Textual carries out."""
    about: str
    """What it does, for help."""
    keys: str
    """Keys as Textual writes them, separated by commas."""
    priority: bool = False
    """Before what has the focus."""
    over_text: bool = False
    """Also while something is written, and so never a character."""
    is_way_back: bool = False
    """It leads back, and cannot be without a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A screen or dialog over the chat."""

    id: str
    """Begins the ids of its keys."""
    title: str
    """For help and the manual."""
    command: str
    """The command that opens it."""
    where: str
    """For whoever gives a key twice."""
    keys: tuple[PlaceKey, ...]
    """In the order of help."""
    needed: frozenset[str] = _LIST
    """Keys that something in it needs, unless they are usual for one of its own."""

    def refusal(self, wanted: PlaceKey, key: str) -> str:
        """Why something cannot have a key here; empty when it can."""
        if key in wanted.keys.split(","):
            return ""
        if key == "escape":
            return "closes and stops"
        if wanted.over_text and is_written(key):
            return "is needed for writing"
        is_theirs = any(key in other.keys.split(",") for other in self.keys)
        return "is needed there" if key in self.needed and not is_theirs else ""


def _key(id: str, action: str, keys: str, about: str) -> PlaceKey:
    """A key that counts while nothing is written."""
    return PlaceKey(id=id, action=action, keys=keys, about=about)


def _over(id: str, action: str, keys: str, about: str) -> PlaceKey:
    """A key beside a line to write in."""
    return PlaceKey(id=id, action=action, keys=keys, about=about, priority=True, over_text=True)


ELSEWHERE: tuple[Place, ...] = (
    Place(
        id="compare",
        title="Comparing models",
        command="compare",
        where="in the comparison",
        keys=(
            PlaceKey(
                id="compare_stop",
                action="stop",
                keys="escape",
                about="Stop this answer; where it is over, go back",
                is_way_back=True,
            ),
            _key("compare_use", "use", "enter,u", "Go on with this answer and its model"),
            _key("compare_before", "step(-1)", "left", "Go to the answer before"),
            _key("compare_after", "step(1)", "right", "Go to the answer after"),
            _key("compare_copy", "copy", "c", "Copy the answer"),
            _key("compare_copy_code", "copy_code", "y", "Copy a code block of it"),
            _key("compare_again", "again", "r", "Ask this model once more"),
            _key("compare_next_key", "next_key", "n", "Ask again with the next key, where one can no longer serve"),
            _key("compare_anyway", "anyway", "b", "Send what a budget of yours held back"),
        ),
        needed=_LIST | frozenset("1234"),
    ),
    Place(
        id="ocr",
        title="Reading pages",
        command="ocr",
        where="on the screen of pages",
        keys=(
            PlaceKey(
                id="ocr_stop",
                action="stop",
                keys="escape",
                about="Stop reading; where nothing is read, go back",
                is_way_back=True,
            ),
            _key("ocr_again", "again", "r", "Read on, and what could not be read once more"),
            _key("ocr_picture", "picture", "p", "Look at the page, as large as the screen"),
            _key("ocr_copy", "copy", "c", "Copy the text of the page"),
            _key("ocr_edit", "edit", "e", "Correct the text of the page"),
            _over("ocr_keep", "keep", "ctrl+s", "Keep the text as it was corrected"),
            _key("ocr_export", "export", "x", "Write the text of all pages into a file"),
        ),
    ),
    Place(
        id="usage",
        title="Usage",
        command="usage",
        where="in the usage",
        keys=(
            PlaceKey(id="usage_fewer", action="days(-1)", keys="left", about="Fewer days", priority=True),
            PlaceKey(id="usage_more", action="days(1)", keys="right", about="More days", priority=True),
            PlaceKey(id="usage_next", action="section(1)", keys="tab", about="The next table", priority=True),
            PlaceKey(
                id="usage_previous", action="section(-1)", keys="shift+tab", about="The table before", priority=True
            ),
            PlaceKey(
                id="usage_export", action="export", keys="ctrl+s", about="Write all figures into a file", priority=True
            ),
        ),
    ),
    Place(
        id="keys",
        title="Keys of OpenRouter",
        command="keys",
        where="in the list of keys",
        keys=(
            _key("keys_add", "add", "a", "Paste another key"),
            _key("keys_sign_in", "sign_in", "s", "Sign in for another key"),
            _key("keys_test", "test", "t", "Test the key"),
            _key("keys_test_all", "test_all", "T", "Test all keys"),
            _key("keys_able", "able", "e", "Enable or disable the key"),
            _key("keys_earlier", "shift(-1)", "less_than_sign,shift+up", "Move the key up"),
            _key("keys_later", "shift(1)", "greater_than_sign,shift+down", "Move the key down"),
            _key("keys_rename", "rename", "r,f2", "Give the key another name"),
            _key("keys_remove", "remove", "x,delete,ctrl+d", "Remove the key"),
        ),
    ),
    Place(
        id="sessions",
        title="Sessions",
        command="sessions",
        where="in the list of sessions",
        keys=(
            _over("sessions_rename", "rename", "f2", "Give the session a title"),
            _over("sessions_pin", "pin", "ctrl+t", "Pin the session, or no longer"),
            _over("sessions_duplicate", "duplicate", "ctrl+y", "Make a second one of the session"),
            _over("sessions_fork", "fork", "ctrl+f", "Go on from what was found in a session of its own"),
            _over("sessions_export", "export", "ctrl+s", "Write the session into a file"),
            _over("sessions_delete", "delete", "ctrl+d", "Delete the session"),
            _over("sessions_undo", "undo", "ctrl+z", "Bring back what was deleted last"),
            _over("sessions_deleted", "deleted", "tab", "The sessions that were deleted"),
            _over("sessions_keep", "keep", "ctrl+k", "Keep the temporary session after all"),
        ),
        needed=_LINE,
    ),
    Place(
        id="models",
        title="Models",
        command="model",
        where="in the list of models",
        keys=(
            _over("models_details", "details", "ctrl+d", "Description, limits, prices and providers"),
            _over("models_favourite", "favourite", "ctrl+f", "Make the model a favourite, or no longer"),
            _over("models_sort", "sort", "ctrl+s", "The next order"),
        ),
        needed=_LINE,
    ),
    Place(
        id="attach",
        title="Attaching files",
        command="attach",
        where="where files are attached",
        keys=(
            _over("attach_now", "attach", "ctrl+t", "Attach what is chosen, or what is looked at"),
            _over("attach_clipboard", "clipboard", "ctrl+v", "Attach the picture on the clipboard"),
            _over("attach_recent", "recent", "ctrl+r", "Show the folders that were used before"),
            _over("attach_hidden", "hidden", "f2", "Show hidden files, or no longer"),
        ),
        needed=_LINE,
    ),
    Place(
        id="preview",
        title="Looking at files",
        command="attached",
        where="where files are looked at",
        keys=(
            _key("preview_before", "go(-1)", "left,pageup", "The file before"),
            _key("preview_after", "go(1)", "right,pagedown,space", "The file after"),
            _key("preview_save", "save", "s", "Save a copy"),
            _key("preview_open", "open", "o", "Open it in another program"),
            _key("preview_sharpen", "sharpen", "f", "Show the picture in the terminal's own pixels"),
            _key("preview_write", "write_out", "w", "Write the paste into the text instead"),
        ),
        needed=_LIST | {"q"},
    ),
    Place(
        id="settings",
        title="Settings of the session",
        command="settings",
        where="in the settings of the session",
        keys=(
            _key("settings_usual", "usual", "d,delete", "Take away what is set"),
            _key("settings_add", "add", "a", "Set something that has no line yet"),
        ),
    ),
)
"""In the order of help."""

BY_PLACE: dict[str, Place] = {place.id: place for place in ELSEWHERE}
KEYS: dict[str, PlaceKey] = {key.id: key for place in ELSEWHERE for key in place.keys}
