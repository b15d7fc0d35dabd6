"""Prompts and answers that follow each other: in a session, or in memory alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from orchat.errors import NotFound

if TYPE_CHECKING:
    from orchat.cli.answer import Answer
    from orchat.cli.question import Question
    from orchat.config import PersonaSettings
    from orchat.domain.content import Message, Part
    from orchat.domain.conversation import Attachment, Conversation
    from orchat.runtime import Runtime


class Exchange(Protocol):
    """Where something can be asked, and asked again."""

    async def put(self, prompt: str, answer: Answer) -> None:
        """Ask, with all that was said before; `answer` follows what comes."""
        ...


def begin(runtime: Runtime, question: Question) -> Exchange:
    """The exchange that a question begins, or goes on with."""
    return Remembered(runtime, question) if question.save else Forgotten(runtime, question)


class Forgotten:
    """Nothing of it is kept but the figures."""

    def __init__(self, runtime: Runtime, question: Question) -> None:
        from orchat.domain.content import ImagePart, message

        self._runtime = runtime
        self._question = question
        self._parameters = question.parameters
        if question.worn is not None and question.worn.parameters:
            from orchat.domain.parameters import merged

            self._parameters = merged(question.worn.parameters, question.parameters)
        self._said: tuple[Message, ...] = (message("system", question.system),) if question.system else ()
        self._parts: list[Part] = [
            *(document.part for document in question.documents),
            *(picture if isinstance(picture, ImagePart) else picture.part for picture in question.pictures),
        ]

    async def put(self, prompt: str, answer: Answer) -> None:
        """Ask; files go with the first prompt."""
        from orchat.dispatch.dispatcher import Circumstances
        from orchat.domain.content import Message, TextPart, message
        from orchat.domain.request import ChatRequest

        question = self._question
        self._said = (*self._said, message("user", prompt, *self._parts))
        self._parts = []
        request = ChatRequest(messages=self._said, model=question.model)
        around = Circumstances(
            fallbacks=question.fallbacks, use_cache=question.use_cache, over_budget=question.over_budget
        )
        async with self._runtime.dispatcher.stream(replace(request, **self._parameters), around) as stream:
            await answer.follow(stream)
        # What was parsed goes back, or the next prompt would pay for it again.
        said = Message(role="assistant", content=(TextPart(text=answer.text),), annotations=answer.annotations)
        self._said = (*self._said, said)


class Remembered:
    """A session."""

    def __init__(self, runtime: Runtime, question: Question) -> None:
        self._runtime = runtime
        self._question = question
        self._conversation: Conversation | None = None

    async def put(self, prompt: str, answer: Answer) -> None:
        """Ask; files go with the first prompt."""
        from orchat.chat.books import Wish
        from orchat.domain.conversation import Draft

        question = self._question
        attachments: tuple[Attachment, ...] = ()
        if self._conversation is None:
            if not question.use_cache:
                await self._runtime.lease()  # without a key, not even the prompt is kept
            attachments = await _kept(self._runtime, question)
            self._conversation = await _conversation(self._runtime, question)
        answer.session_id = self._conversation.id
        draft = Draft(text=prompt, attachments=attachments, model=question.model)
        wish = Wish(
            fallbacks=question.fallbacks or _fallbacks(self._runtime, self._conversation),
            parameters=question.parameters or None,
            use_cache=question.use_cache,
            over_budget=question.over_budget,
        )
        async with await self._runtime.conversations.send(self._conversation.id, draft, wish) as turn:
            await answer.follow(turn)


async def _conversation(runtime: Runtime, question: Question) -> Conversation:
    conversations = runtime.conversations
    if question.session is None and not question.latest:
        worn = question.worn
        return await conversations.create(
            system=question.system or None, parameters=worn.parameters if worn else None, persona=question.persona
        )
    if question.session is not None:
        found = await conversations.get(question.session)
    else:
        latest = await conversations.latest()
        if latest is None:
            raise NotFound("there is no session to go on with", hint="Ask without -c first.")
        found = latest
    if question.worn is not None:
        found = await _wear(runtime, found, question.persona, question.worn)
    if question.system is not None:
        await conversations.set_system(found.id, question.system or None)
    return found


async def _wear(runtime: Runtime, found: Conversation, name: str | None, put_on: PersonaSettings) -> Conversation:
    """Put on a persona, over what the one before it leaves."""
    from orchat.chat.persona import Asked, dressed

    conversations, config = runtime.conversations, runtime.config
    before = Asked(model=found.model, system=found.system, parameters=found.parameters, persona=found.persona)
    after = dressed(before, config.personas.get(found.persona or ""), put_on, system=config.chat.system or None)
    await conversations.set_model(found.id, after.model)
    await conversations.set_system(found.id, after.system)
    await conversations.set_parameters(found.id, after.parameters, persona=name)
    return await conversations.get(found.id)


def _fallbacks(runtime: Runtime, conversation: Conversation) -> tuple[str, ...]:
    """Those of the persona that a session wears."""
    worn = runtime.config.personas.get(conversation.persona or "")
    return worn.fallbacks if worn else ()


async def _kept(runtime: Runtime, question: Question) -> tuple[Attachment, ...]:
    """Put the files into the store, so that the session has them."""
    if not question.documents and not question.pictures:
        return ()
    from orchat.domain.content import ImagePart
    from orchat.domain.conversation import LINK
    from orchat.media.document import PdfDocument

    attach = runtime.conversations.attach
    kept = []
    for document in question.documents:
        if isinstance(document, PdfDocument):
            kept.append(await attach(document.data, name=document.name, mime="application/pdf"))
        else:
            kept.append(await attach(document.text.encode(), name=document.name, mime="text/plain"))
    for picture in question.pictures:
        if isinstance(picture, ImagePart):
            kept.append(await attach(picture.url.encode(), name=picture.name or "picture", mime=LINK))
            continue
        size = {"width": picture.width, "height": picture.height}
        kept.append(await attach(picture.data, name=picture.name, mime=picture.mime, **size))
    return tuple(kept)
