"""The demo model that fails on demand: which word of a prompt leads to which failure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchat.demo import prompts
from orchat.demo.answer import Say, Step
from orchat.demo.faults import FAULTS, fault
from orchat.demo.script import cut_after, empty200, error_event, html200, raw, say, stall

TEXT = (
    "This answer begins like any other. It has a first sentence, and a second one, and while you read them everything "
    "looks well. Then, somewhere in the middle of the third,"
)
HALF = 90
"""Characters that arrive before an answer breaks."""

_SPEED: Mapping[str, Any] = {"first_token_s": 0.4, "tokens_per_s": 60.0}

WORDS: Mapping[str, tuple[str, Step]] = {
    "401": ("the key is unknown", fault("401-bad-key")),
    "402": ("the account has no credits", fault("402-insufficient-credits")),
    "afford": ("too few credits for so many tokens", fault("402-max-tokens")),
    "403": ("the key's limit is used up", fault("403-key-limit")),
    "moderation": ("the prompt was flagged", fault("403-moderation")),
    "404": ("no provider is left", fault("404-no-endpoints")),
    "408": ("the request timed out", fault("408")),
    "413": ("the request is too large", fault("413-html")),
    "429": ("the provider is busy, try again in a second", fault("429-retry-after")),
    "daily": ("the free requests of the day are used up", fault("429-free-daily")),
    "minute": ("the free requests of the minute are used up", fault("429-free-per-minute")),
    "capacity": ("all providers are busy for 40 seconds", fault("429-capacity")),
    "500": ("the server failed", fault("500")),
    "502": ("the provider failed", fault("502")),
    "503": ("no provider is there, try again in two seconds", fault("503-retry-after")),
    "504": ("the provider timed out", fault("504")),
    "524": ("the edge timed out", fault("524")),
    "529": ("the provider is overloaded", fault("529")),
    "context": ("the prompt is too long", fault("400-context-length")),
    "cut": ("the connection closes in the middle", cut_after(HALF, text=TEXT, **_SPEED)),
    "reset": ("the connection is reset in the middle", cut_after(HALF, how="rst", text=TEXT, **_SPEED)),
    "early": (
        "the stream ends without saying so",
        say(TEXT, finish_chunk=False, done=False, usage_shape="absent", **_SPEED),
    ),
    "stall": ("the answer stops coming", stall(stage="body", text=TEXT, comments=1, **_SPEED)),
    "silence": ("nothing comes at all", stall(stage="headers")),
    "error": ("an error in the middle of the answer", error_event("middle", text=TEXT, **_SPEED)),
    "only": ("an error instead of an answer, with status 200", error_event("only", shape="empty_choices")),
    "html": ("a web page instead of an answer", html200()),
    "empty": ("an empty answer", empty200()),
    "garbage": ("bytes that are not HTTP", raw(b"\x00\xff this is not HTTP\r\n\r\n", framing="wire")),
    "length": ("the answer is cut by its token limit", say(TEXT, finish="length", **_SPEED)),
    "refuse": ("the content filter stops the answer", say(TEXT, finish="content_filter", **_SPEED)),
}
"""Word to what happens and the step that does it."""


def answer(body: prompts.Body) -> Step:
    """The failure that the prompt asks for, or an answer that says which there are.

    Args:
        body: The chat request.

    Returns:
        The step.
    """
    for word in prompts.words(prompts.last_user(body)):
        if word in WORDS:
            return WORDS[word][1]
        if word in FAULTS:
            return FAULTS[word]
    return Say(text=manual(), **_SPEED)


def manual() -> str:
    """Which words the model understands."""
    rows = [f"| `{word}` | {what} |" for word, (what, _) in WORDS.items()]
    names = ", ".join(f"`{name}`" for name in FAULTS)
    return "\n".join(
        [
            "I am the *demo model that fails*. Say one of these words and I will:\n",
            "| Say | What happens |",
            "|-----|--------------|",
            *rows,
            "",
            f"The exact errors of the API work too: {names}.\n",
        ]
    )
