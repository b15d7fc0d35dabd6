"""What one ``orchat ask`` wants: read from the command line before anything is opened or sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchat.cli.prompt import STDIN_PATH, read_prompt, read_stdin
from orchat.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchat.cli.diagnostics import Diagnostics
    from orchat.cli.invocation import Invocation
    from orchat.cli.schema import Schema
    from orchat.cli.sinks import Which
    from orchat.config import MediaSettings, PersonaSettings
    from orchat.domain.content import ImagePart
    from orchat.media.document import Document
    from orchat.media.image import PreparedImage


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Everything that one ``orchat ask`` wants."""

    prompt: str
    """What is asked."""
    model: str | None
    """The model; None: the default."""
    fallbacks: tuple[str, ...]
    """Models asked when it fails; empty: as configured."""
    system: str | None
    """System prompt; None: as the session has it, and the persona."""
    persona: str | None
    """Name of the persona that is put on."""
    worn: PersonaSettings | None
    """What it brings, where the command line says nothing."""
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
    """Fields of this request, before all that the session keeps."""
    schema: Schema | None
    """What the answer has to fit."""
    extract: Which | None
    """Print this code block alone."""
    raw: bool
    """Print the text as it is on a terminal, too."""
    pictures: Sequence[PreparedImage | ImagePart]
    """Pictures to send, and links to pictures, which the provider fetches; in their order."""
    documents: Sequence[Document]
    """Files to send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The command line of ``orchat ask``, as it was given."""

    prompt: str | None
    """The argument."""
    models: tuple[str, ...]
    """``-m``, in their order."""
    system: str | None
    """``-s``."""
    persona: str | None
    """``--persona``."""
    images: tuple[str, ...]
    """``-i``."""
    files: tuple[str, ...]
    """``-f``."""
    keep_original: bool
    """``--keep-original``."""
    latest: bool
    """``-c``."""
    session: str | None
    """``--session``."""
    save: bool | None
    """``--save``, ``--no-save`` or neither."""
    no_stream: bool
    """``--no-stream``."""
    use_cache: bool | None
    """``--cache``, ``--no-cache`` or neither."""
    over_budget: bool
    """``--over-budget``."""
    pairs: tuple[str, ...]
    """``-p``."""
    schema: str | None
    """``--schema``."""
    extract: bool
    """``--extract``."""
    extract_last: bool
    """``--extract-last``."""
    raw: bool
    """``--raw``."""

    @property
    def goes_on(self) -> bool:
        """Whether an older session goes on."""
        return self.latest or self.session is not None

    @property
    def wanted_block(self) -> Which | None:
        """The code block that is wanted alone."""
        return "last" if self.extract_last else "first" if self.extract else None


def read_question(invocation: Invocation, options: Options, *, as_json: bool) -> Question:
    """Everything that can be wrong with the command line is found here.

    Raises:
        OrchatError: Options contradict each other, or something they name is missing or unfit.
    """
    _check(options, as_json=as_json)
    loaded = invocation.load()
    config = loaded.config
    persona = None if options.persona is None else loaded.persona(options.persona)
    kept = options.goes_on or (config.chat.save if options.save is None else options.save)
    schema = _schema(options.schema)
    parameters = _parameters(options, schema)
    stdin = read_stdin(invocation.diagnostics) if STDIN_PATH in (*options.images, *options.files) else None
    pictures, documents = _attachments(options, config.media, stdin)
    _tell_of_fee(documents, config.media, invocation.diagnostics)
    return Question(
        prompt=read_prompt(
            options.prompt,
            attached=bool(pictures or documents),
            taken=stdin is not None,
            diagnostics=invocation.diagnostics,
        ),
        model=next(iter(options.models), persona.model if persona else None),
        fallbacks=options.models[1:] or (persona.fallbacks if persona else ()),
        system=_system(options, persona, config.chat.system),
        persona=options.persona,
        worn=persona,
        session=options.session,
        latest=options.latest,
        save=kept,
        use_cache=options.use_cache,
        over_budget=options.over_budget,
        parameters=parameters,
        schema=schema,
        extract=options.wanted_block,
        raw=options.raw or config.tui.plain,
        pictures=pictures,
        documents=documents,
    )


def _check(options: Options, *, as_json: bool) -> None:
    """What contradicts itself."""
    if options.latest and options.session:
        raise UsageError("-c and --session exclude each other")
    if options.goes_on and options.save is False:
        raise UsageError("a session that goes on is saved", hint="Leave out --no-save, or -c and --session.")
    if options.extract and options.extract_last:
        raise UsageError("--extract and --extract-last exclude each other")
    if options.wanted_block and (as_json or options.schema):
        other = "--json" if as_json else "--schema"
        raise UsageError(f"--{'extract-last' if options.extract_last else 'extract'} and {other} exclude each other")


def _system(options: Options, persona: PersonaSettings | None, configured: str) -> str | None:
    if options.system is not None:
        return options.system
    if options.goes_on:
        return None
    return configured if persona is None or persona.system is None else persona.system


def _schema(path: str | None) -> Schema | None:
    if path is None:
        return None
    from orchat.cli.schema import load_schema

    return load_schema(path)


def _parameters(options: Options, schema: Schema | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if options.pairs:
        from orchat.cli.parameters import parse_parameters

        found.update(parse_parameters(options.pairs))
    if options.no_stream:
        found["stream"] = False
    if schema is not None:
        if "response_format" in found:
            raise UsageError("--schema and -p response_format exclude each other")
        found["response_format"] = schema.response_format
    return found


def _attachments(
    options: Options, media: MediaSettings, stdin: bytes | None
) -> tuple[list[PreparedImage | ImagePart], list[Document]]:
    if not options.images and not options.files:
        return [], []
    from orchat.media.files import load_file, load_image
    from orchat.media.links import is_link, link_image

    pictures = [
        link_image(image)
        if is_link(image)
        else load_image(
            image,
            stdin=stdin,
            max_side=media.max_side,
            max_bytes=media.max_bytes,
            keep_original=options.keep_original,
        )
        for image in options.images
    ]
    return pictures, [load_file(file, stdin=stdin) for file in options.files]


def _tell_of_fee(documents: Sequence[Document], media: MediaSettings, tell: Diagnostics) -> None:
    """The only engine that costs says so before it does."""
    if not documents:
        return
    from orchat.config.sections import PDF_FEES
    from orchat.media.document import PdfDocument

    engine = media.pdf_engine
    if engine in PDF_FEES and any(isinstance(document, PdfDocument) for document in documents):
        tell.remark(f"{engine} reads the document: {PDF_FEES[engine]} (media.pdf_engine)")
