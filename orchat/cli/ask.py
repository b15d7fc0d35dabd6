"""``orchat ask``: one prompt, one answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from orchat.cli.answer import Answer
from orchat.cli.diagnostics import ExitCode
from orchat.cli.options import common, invocation_of, json_option
from orchat.cli.prompt import STDIN_PATH, read_prompt, read_stdin
from orchat.errors import NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchat.cli.invocation import Invocation
    from orchat.domain.content import Part
    from orchat.domain.conversation import Attachment, Conversation
    from orchat.media.document import Document
    from orchat.media.image import PreparedImage
    from orchat.runtime import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Everything that one ``orchat ask`` wants."""

    prompt: str
    """What is asked."""
    models: tuple[str, ...]
    """The model and its fallbacks; empty: the default."""
    system: str | None
    """System prompt; None: as configured, or as the session has it."""
    session: str | None
    """Session to go on with."""
    latest: bool
    """Go on with the latest session."""
    save: bool
    """Keep it as a session."""
    use_cache: bool | None
    """Response cache; None: as configured."""
    over_budget: bool
    """Send it although a budget is used up."""
    parameters: Mapping[str, Any]
    """Fields of the request."""
    pictures: Sequence[PreparedImage]
    """Pictures to send."""
    documents: Sequence[Document]
    """Files to send."""
    links: Sequence[Part]
    """Pictures that the provider fetches."""


@click.command("ask", add_help_option=False)
@click.argument("prompt", required=False, metavar="[PROMPT]")
@click.option("-m", "--model", "models", multiple=True, metavar="MODEL", help="Model; the next ones are fallbacks.")
@click.option("-s", "--system", metavar="TEXT", help="System prompt.")
@click.option("-i", "--image", "images", multiple=True, metavar="IMAGE", help="Picture to send; - is stdin.")
@click.option("-f", "--file", "files", multiple=True, metavar="FILE", help="Text file or PDF to send; - is stdin.")
@click.option("-c", "--continue", "latest", is_flag=True, help="Go on with the latest session.")
@click.option("--session", metavar="ID", help="Go on with this session; the beginning of its id is enough.")
@click.option("--save/--no-save", default=None, help="Keep it as a session, or not (default: as configured).")
@click.option("--no-stream", is_flag=True, help="Ask for the whole answer at once.")
@click.option("--cache/--no-cache", "use_cache", default=None, help="Answer an equal request from the local cache.")
@click.option("--over-budget", is_flag=True, help="Send it although a budget is used up.")
@click.option(
    "--on-exhausted", type=click.Choice(["stop", "switch"]), help="When the key can no longer serve: stop, or switch."
)
@click.option("-p", "--param", "pairs", multiple=True, metavar="KEY=VALUE", help="Request parameter: temperature=0.2.")
@click.option("-u", "--usage", "summary", is_flag=True, help="Say tokens, cost and time on stderr, always.")
@json_option
@common()
@click.pass_context
def command(context: click.Context, /, *, as_json: bool, summary: bool, on_exhausted: str | None, **given: Any) -> int:
    """Ask once; the answer goes to stdout.

    The prompt is the argument, stdin, or both: cat log | orchat ask "why?". Nothing but the answer goes to stdout,
    as it arrives; on a terminal, a dim last line on stderr gives model, tokens, cost and time.

    Ctrl-C stops the answer and keeps what has arrived. Exit codes: 0 done, 1 the request failed or was cut,
    2 usage or settings, 3 keys, 4 database, 130 interrupted.
    """
    invocation = invocation_of(context)
    if on_exhausted is not None:
        invocation.overrides["keys.on_exhausted"] = on_exhausted
    question = _question(invocation, **given)
    answer = Answer(invocation.output, invocation.diagnostics, as_json=as_json, summary=summary)

    async def ask(runtime: Runtime) -> None:
        await (_remembered if question.save else _forgotten)(runtime, question, answer)
        for remark in runtime.parts.ring.remarks():
            invocation.diagnostics.note(remark)

    invocation.run(ask, front_end="ask")
    return ExitCode.DONE


def _question(
    invocation: Invocation,
    *,
    prompt: str | None,
    models: tuple[str, ...],
    system: str | None,
    images: tuple[str, ...],
    files: tuple[str, ...],
    latest: bool,
    session: str | None,
    save: bool | None,
    no_stream: bool,
    use_cache: bool | None,
    over_budget: bool,
    pairs: tuple[str, ...],
) -> Question:
    """Everything that can be wrong with the command line is found here, before anything is opened or sent."""
    if latest and session:
        raise UsageError("-c and --session exclude each other")
    going_on = latest or session is not None
    if going_on and save is False:
        raise UsageError("a session that goes on is saved", hint="Leave out --no-save, or -c and --session.")
    config = invocation.load().config
    kept = going_on or (config.chat.save if save is None else save)
    links = _links(images)
    if links and kept:
        raise UsageError("a link to a picture cannot be kept in a session", hint="Add --no-save, or save the picture.")
    stdin = read_stdin(invocation.diagnostics) if STDIN_PATH in (*images, *files) else None
    pictures, documents = _attachments(images, files, stdin)
    return Question(
        prompt=read_prompt(
            prompt,
            attached=bool(links or pictures or documents),
            taken=stdin is not None,
            diagnostics=invocation.diagnostics,
        ),
        models=models,
        system=system if going_on or system is not None else config.chat.system,
        session=session,
        latest=latest,
        save=kept,
        use_cache=use_cache,
        over_budget=over_budget,
        parameters=_parameters(pairs, no_stream=no_stream),
        pictures=pictures,
        documents=documents,
        links=links,
    )


def _parameters(pairs: tuple[str, ...], *, no_stream: bool) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    if pairs:
        from orchat.cli.parameters import parse_parameters

        parameters = parse_parameters(pairs)
    return {**parameters, "stream": False} if no_stream else parameters


def _links(images: tuple[str, ...]) -> list[Part]:
    if not any("://" in image for image in images):
        return []
    from orchat.media.links import is_link, link_image

    return [link_image(image) for image in images if is_link(image)]


def _attachments(
    images: tuple[str, ...], files: tuple[str, ...], stdin: bytes | None
) -> tuple[list[PreparedImage], list[Document]]:
    if not images and not files:
        return [], []
    from orchat.media.files import load_file, load_image
    from orchat.media.links import is_link

    pictures = [load_image(image, stdin=stdin) for image in images if not is_link(image)]
    return pictures, [load_file(file, stdin=stdin) for file in files]


async def _forgotten(runtime: Runtime, question: Question, answer: Answer) -> None:
    from orchat.dispatch.dispatcher import Circumstances
    from orchat.domain.content import message
    from orchat.domain.request import ChatRequest

    parts = [*(document.part for document in question.documents), *(picture.part for picture in question.pictures)]
    system = (message("system", question.system),) if question.system else ()
    request = ChatRequest(
        messages=(*system, message("user", question.prompt, *parts, *question.links)),
        model=next(iter(question.models), None),
    )
    circumstances = Circumstances(
        fallbacks=question.models[1:], use_cache=question.use_cache, over_budget=question.over_budget
    )
    async with runtime.dispatcher.stream(replace(request, **question.parameters), circumstances) as stream:
        await answer.follow(stream)


async def _remembered(runtime: Runtime, question: Question, answer: Answer) -> None:
    from orchat.chat.books import Wish
    from orchat.domain.conversation import Draft

    if not question.use_cache:
        await runtime.lease()  # without a key, not even the prompt is kept
    attachments = await _kept(runtime, question)
    conversation = await _conversation(runtime, question)
    answer.session_id = conversation.id
    draft = Draft(text=question.prompt, attachments=attachments, model=next(iter(question.models), None))
    wish = Wish(
        fallbacks=question.models[1:],
        parameters=question.parameters or None,
        use_cache=question.use_cache,
        over_budget=question.over_budget,
    )
    async with await runtime.conversations.send(conversation.id, draft, wish) as turn:
        await answer.follow(turn)


async def _conversation(runtime: Runtime, question: Question) -> Conversation:
    conversations = runtime.conversations
    if question.session is None and not question.latest:
        return await conversations.create(system=question.system or None)
    if question.session is not None:
        found = await conversations.get(question.session)
    else:
        latest = await conversations.latest()
        if latest is None:
            raise NotFound("there is no session to go on with", hint="Ask without -c first.")
        found = latest
    if question.system is not None:
        await conversations.set_system(found.id, question.system or None)
    return found


async def _kept(runtime: Runtime, question: Question) -> tuple[Attachment, ...]:
    """Put the files into the store, so that the session has them."""
    if not question.documents and not question.pictures:
        return ()
    from orchat.media.document import PdfDocument

    attach = runtime.conversations.attach
    kept = []
    for document in question.documents:
        if isinstance(document, PdfDocument):
            kept.append(await attach(document.data, name=document.name, mime="application/pdf"))
        else:
            kept.append(await attach(document.text.encode(), name=document.name, mime="text/plain"))
    for picture in question.pictures:
        size = {"width": picture.width, "height": picture.height}
        kept.append(await attach(picture.data, name=picture.name, mime=picture.mime, **size))
    return tuple(kept)
