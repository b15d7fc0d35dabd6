"""What goes along with a prompt: pictures and documents, made fit to send, and links to pictures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from orchat.domain.choices import LINK
from orchat.errors import MediaNotFound
from orchat.tui.wording import size

if TYPE_CHECKING:
    from orchat.domain.catalog import Model
    from orchat.domain.content import ImagePart
    from orchat.domain.conversation import Attachment
    from orchat.media.document import Document
    from orchat.media.image import PreparedImage

PDF_BYTES_PER_TOKEN = 60
"""A rough rule of thumb: a page of 60 kB holds a thousand tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """One thing that goes along."""

    name: str
    """For people and for the model, clean and on one line."""
    mime: str
    """By content; `LINK` for a link."""
    size: int
    """Bytes that are sent."""
    width: int | None = None
    """Pixels that are sent, for pictures."""
    height: int | None = None
    """Pixels that are sent, for pictures."""
    sha256: str = ""
    """Hex digest of the bytes."""
    data: bytes | None = field(default=None, repr=False, compare=False)
    """The bytes, unless they are in `place`."""
    place: Path | None = field(default=None, compare=False)
    """A file with the bytes."""
    kept: Attachment | None = field(default=None, compare=False)
    """As an earlier message has it: the store holds the bytes."""
    note: str = field(default="", compare=False)
    """What was changed to make it fit, in a few words."""

    @property
    def is_link(self) -> bool:
        """Whether only a link is sent."""
        return self.mime == LINK

    @property
    def is_picture(self) -> bool:
        """Whether the model has to see."""
        return self.is_link or self.mime.startswith("image/")

    @property
    def is_document(self) -> bool:
        """Whether an engine has to read it for the model."""
        return self.mime == "application/pdf"

    @property
    def label(self) -> str:
        """``scan.png 1240×1754``: foreign."""
        if self.is_link:
            return f"{self.name} link"
        shape = f"{self.width}×{self.height}" if self.width and self.height else size(self.size)
        return f"{self.name} {shape}"

    @property
    def tokens(self) -> int:
        """About how many tokens it takes."""
        from orchat.dispatch.pricing import TOKENS_PER_IMAGE, tokens_of

        if self.is_picture:
            return TOKENS_PER_IMAGE
        return tokens_of(self.size) if self.mime.startswith("text/") else self.size // PDF_BYTES_PER_TOKEN + 1

    def read(self) -> bytes:
        """The bytes; it may block.

        Raises:
            MediaNotFound: They are gone.
        """
        if self.data is not None:
            return self.data
        try:
            return (self.place or Path(self.sha256)).read_bytes()
        except OSError:
            raise MediaNotFound(f"{self.name} is gone", hint="Attach it again.") from None


Wanted: TypeAlias = "Path | Attached | ImagePart | Literal['clipboard']"
"""Something that a person wants to attach, prepared or not."""


def of_loaded(loaded: PreparedImage | Document) -> Attached:
    """What was read from a file.

    Args:
        loaded: A picture or a document.
    """
    from orchat.media.document import PdfDocument, TextDocument

    if isinstance(loaded, TextDocument):
        return of_bytes(loaded.text.encode(errors="replace"), loaded.name, "text/plain")
    if isinstance(loaded, PdfDocument):
        return of_bytes(loaded.data, loaded.name, "application/pdf")
    before = (loaded.original_width, loaded.original_height)
    is_same = before in ((loaded.width, loaded.height), (loaded.height, loaded.width))
    note = "" if is_same else f"from {before[0]}×{before[1]}"
    return of_bytes(loaded.data, loaded.name, loaded.mime, (loaded.width, loaded.height), note)


def of_link(part: ImagePart) -> Attached:
    """A link to a picture, which is passed on.

    Args:
        part: From `orchat.media.links`.
    """
    return of_bytes(part.url.encode(), part.name or "picture", LINK)


def of_kept(attachment: Attachment) -> Attached:
    """What an earlier message carries.

    Args:
        attachment: As it is kept.
    """
    return Attached(
        name=attachment.name,
        mime=attachment.mime,
        size=attachment.size,
        width=attachment.width,
        height=attachment.height,
        sha256=attachment.sha256,
        kept=attachment,
    )


def of_bytes(
    data: bytes, name: str, mime: str, pixels: tuple[int, int] | tuple[None, None] = (None, None), note: str = ""
) -> Attached:
    """Bytes that are fit to send.

    Args:
        data: The bytes.
        name: Clean.
        mime: By content.
        pixels: Width and height, for pictures.
        note: What was changed to make it fit.
    """
    import hashlib

    return Attached(
        name=name,
        mime=mime,
        size=len(data),
        width=pixels[0],
        height=pixels[1],
        sha256=hashlib.sha256(data).hexdigest(),
        data=data,
        note=note,
    )


def prepare(path: Path, *, max_side: int | None = None, max_bytes: int | None = None) -> Attached:
    """Read a file and make it fit to send; takes up to a second.

    Args:
        path: A picture, a PDF document or a text file, whatever it is called.
        max_side: Pixels of a picture's longer side; None: the usual ones.
        max_bytes: Bytes of a picture; None: the usual ones.

    Raises:
        MediaError: It cannot be sent.
    """
    from orchat.media.files import load
    from orchat.media.image import MAX_OUTPUT, MAX_SIDE

    return of_loaded(load(path, max_side=max_side or MAX_SIDE, max_bytes=max_bytes or MAX_OUTPUT))


def tokens_of(files: Iterable[Attached]) -> int:
    """About how many tokens some files take.

    Args:
        files: What goes along.
    """
    return sum(file.tokens for file in files)


def cost_of(files: Iterable[Attached], model: Model | None, now: float) -> int | None:
    """About what some files cost as input, in pico-dollars.

    Args:
        files: What goes along.
        model: The model that is asked; None: not known.
        now: Epoch seconds, for prices that depend on the hour.

    Returns:
        None when the price is not known; 0 for a free model.
    """
    from orchat.dispatch.pricing import estimate
    from orchat.domain.money import Usage

    if model is None:
        return None
    usage = Usage(prompt_tokens=tokens_of(files), completion_tokens=0)
    return 0 if model.is_free else estimate(usage, model.pricing, now=now).pico


FORMATS = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/webp": "WebP",
    "image/gif": "GIF",
    "application/pdf": "PDF",
    "text/plain": "text",
    LINK: "link",
}
"""What people call a media type."""


def format_of(file: Attached) -> str:
    """``PNG``, ``PDF``, ``text``.

    Args:
        file: What goes along.
    """
    return FORMATS.get(file.mime, file.mime.partition("/")[2] or "file")
