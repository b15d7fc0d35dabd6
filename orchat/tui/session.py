"""The conversation on the screen: what was said, what runs, what waits. It knows no widget."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from orchat.errors import KeyringUnavailable, NoKeys, OrchatError
from orchat.tui import changes
from orchat.tui.branches import Branches
from orchat.tui.changes import Change, Prompt
from orchat.tui.choices import Asked, Choices
from orchat.tui.entries import stored_problem_of, you_entry
from orchat.tui.keymap import USUAL, Keymap
from orchat.tui.problems import Problem
from orchat.tui.shown import Shown, number_of
from orchat.tui.transcript.entry import Entry
from orchat.tui.turns import Turns
from orchat.tui.waiting import Waiting

if TYPE_CHECKING:
    from orchat.chat.turn import Turn
    from orchat.domain.conversation import Conversation, StoredMessage
    from orchat.domain.money import Usage
    from orchat.domain.sessions import Transcript
    from orchat.runtime import Runtime
    from orchat.tui.answering import Answering
    from orchat.tui.turns import Start


class Session:
    """One conversation as it goes on.

    Args:
        runtime: The parts behind the screen; it need not have started yet.
        show: Told of every change, at once and in order.
        asked: How new conversations are asked.
        temporary: New conversations leave nothing on the disk.
        keymap: The keys that lead on where something went wrong.
    """

    def __init__(
        self,
        runtime: Runtime,
        show: Callable[[Change], None],
        *,
        asked: Asked | None = None,
        temporary: bool = False,
        keymap: Keymap = USUAL,
    ) -> None:
        self._runtime = runtime
        self._show = show
        self._asked: Answering | None = None
        self.choices = Choices(runtime, self, asked or Asked())
        """What the next request is asked with."""
        self._are_new_temporary = temporary
        self._is_new_temporary = temporary
        self._keymap = keymap
        self.shown = Shown(show, keymap)
        """The messages on the screen."""
        self._starts = Turns(runtime, self.shown)
        self.waiting = Waiting(show)
        """Prompts that go out when the running answer is over."""
        self.branches = Branches(runtime, self)
        """What can be done with them."""
        self.history: list[str] = []
        """What was asked in other sessions, oldest first."""
        self.conversation: Conversation | None = None
        """None until the first prompt is sent."""
        self.answer: StoredMessage | None = None
        """The last answer, as it was kept."""
        self.context: Usage | None = None
        """Tokens of the last answer whose tokens are known."""

    @property
    def model(self) -> str:
        """Id of the model that is asked next; empty while the default is not known."""
        return self.choices.model

    @property
    def title(self) -> str:
        """What the conversation is called; foreign text."""
        return self.conversation.title if self.conversation else ""

    @property
    def system(self) -> str | None:
        """The system prompt."""
        return self.choices.system

    @property
    def is_temporary(self) -> bool:
        """Whether nothing of it is on the disk, or will be."""
        if self.conversation is None:
            return self._is_new_temporary
        return self._runtime.conversations.is_temporary(self.conversation.id)

    @property
    def entries(self) -> list[Entry]:
        """What is shown, oldest first."""
        return self.shown.entries

    @property
    def turns(self) -> int:
        """Prompts on the path that is shown."""
        return sum(1 for entry in self.entries if entry.role == "you")

    @property
    def busy(self) -> bool:
        """Whether an answer runs."""
        return self._asked is not None and self._asked.is_running

    @property
    def problem(self) -> Problem | None:
        """What went wrong with the last answer."""
        return self._asked.problem if self._asked else None

    @property
    def prompts(self) -> list[str]:
        """What was asked before, in this session or another, oldest first; each text once."""
        own = [entry.source for entry in self.entries if entry.role == "you" and entry.source]
        newest = dict.fromkeys(reversed([*self.history, *own]))
        return list(reversed(newest))

    def use_default(self, model: str) -> None:
        """Name the model that answers where none was chosen."""
        self.choices.default_model = model
        self.tell()

    def tell(self) -> None:
        """Title, model or what it is asked with are others now."""
        self._show(changes.StateChanged())

    async def choose_model(self, model: str) -> None:
        """Ask this model from now on, and remember that it was chosen."""
        await self.choices.use_model(model)

    async def set_system(self, text: str) -> None:
        """Give the following turns a system prompt; an empty one takes it away."""
        await self.choices.use_system(text)

    async def rename(self, title: str) -> None:
        """Give the conversation a title.

        Raises:
            UsageError: The title is empty.
        """
        if self.conversation is not None:
            await self._runtime.conversations.rename(self.conversation.id, title)
            await self.reload()

    async def name(self) -> None:
        """Let a model name it after its first answer, where that is wanted."""
        present = self.conversation
        if present is None or self.turns != 1 or self.busy:
            return
        made = await self._runtime.conversations.make_title(present.id)
        if made and self.conversation is not None and self.conversation.id == present.id:
            await self.reload()

    async def open(self, id_or_prefix: str) -> None:
        """Show a kept conversation.

        Raises:
            NotFound: None, or more than one.
        """
        await self._runtime.start()
        found = await self._runtime.conversations.get(id_or_prefix)
        transcript = await self._runtime.conversations.transcript(found.id)
        self._forget()
        self.shown.replace(transcript)
        self._take(transcript)

    def begin_temporary(self) -> None:
        """Let the conversation that begins now leave nothing on the disk."""
        self._is_new_temporary = True
        self._show(changes.StateChanged())

    async def begin(self) -> str:
        """The id of the conversation; it begins now where it has not yet."""
        if self.conversation is None:
            service = self._runtime.conversations
            create = service.create_temporary if self._is_new_temporary else service.create
            self.conversation = await create(**self.choices.of_new())
        return self.conversation.id

    async def keep(self) -> None:
        """Keep a temporary conversation after all.

        Raises:
            UsageError: An answer still arrives in it.
        """
        self._is_new_temporary = self._are_new_temporary = False
        if self.conversation is not None:
            kept = await self._runtime.conversations.keep(self.conversation.id)
            # Its messages have other numbers now.
            await self.open(kept.id)
        self._show(changes.StateChanged())

    def reset(self) -> None:
        """Begin a new conversation; the chosen model stays."""
        self._is_new_temporary = self._are_new_temporary
        self.choices.keep_model()
        self._forget()
        self.shown.replace(None)
        self._show(changes.StateChanged())

    def adopt(self, transcript: Transcript) -> None:
        """Show the same conversation as it is now, unless an answer runs in it or another one is shown."""
        present = self.conversation
        if present is not None and present.id == transcript.conversation.id and not self.busy:
            if self.shown.adopt(transcript):
                self._take(transcript)
            self.conversation = transcript.conversation
            self._show(changes.StateChanged())

    def _take(self, transcript: Transcript) -> None:
        """What follows from the messages that are shown."""
        path = transcript.messages
        self.conversation = transcript.conversation
        self.answer = next((stored for stored in reversed(path) if stored.role == "assistant"), None)
        self.context = next((stored.usage for stored in reversed(path) if stored.usage), None)
        self._asked = self._last_asked()
        self._show(changes.StateChanged())

    def _forget(self) -> None:
        self.conversation = None
        self.answer = None
        self.context = None
        self._asked = None
        self.branches.deletion = None
        self.choices.begin_anew()

    def _last_asked(self) -> Answering | None:
        answer = self.shown.kept(self.entries[-1]) if self.entries else None
        you = self.shown.prompt_of(self.entries[-1]) if self.entries else None
        if answer is None or answer.role != "assistant" or you is None:
            return None
        problem = stored_problem_of(answer)
        prompt = Prompt(text=you.source)
        return self._answering(prompt, you, answer=self.entries[-1], prompt_id=answer.parent_id, problem=problem)

    def _answering(self, prompt: Prompt, you: Entry, **more: Any) -> Answering:
        from orchat.tui.answering import Answering

        return Answering(self._runtime, self._show, prompt=prompt, you=you, keymap=self._keymap, **more)

    async def converse(self, prompt: Prompt) -> None:
        """Ask, show the answer, then go on with what was queued meanwhile.

        A failed or stopped answer gives the queue back. Cancelling stops the answer; what arrived is kept.
        """
        following: Prompt | None = prompt
        try:
            while following is not None and await self._ask(following):
                following = self.waiting.take()
        finally:
            self.waiting.give_back()

    async def again(
        self,
        *,
        you: Entry | None = None,
        model: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        over_budget: bool = False,
    ) -> None:
        """Answer a prompt anew; its former answer stays in the store as a branch.

        Args:
            you: Shows the prompt; None: the last one.
            model: Ask this model, now and from now on.
            parameters: Fields of `ChatRequest` to set for this answer.
            over_budget: Send it although a budget is used up.
        """
        asked = self._asked
        if asked is None or self.busy:
            return
        if model is not None:
            await self.choose_model(model)
        prompt, prompt_id = asked.prompt, asked.prompt_id
        if you is not None:
            prompt, prompt_id = Prompt(text=you.source), number_of(you)
        you = you or asked.you
        self.shown.cut(self.shown.index(you) + 1)
        anew = self._answering(prompt, you, model=self.model, prompt_id=prompt_id)
        start = self._starts.sent(prompt) if prompt_id is None else self._starts.again(prompt_id)
        await self._answer(anew, start, parameters, over_budget=over_budget)

    async def edit(self, you: Entry, prompt: Prompt) -> None:
        """Say something else in the place of an earlier prompt; the old branch stays in the store.

        Args:
            you: Shows the earlier prompt, which is kept.
            prompt: What is said instead; the files of the earlier one go along.
        """
        before = self.shown.kept(you)
        if before is None or self.busy:
            return
        self.shown.cut(self.shown.index(you))
        said = you_entry(prompt, self._runtime.clock.now())
        self.shown.add(said)
        await self._answer(self._answering(prompt, said, model=self.model), self._starts.edited(before, prompt))

    async def go_on(self, answer: Entry) -> None:
        """Go on with an answer that was stopped or cut.

        Args:
            answer: Shows it; it is kept.
        """
        before, you = self.shown.kept(answer), self.shown.prompt_of(answer)
        if before is None or you is None or self.busy:
            return
        self.shown.cut(self.shown.index(answer))
        model = before.model or self.model
        asked = self._answering(Prompt(text=you.source), you, model=model, prompt_id=number_of(you), begun=before)
        await self._answer(asked, self._starts.rest(before))

    async def _answer(
        self, asked: Answering, start: Start, parameters: Mapping[str, Any] | None = None, *, over_budget: bool = False
    ) -> None:
        self._asked = asked
        try:
            await self._run(asked, start, parameters, over_budget=over_budget)
        finally:
            self.waiting.give_back()

    async def recheck(self) -> bool:
        """Ask the server about a key that was put aside; whether the last prompt may be sent again."""
        return self._asked is None or await self._asked.recheck()

    async def _ask(self, prompt: Prompt) -> bool:
        if prompt.text and not self.is_temporary:
            self.history.append(prompt.text)
        you = you_entry(prompt, self._runtime.clock.now())
        self.shown.add(you)
        if self._asked is not None:
            self._asked.retire()
        self._asked = self._answering(prompt, you, model=self.model)
        return await self._run(self._asked, self._starts.sent(prompt), None)

    async def _run(
        self, asked: Answering, start: Start, parameters: Mapping[str, Any] | None, *, over_budget: bool = False
    ) -> bool:
        """One answer, whatever happens to it; whether it came whole."""
        self.shown.add(asked.answer)
        self._show(changes.StateChanged())
        try:
            return await asked.run(partial(self._begin_turn, asked, start, parameters, over_budget))
        except (NoKeys, KeyringUnavailable) as error:
            self._unsay(asked, error)
            if self.conversation is not None:
                self.adopt(await self._runtime.conversations.transcript(self.conversation.id))
            return False
        finally:
            if asked.stored is not None:
                self.shown.keep(asked.stored, None)
            self.answer = (asked.stored if asked.was_sent else None) or self.answer
            self.context = (asked.stored.usage if asked.stored else None) or self.context
            self._show(changes.StateChanged())

    async def _begin_turn(
        self, asked: Answering, start: Start, parameters: Mapping[str, Any] | None, over_budget: bool
    ) -> Turn:
        service = self._runtime.conversations
        wish = self.choices.wish(parameters, over_budget=over_budget)
        turn = await start(await self.begin(), wish)
        asked.began(turn)
        self.shown.keep(turn.prompt, await service.branch(turn.conversation_id, turn.prompt.id))
        self.shown.place(turn.answer_id, await service.branch(turn.conversation_id, turn.answer_id))
        await self.reload()
        return turn

    def _unsay(self, asked: Answering, error: OrchatError) -> None:
        """Without a key nothing was said: the prompt goes back to where it came from."""
        self.shown.take_away(asked.answer)
        if asked.prompt_id is None:
            self.shown.take_away(asked.you)
            self._show(changes.GivenBack(prompts=(asked.prompt,)))
        self._asked = None
        self._show(changes.KeyNeeded(reason=error.message, is_unreadable=isinstance(error, KeyringUnavailable)))

    def counts(self, now: float) -> bool:
        """Whether an answer runs, or a limit is counted down.

        Args:
            now: Epoch seconds.
        """
        return self.busy or (self._asked is not None and self._asked.is_waiting(now))

    def tick(self) -> None:
        """A second went by: count up what runs, count down what waits."""
        if self._asked is not None:
            self._asked.tick()

    async def reload(self) -> None:
        """Read title, model and system prompt again."""
        assert self.conversation is not None
        self.conversation = await self._runtime.conversations.get(self.conversation.id)
        self._show(changes.StateChanged())
