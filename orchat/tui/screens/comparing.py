"""The command that compares models: which, on what prompt, and what is shown afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchat.dispatch.pricing import TOKENS_PER_IMAGE, tokens_of
from orchat.errors import OrchatError
from orchat.tui.attached import tokens_of as tokens_of_files
from orchat.tui.branches import must_be_idle
from orchat.tui.changes import Prompt
from orchat.tui.shown import number_of
from orchat.tui.turns import Turns

if TYPE_CHECKING:
    from orchat.chat.turn import Turn
    from orchat.domain.catalog import Pricing
    from orchat.tui.comparing import Contest
    from orchat.tui.screens.chat import ChatScreen
    from orchat.tui.transcript.entry import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The prompt that models are compared on."""

    prompt: Prompt
    """What is asked."""
    prompt_id: int | None
    """Its number, if it was kept before."""
    tokens: int
    """What is sent, about."""


async def compare(screen: ChatScreen, argument: str) -> None:
    """Let two to four models answer what is in the composer, or else the marked or the last prompt."""
    must_be_idle(screen.session)
    screen.editing.must_be_over()
    await screen.runtime.start()
    asked = await _asked(screen)
    if asked is None or not await screen.has_key():
        return
    models = await _models(screen, argument, asked)
    if models:
        await _contend(screen, asked, models)


# ---- what is asked ----


async def _asked(screen: ChatScreen) -> _Asked | None:
    marked = screen.transcript.marked
    prompt = screen.composer.prompt
    if marked is None and not prompt.is_empty and not prompt.text.startswith("/"):
        return _Asked(prompt=prompt, prompt_id=None, tokens=_tokens(screen, screen.session.entries, prompt))
    entries = screen.session.entries
    last = marked or (entries[-1] if entries else None)
    you = screen.session.shown.prompt_of(last) if last is not None else None
    if you is not None and number_of(you) is not None:
        said = entries[: screen.session.shown.index(you) + 1]
        return _Asked(prompt=Prompt(text=you.source), prompt_id=number_of(you), tokens=_tokens(screen, said))
    from orchat.tui.screens.confirm import AskLine

    text = await screen.app.push_screen_wait(AskLine("What shall they answer?", yes="go on")) or ""
    if not text.strip():
        return None
    prompt = Prompt(text=text)
    return _Asked(prompt=prompt, prompt_id=None, tokens=_tokens(screen, entries, prompt))


def _tokens(screen: ChatScreen, said: Sequence[Entry], prompt: Prompt | None = None) -> int:
    """About how many tokens some messages are, with what is said next."""
    kept = [screen.session.shown.kept(entry) for entry in said]
    files = [file for message in kept if message is not None for file in message.attachments]
    pictures = [file for file in files if file.mime.startswith("image/")]
    characters = sum(len(entry.source) for entry in said) + len(screen.session.system or "")
    characters += sum(file.size for file in files if file.mime.startswith("text/"))
    count = tokens_of(characters) + TOKENS_PER_IMAGE * len(pictures)
    if prompt is not None:
        count += tokens_of(len(prompt.text) + sum(map(len, prompt.pastes))) + tokens_of_files(prompt.files)
    return count


# ---- who is asked ----


async def _models(screen: ChatScreen, argument: str, asked: _Asked) -> tuple[str, ...]:
    """Those that were named, if each name fits one; else those that are marked in a list."""
    from orchat.chat.service import MOST_COMPARED
    from orchat.store import settings
    from orchat.tui.listing import meant
    from orchat.tui.screens.several import LEAST, Several
    from orchat.tui.tally import projected

    runtime = screen.runtime
    known = await runtime.models.known()
    named = [(part, meant(part, known)) for part in argument.split()]
    found = list(dict.fromkeys(id for _, id in named if id))
    unclear = next((part for part, id in named if not id), "")
    if LEAST <= len(found) <= MOST_COMPARED and not unclear:
        return tuple(found)
    db = runtime.parts.db
    last = await db.read(settings.compared)
    usual = (screen.session.model, *await db.read(settings.favourites), *await db.read(settings.recents))
    chosen = found[:MOST_COMPARED] or last or [id for id in dict.fromkeys(usual) if id][:LEAST]

    def estimate(prices: Sequence[Pricing | None]) -> str:
        return projected(prices, asked.tokens, at=runtime.clock.now())

    dialog = Several(runtime, chosen=chosen, text=unclear, estimate=estimate)
    is_sure = await screen.app.push_screen_wait(dialog)
    return tuple(dialog.chosen) if is_sure else ()


# ---- how it goes ----


async def _contend(screen: ChatScreen, asked: _Asked, models: tuple[str, ...]) -> None:
    from orchat.store import settings
    from orchat.tui.comparing import Contest
    from orchat.tui.screens.compare import CompareScreen

    runtime, session = screen.runtime, screen.session
    await runtime.parts.db.write(settings.note_compared, models)
    found = [await runtime.models.find(id) for id in models]
    contest = Contest(
        models=models,
        prompt=asked.prompt,
        prices=tuple(model.pricing if model else None for model in found),
        prompt_tokens=asked.tokens,
        wish=session.choices.wish(None, over_budget=False),
    )
    turns = await _turns(screen, asked, contest)
    dialog = CompareScreen(runtime, contest, turns, keymap=screen.keymap)
    chosen = await screen.app.push_screen_wait(dialog)
    transcript = await dialog.comparing.close(chosen)
    session.adopt(transcript)
    if chosen is not None:
        await session.choose_model(models[chosen])
    await screen.take_key()
    await session.name()


async def _turns(screen: ChatScreen, asked: _Asked, contest: Contest) -> tuple[Turn, ...]:
    """The prompt and an empty answer of each model are kept; what was in the composer is not there any more."""
    session = screen.session
    if asked.prompt_id is not None:
        start = Turns(screen.runtime, session.shown).compared_again(asked.prompt_id, contest.models)
        return await start(await session.begin(), contest.wish)
    if screen.composer.prompt == asked.prompt:
        screen.composer.replace(Prompt(text=""))
    screen.keep_draft()
    try:
        start = Turns(screen.runtime, session.shown).compared(asked.prompt, contest.models)
        turns = await start(await session.begin(), contest.wish)
    except OrchatError:
        screen.give_back(asked.prompt)
        raise
    if asked.prompt.text and not session.is_temporary:
        session.history.append(asked.prompt.text)
    return turns


COMPARE_ACTIONS = {"compare": compare}
"""By the id of the command."""
