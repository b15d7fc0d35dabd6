"""What is said of files before they are attached: what is sent, about what it costs, whether the model sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content

from orchat.config.sections import PDF_FEES
from orchat.errors import MediaError
from orchat.media.glance import Glance
from orchat.tui.attached import Attached, cost_of, format_of, tokens_of
from orchat.tui.lines import DIM, STRONG, YOU, column
from orchat.tui.wording import plain, short_model, size, usd

if TYPE_CHECKING:
    from orchat.config.sections import PdfEngine
    from orchat.domain.catalog import Model

_LABEL = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The model that will be asked."""

    id: str = ""
    """Its id; empty: not known yet."""
    model: Model | None = None
    """Its row in the catalogue."""
    now: float = 0.0
    """Epoch seconds, for prices that depend on the hour."""
    pdf_engine: PdfEngine = "native"
    """Who reads PDF documents."""


def chosen_facts(files: Sequence[Attached], count: int, asked: Asked) -> list[Content]:
    """What several files are together.

    Args:
        files: Those that are ready.
        count: How many there are, those too that are not ready yet.
        asked: The model.
    """
    head = Content.styled(f"{count} chosen", STRONG)
    if len(files) < count:
        head = Content.assemble(head, (f"  {count - len(files)} not ready yet", DIM))
    if not files:
        return [head]
    in_all = sum(file.size for file in files)
    kinds = ", ".join(dict.fromkeys(_what(file) for file in files[:3]))
    more = " …" if len(files) > 3 else ""
    sent = _line("sent as", f"{kinds}{more}, {size(in_all)} in all")
    return [head, sent, *_metadata(files), *_engine(files, asked), *_cost(files, asked)]


def file_facts(seen: Glance | None, ready: Attached | MediaError | None, asked: Asked) -> list[Content]:
    """What one file is, and what is sent of it.

    Args:
        seen: What its first bytes tell.
        ready: As it would be sent, or why not; None: not known yet.
        asked: The model.
    """
    is_refused = refused(seen, ready) is not None
    if seen is None or (is_refused and not seen.size):
        return []
    shape = f", {seen.width}×{seen.height}" if seen.width else ""
    lines = [_line("file", f"{_named(seen)}{shape}, {size(seen.size)}")]
    if is_refused:
        return [*lines, _line("sent as", "nothing", YOU)]
    if not isinstance(ready, Attached):
        return [*lines, _line("sent as", "…")]
    lines.append(_line("sent as", f"{_what(ready)}, {size(ready.size)}"))
    return [*lines, *_metadata([ready]), *_engine([ready], asked), *_cost([ready], asked)]


def refused(seen: Glance | None, ready: Attached | MediaError | None) -> tuple[str, str] | None:
    """Why a file cannot be sent, and what to do about it; None where it can, or where that is not known yet.

    Args:
        seen: What its first bytes tell.
        ready: As it would be sent, or why not; None: not known yet.
    """
    if seen is not None and seen.refusal:
        return seen.refusal, seen.hint
    return (ready.message, ready.hint or "") if isinstance(ready, MediaError) else None


def refusal_lines(why: tuple[str, str]) -> list[Content]:
    """A line for the reason, and one for what to do.

    Args:
        why: From `refused`.
    """
    return [Content.styled(f"{why[0]}.", YOU), *([Content.styled(why[1], DIM)] if why[1] else [])]


def _named(seen: Glance) -> str:
    """``PNG picture`` for ``a PNG picture``."""
    return seen.kind.name.partition(" ")[2] or seen.kind.name


def _what(file: Attached) -> str:
    shape = f"{file.width}×{file.height} " if file.width and file.height else ""
    return f"{shape}{format_of(file)}"


def _metadata(files: Sequence[Attached]) -> list[Content]:
    """Place, time and device are in the files of most phones."""
    if any(file.mime.startswith("image/") for file in files):
        return [_line("metadata", "left out (place, time, camera)")]
    return []


def _engine(files: Sequence[Attached], asked: Asked) -> list[Content]:
    """Reading a document may cost more than its tokens."""
    if asked.pdf_engine == "native" or not any(file.is_document for file in files):
        return []
    fee = PDF_FEES.get(asked.pdf_engine)
    return [_line("read by", f"{asked.pdf_engine}, {fee}" if fee else asked.pdf_engine, YOU if fee else "")]


def _cost(files: Sequence[Attached], asked: Asked) -> list[Content]:
    pico = cost_of(files, asked.model, asked.now)
    price = "price not known" if pico is None else "free" if not pico else f"≈ {usd(pico)}"
    lines = [_line("about", f"{tokens_of(files):,} tokens, {price}")]
    if asked.id:
        lines.append(_line("model", *_sight(files, asked)))
    return lines


def _sight(files: Sequence[Attached], asked: Asked) -> tuple[str, str]:
    name = short_model(asked.id)
    if asked.model is None:
        return f"{name} is not in the catalogue", ""
    if not any(file.is_picture for file in files):
        return name, ""
    if asked.model.sees:
        return f"{name} sees pictures", ""
    return f"{name} cannot see: you choose another on sending", YOU


def _line(label: str, words: str, style: str = "") -> Content:
    return Content.assemble(column(Content.styled(label, DIM), _LABEL), plain(words, 200).stylize(style))
