"""Every command of the screen, once: keys, footer, palette, ``/`` completion and help are made from this table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scope = Literal["app", "chat", "transcript", "message"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One thing a person can do."""

    id: str
    """What it is called in ``[keymap]``."""
    title: str
    """One or two words for the footer."""
    about: str
    """What it does, for palette, completion and help."""
    keys: str = ""
    """Keys as Textual writes them, separated by commas; may be empty."""
    slash: str = ""
    """Name after the slash; empty: none."""
    argument: str = ""
    """What follows the name, as shown in help; empty: nothing."""
    scope: Scope = "chat"
    """``app``: everywhere; ``chat``: on the chat screen; ``transcript``: while the conversation has the focus;
    ``message``: while one of its messages is marked."""
    footer: bool = False
    """Shown in the line at the bottom."""


COMMANDS: tuple[Command, ...] = (
    Command(
        id="model",
        title="model",
        about="Choose the model",
        keys="ctrl+o",
        slash="model",
        argument="[PART]",
        footer=True,
    ),
    Command(
        id="sessions",
        title="sessions",
        about="Find, resume, pin, export or delete a session",
        keys="ctrl+r",
        slash="sessions",
        footer=True,
    ),
    Command(
        id="attach",
        title="attach",
        about="Attach pictures, PDF documents or text files",
        keys="ctrl+t",
        slash="attach",
        argument="[PATH]",
        footer=True,
    ),
    Command(id="new", title="new", about="Start a new session", keys="ctrl+n", slash="new", footer=True),
    Command(
        id="usage", title="usage", about="What was sent and what it cost", keys="ctrl+u", slash="usage", footer=True
    ),
    Command(
        id="keys",
        title="keys",
        about="See, use, add, test and remove keys",
        keys="ctrl+k",
        slash="keys",
        footer=True,
    ),
    Command(
        id="editor",
        title="editor",
        about="Write the prompt in $EDITOR; it comes back and is not sent",
        keys="ctrl+g",
        slash="editor",
    ),
    Command(id="stop", title="stop", about="Clear the queue, then stop the answer", keys="escape", slash="stop"),
    Command(id="retry", title="retry", about="Answer the last prompt again", slash="retry"),
    Command(id="copy", title="copy", about="Copy the marked message, or the last answer", slash="copy"),
    Command(
        id="system",
        title="system prompt",
        about="Set the system prompt; without a text, remove it",
        slash="system",
        argument="[TEXT]",
    ),
    Command(
        id="settings",
        title="settings",
        about="What this session is asked with",
        keys="f2",
        slash="settings",
    ),
    Command(
        id="persona",
        title="persona",
        about="Let a persona of the settings answer, or none",
        slash="persona",
        argument="[NAME]",
    ),
    Command(
        id="temperature",
        title="temperature",
        about="How freely the model chooses its words, 0 to 2",
        slash="temperature",
        argument="[NUMBER]",
    ),
    Command(
        id="max_tokens",
        title="max tokens",
        about="Most tokens of an answer, thoughts included",
        slash="max-tokens",
        argument="[NUMBER]",
    ),
    Command(id="effort", title="effort", about="How much the model may think", slash="effort", argument="[EFFORT]"),
    Command(id="web", title="web search", about="Let the model search the web", slash="web", argument="[on|off]"),
    Command(
        id="provider",
        title="provider",
        about="Who may serve: order=openai,azure sort=price …",
        slash="provider",
        argument="[NAME=VALUE]",
    ),
    Command(
        id="set",
        title="set",
        about="Set any field of a request; `default` takes it away",
        slash="set",
        argument="[NAME VALUE]",
    ),
    Command(id="rename", title="rename", about="Give this session a title", slash="rename", argument="TITLE"),
    Command(
        id="temp", title="temporary session", about="Begin a session that leaves nothing on the disk", slash="temp"
    ),
    Command(id="keep", title="keep", about="Keep this temporary session after all", slash="keep"),
    Command(id="key", title="key", about="Paste another key", slash="key"),
    Command(id="login", title="sign in", about="Sign in with OpenRouter for a key", slash="login"),
    Command(id="theme", title="theme", about="Choose the colours", slash="theme", argument="[NAME]"),
    Command(id="sidebar", title="sidebar", about="Show or hide the figures", keys="ctrl+b", slash="sidebar"),
    Command(id="focus", title="conversation", about="Go to the conversation, and back", keys="f6"),
    Command(
        id="paste_picture",
        title="paste a picture",
        about="Attach the picture on the clipboard",
        keys="ctrl+v",
        slash="paste",
    ),
    Command(
        id="attached",
        title="attached",
        about="Go to what is attached: look at it, move it, remove it",
        keys="f8",
        slash="attached",
    ),
    Command(
        id="previous_message",
        title="message",
        about="Mark the message before, to do something with it",
        keys="alt+up",
    ),
    Command(id="next_message", title="next message", about="Mark the message after", keys="alt+down"),
    Command(id="bottom", title="end", about="Go to the newest line", keys="end", slash="end", scope="transcript"),
    Command(
        id="copy_answer",
        title="copy",
        about="Copy the marked message, or the last answer",
        keys="c",
        scope="transcript",
    ),
    Command(
        id="copy_code",
        title="copy code",
        about="Copy a code block of it",
        keys="y",
        slash="code",
        argument="[NUMBER]",
        scope="transcript",
    ),
    Command(id="again", title="again", about="Answer its prompt again, or the last one", keys="r", scope="transcript"),
    Command(
        id="again_with",
        title="other model",
        about="Answer it again with another model",
        keys="R",
        slash="again",
        argument="[MODEL]",
        scope="transcript",
    ),
    Command(
        id="compare",
        title="compare",
        about="Let two to four models answer side by side",
        keys="f7",
        slash="compare",
        argument="[MODEL …]",
    ),
    Command(
        id="ocr",
        title="read pages",
        about="Read the text of pictures and documents, page by page",
        slash="ocr",
        argument="[-m MODEL] [PATH …]",
    ),
    Command(
        id="edit",
        title="edit",
        about="Edit the prompt and send it again, as a new branch",
        keys="e",
        slash="edit",
        scope="message",
    ),
    Command(
        id="go_on",
        title="go on",
        about="Go on with an answer that was stopped or cut",
        keys="g",
        slash="continue",
        scope="message",
    ),
    Command(
        id="previous_branch",
        title="branch",
        about="Show the branch before",
        keys="left",
        slash="branch-back",
        scope="message",
    ),
    Command(
        id="next_branch",
        title="next branch",
        about="Show the branch after, or one by its number",
        keys="right",
        slash="branch",
        argument="[NUMBER]",
        scope="message",
    ),
    Command(
        id="files",
        title="files",
        about="Look at its pictures and files",
        keys="enter",
        slash="files",
        scope="message",
    ),
    Command(
        id="save_files",
        title="save",
        about="Save its pictures and files",
        keys="s",
        slash="save",
        argument="[FOLDER]",
        scope="message",
    ),
    Command(
        id="fork",
        title="fork",
        about="Go on from here in a session of its own",
        keys="f",
        slash="fork",
        scope="message",
    ),
    Command(
        id="delete",
        title="delete",
        about="Delete the message and everything after it",
        keys="d",
        slash="delete",
        scope="message",
    ),
    Command(
        id="restore",
        title="undo",
        about="Bring back what was deleted last",
        keys="u",
        slash="undo",
        scope="transcript",
    ),
    Command(
        id="details",
        title="details",
        about="Provider, tokens, cost, times, key of a message",
        keys="i",
        slash="details",
        scope="message",
    ),
    Command(
        id="lower",
        title="lower max tokens",
        about="Lower max tokens to what balance or budget covers",
        keys="l",
        slash="lower",
        scope="transcript",
    ),
    Command(
        id="over_budget",
        title="send anyway",
        about="Send what a budget of yours held back",
        keys="b",
        slash="anyway",
        scope="transcript",
    ),
    Command(
        id="next_key",
        title="next key",
        about="Go on with the next key; what failed is sent again",
        keys="n",
        slash="next",
        scope="transcript",
    ),
    Command(id="new_key", title="other key", about="Paste another key", keys="k", scope="transcript"),
    Command(
        id="palette",
        title="commands",
        about="Every command, by name",
        keys="ctrl+p",
        scope="app",
        footer=True,
    ),
    Command(id="help", title="help", about="Keys and commands", keys="f1", slash="help", scope="app", footer=True),
    Command(id="quit", title="leave", about="Leave; everything is saved", keys="ctrl+q", slash="quit", scope="app"),
)
"""In the order of the footer and of help."""

BY_ID: dict[str, Command] = {command.id: command for command in COMMANDS}
BY_SLASH: dict[str, Command] = {command.slash: command for command in COMMANDS if command.slash}


def scoped(scope: Scope) -> tuple[Command, ...]:
    """The commands of one scope."""
    return tuple(command for command in COMMANDS if command.scope == scope)
