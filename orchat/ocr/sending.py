"""One page on its way: its picture, its request, and what makes an answer its text."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from orchat.domain.content import message
from orchat.domain.events import Finished
from orchat.domain.request import ChatRequest
from orchat.errors import ContentRefused, MediaDamaged, RequestFailed, UpstreamFailed
from orchat.ocr.page import Page, Record

if TYPE_CHECKING:
    from orchat.config import MediaSettings
    from orchat.media.image import PreparedImage


def picture_of(page: Page, media: MediaSettings) -> PreparedImage:
    """Make a page fit to send. Plain blocking work of up to a second: call it off the event loop.

    Args:
        page: Which.
        media: How large it may be.

    Raises:
        MediaError: It cannot be read any more, or its file is not the one that was planned.
    """
    from orchat.media.files import read_bytes
    from orchat.media.image import MAX_INPUT, prepare
    from orchat.media.pdf import page_image

    source = page.source
    if source.is_document:
        return page_image(source.path, source.name, page.index, max_side=media.max_side, max_bytes=media.max_bytes)
    data = read_bytes(source.path, limit=MAX_INPUT)
    if hashlib.sha256(data).hexdigest() != source.sha256:
        raise MediaDamaged(f"{source.name} has changed since the job began", hint="Go on with --resume.")
    return prepare(data, source.name, max_side=media.max_side, max_bytes=media.max_bytes)


def request_for(picture: PreparedImage, *, prompt: str, model: str, max_tokens: int) -> ChatRequest:
    """The request that reads a page."""
    return ChatRequest(
        messages=(message("user", prompt, picture.part),),
        model=model,
        max_completion_tokens=max_tokens,
        temperature=0.0,
    )


def record_of(page: Page, finished: Finished, *, model: str, now: float) -> Record:
    """What is kept of an answer.

    Args:
        page: What was read.
        finished: The end of the answer.
        model: The model asked, where the answer names none.
        now: Epoch seconds.
    """
    return Record(
        key=page.key,
        text=finished.reply.text,
        model=finished.model or model,
        provider=finished.provider,
        generation_id=finished.generation_id,
        usage=finished.usage,
        cost=finished.cost,
        finished_at=now,
    )


def check_whole(finished: Finished, max_tokens: int) -> None:
    """A page is read when all of it is there.

    Raises:
        RequestFailed: It is not.
    """
    if finished.finish_reason == "length":
        raise RequestFailed(
            f"its text is longer than {max_tokens:,} tokens", model=finished.model, hint="Raise ocr.max_tokens."
        )
    if finished.finish_reason == "content_filter":
        raise ContentRefused("the model refused the page", model=finished.model)
    if not finished.reply.text.strip():
        raise UpstreamFailed("the model answered with nothing", model=finished.model)
