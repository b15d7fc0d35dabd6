"""Pictures made fit to send: recognised, bounded, upright, without metadata, small enough.

Everything here is plain blocking work of up to a second: call it off the event loop.
"""

from __future__ import annotations

import base64
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, TypeVar

from orchat.domain.clean import clean_line
from orchat.domain.content import ImagePart
from orchat.errors import MediaDamaged, MediaError, MediaTooLarge, MediaUnsupported
from orchat.media import sniff
from orchat.media.sniff import Family, Kind

if TYPE_CHECKING:
    from PIL import Image

MAX_INPUT = 20_000_000
"""Bytes of a picture that is looked at."""
MAX_PIXELS = 40_000_000
"""Pixels of a picture that is decoded."""
MAX_RATIO = 200
"""Longer side over shorter side; models refuse more, and nothing could be seen on it."""
MAX_SIDE = 2048
"""Pixels of the longer side that is sent."""
MAX_OUTPUT = 4_500_000
"""Bytes that are sent; providers take 5 MB."""

_SAMPLE = 256
_TILE = 64
_PHOTO_COLOURS = 8192
_QUALITIES = (90, 80, 65)
_SMALLEST_SIDE = 16
# Of zlib's nine: above it, a scan of text takes half as long again for one per cent less.
_COMPRESSION = 4
# Decoding takes up to 160 MB, and the warning filters belong to the whole process.
_one_at_a_time = threading.Lock()
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedImage:
    """A picture as it is sent."""

    data: bytes
    """The encoded picture."""
    mime: str
    """``image/png``, ``image/jpeg``, or with `keep_original` also ``image/gif`` and ``image/webp``."""
    width: int
    """Pixels."""
    height: int
    """Pixels."""
    original_width: int
    """Pixels before it was made smaller or turned."""
    original_height: int
    """Pixels before it was made smaller or turned."""
    name: str
    """Its name for people, clean and on one line."""

    @property
    def part(self) -> ImagePart:
        """The picture as a part of a message."""
        encoded = base64.b64encode(self.data).decode("ascii")
        return ImagePart(url=f"data:{self.mime};base64,{encoded}", name=self.name)


def prepare(
    data: bytes,
    name: str,
    *,
    max_side: int = MAX_SIDE,
    max_bytes: int = MAX_OUTPUT,
    keep_original: bool = False,
) -> PreparedImage:
    """Make a picture fit to send.

    Args:
        data: The file.
        name: Its name, for people; the format is told by the content.
        max_side: Pixels of the longer side; a larger picture is scaled.
        max_bytes: Bytes of the result.
        keep_original: Check the picture, but send these very bytes, with place, time and device if they are in it.

    Returns:
        A PNG for line art and transparency, a JPEG for photos; upright, first frame only, without metadata.

    Raises:
        MediaTooLarge: More than `MAX_INPUT` bytes or `MAX_PIXELS` pixels, or the original exceeds `max_bytes`.
        MediaUnsupported: Not PNG, JPEG, WebP or GIF, or longer than `MAX_RATIO` times its width.
        MediaDamaged: Empty, cut short or not decodable.
    """
    shown = clean_line(name, 80) or "the picture"
    kind = recognise(data, shown)
    if keep_original and len(data) > max_bytes:
        raise MediaTooLarge(
            f"{shown} has {len(data) / 1e6:.1f} MB; {max_bytes / 1e6:.1f} MB can be sent",
            hint="Let orchat make it smaller: do not keep the original.",
        )

    def prepared() -> PreparedImage:
        picture, original = _decode(data, kind, shown, max_side)
        if keep_original:
            (width, height), mime, sent = original, kind.mime, data
        else:
            picture, sent, mime = _encode(picture, shown, max_side, max_bytes)
            width, height = picture.size
        return PreparedImage(
            data=sent,
            mime=mime,
            width=width,
            height=height,
            original_width=original[0],
            original_height=original[1],
            name=shown,
        )

    return _guarded(prepared, shown)


def encode(picture: Image.Image, name: str, *, max_side: int = MAX_SIDE, max_bytes: int = MAX_OUTPUT) -> PreparedImage:
    """Make a picture fit to send that is pixels already, such as a page that was drawn here.

    Args:
        picture: In any colour mode.
        name: Its name, for people.
        max_side: As for `prepare`.
        max_bytes: As for `prepare`.

    Returns:
        As `prepare` does.

    Raises:
        MediaTooLarge: It cannot be made as small as `max_bytes`.
    """
    shown = clean_line(name, 80) or "the picture"
    sent, data, mime = _guarded(lambda: _encode(picture, shown, max_side, max_bytes), shown)
    return PreparedImage(
        data=data,
        mime=mime,
        width=sent.width,
        height=sent.height,
        original_width=picture.width,
        original_height=picture.height,
        name=shown,
    )


def small(data: bytes, kind: Kind, shown: str, side: int) -> tuple[Image.Image, tuple[int, int]]:
    """A picture for the screen: upright, its first frame, decoded no larger than it must be.

    Args:
        data: The file.
        kind: What `recognise` said of it.
        shown: Its name, clean.
        side: Pixels of the longer side that are needed; it may come out larger.

    Returns:
        The picture in mode L, RGB or RGBA, and the size it has in the file.

    Raises:
        MediaTooLarge: More than `MAX_PIXELS` pixels.
        MediaUnsupported: Longer than `MAX_RATIO` times its width.
        MediaDamaged: Cut short or not decodable.
    """

    def made() -> tuple[Image.Image, tuple[int, int]]:
        picture, original = _decode(data, kind, shown, side)
        # Mixing neighbours needs real colours, and fewer pixels are quicker to convert.
        if picture.mode in ("RGB", "RGBA", "L") and max(picture.size) > side:
            picture = _scaled(picture, _fitted(picture.size, side))
        return _in_plain_colours(picture), original

    return _guarded(made, shown)


def recognise(data: bytes, shown: str) -> Kind:
    """Tell which kind of picture `data` is.

    Args:
        data: The file.
        shown: Its name, clean.

    Returns:
        One of the kinds that can be prepared.

    Raises:
        MediaDamaged: Empty.
        MediaTooLarge: More than `MAX_INPUT` bytes.
        MediaUnsupported: Something else than a picture, or a format that is not sent.
    """
    if not data:
        raise MediaDamaged(f"{shown} is empty", hint="Choose another picture.")
    if len(data) > MAX_INPUT:
        raise MediaTooLarge(
            f"{shown} has {len(data) / 1e6:.1f} MB; the limit is {MAX_INPUT // 1_000_000} MB",
            hint="Make the picture smaller first.",
        )
    kind = sniff.sniff(data)
    if kind.family is Family.PICTURE:
        return kind
    hint = kind.hint
    if kind.family in (Family.PDF, Family.TEXT):
        hint = "Attach it as a file, not as a picture."
    raise MediaUnsupported(f"{shown} is {kind.name}; PNG, JPEG, WebP and GIF can be sent", hint=hint)


def _guarded(work: Callable[[], _T], shown: str) -> _T:
    """Do one thing at a time, and turn whatever Pillow raises into one error of ours; it warns over the screen, too."""
    from PIL import Image

    with _one_at_a_time, warnings.catch_warnings():
        # Other threads see these filters too, so they name Pillow's modules and nothing else.
        warnings.filterwarnings("ignore", module=r"PIL\.")
        warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
        mishap: MediaError
        try:
            return work()
        except MediaError as error:
            mishap = error.with_traceback(None)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            mishap = _too_many_pixels(f"{shown} unpacks to far more pixels than it should")
        # Decoders raise almost anything for a hostile file: OSError, SyntaxError, struct.error, ValueError, EOFError.
        except Exception:
            hint = "Open it in a viewer, save it anew, and attach that."
            mishap = MediaDamaged(f"{shown} is damaged or ends early", hint=hint)
    # Without what led to it: its frames would keep the pixels for as long as somebody keeps the error.
    try:
        raise mishap
    finally:
        del mishap  # or it would keep this frame, and this frame it


def _too_many_pixels(message: str) -> MediaTooLarge:
    return MediaTooLarge(f"{message}; the limit is {MAX_PIXELS // 1_000_000} megapixels", hint="Make it smaller first.")


def _decode(data: bytes, kind: Kind, shown: str, max_side: int) -> tuple[Image.Image, tuple[int, int]]:
    """The first frame, upright, with the size it had in the file."""
    from PIL import Image

    if kind is sniff.WEBP:
        # Its decoder takes memory for the whole canvas as soon as the file is opened.
        _check_size(webp_size(data), shown)
    picture = Image.open(BytesIO(data), formats=[kind.pillow])
    original = picture.size
    _check_size(original, shown)
    # A JPEG can be decoded at a half, a quarter or an eighth of its size: faster, and in less memory.
    picture.draft(None, _fitted(original, max_side))
    picture.load()
    turn = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }.get(_orientation(picture))
    upright: Image.Image = picture if turn is None else picture.transpose(turn)
    return upright, original


def webp_size(data: bytes) -> tuple[int, int]:
    """Width and height of a WebP picture's canvas, read from its header; (0, 0) when there is no proper one."""
    chunk, body = data[12:16], data[20:30]
    if len(body) < 10:
        return 0, 0
    if chunk == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if chunk == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF


def _check_size(size: tuple[int, int], shown: str) -> None:
    width, height = size
    if width * height > MAX_PIXELS:
        raise _too_many_pixels(f"{shown} has {width}×{height} pixels")
    if max(size) > MAX_RATIO * max(1, min(size)):
        raise MediaUnsupported(
            f"{shown} has {width}×{height} pixels: too long and narrow to be seen", hint="Cut it into pieces."
        )


def _orientation(picture: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; a picture whose EXIF is broken is still a picture."""
    try:
        value = picture.getexif().get(0x0112, 1)
    # Pillow's EXIF reader raises what it likes for broken data.
    except Exception:
        return 1
    return value if isinstance(value, int) else 1


def _fitted(size: tuple[int, int], max_side: int) -> tuple[int, int]:
    """`size` made smaller, never larger, so that its longer side is at most `max_side`."""
    longer = max(size)
    if longer <= max_side:
        return size
    width, height = (max(1, round(side * max_side / longer)) for side in size)
    return width, height


def _encode(picture: Image.Image, shown: str, max_side: int, max_bytes: int) -> tuple[Image.Image, bytes, str]:
    """The picture in a form that is small enough: as PNG if it is no photo, else as JPEG, in the end smaller."""
    picture = _in_plain_colours(picture)
    photo = picture.mode != "RGBA" and _is_photo(picture)
    # Photos have no edges in colour alone that halving could blur; coloured letters are nothing else.
    subsampling = 2 if photo else 0
    picture = _scaled(picture, _fitted(picture.size, max_side))
    if not photo:
        data = _saved(picture, "PNG", compress_level=_COMPRESSION)
        if len(data) <= max_bytes:
            return picture, data, "image/png"
    picture = _on_white(picture)
    while True:
        for quality in _QUALITIES:
            data = _saved(picture, "JPEG", quality=quality, subsampling=subsampling)
            if len(data) <= max_bytes:
                return picture, data, "image/jpeg"
        if max(picture.size) <= _SMALLEST_SIDE:
            raise MediaTooLarge(f"{shown} cannot be made as small as {max_bytes} bytes", hint="Allow more bytes.")
        picture = _scaled(picture, _fitted(picture.size, max(_SMALLEST_SIDE, max(picture.size) * 3 // 4)))


def _in_plain_colours(picture: Image.Image) -> Image.Image:
    """The picture in mode L, RGB or RGBA, without anything that was written beside the pixels."""
    if picture.mode.startswith("I"):
        # 16 bits a pixel: Pillow's own conversion would clip everything above 255 to white.
        picture = picture.convert("I").point(lambda value: value * (1 / 257)).convert("L")
        picture.info.pop("transparency", None)
    opaque = "L" if picture.mode in ("1", "L") else "RGB"
    mode = "RGBA" if picture.has_transparency_data else opaque
    plain = picture.convert(mode) if mode != picture.mode else picture
    if mode == "RGBA" and plain.getchannel("A").getextrema() == (255, 255):
        plain = plain.convert("RGB")
    # Encoders write comments and colour profiles from here.
    plain.info.clear()
    return plain


def _is_photo(picture: Image.Image) -> bool:
    """Whether a picture has the many colours or the grain of a photo; screenshots, drawings and clean scans do not."""
    from PIL import Image

    # No resampling: mixing neighbours would invent colours.
    sample = picture.resize((_SAMPLE, _SAMPLE), Image.Resampling.NEAREST)
    return (sample.mode != "L" and sample.getcolors(_PHOTO_COLOURS) is None) or _is_grainy(picture)


def _is_grainy(picture: Image.Image) -> bool:
    """Whether most pixels differ from their neighbours, as on photographed paper: a PNG of that is huge and slow."""
    from PIL import ImageChops

    if min(picture.size) < _SAMPLE:
        return False
    width, height = (side - _TILE for side in picture.size)
    equal = 0
    for across in (1, 2, 3):
        for down in (1, 2, 3):
            left, top = across * width // 4, down * height // 4
            tile = picture.crop((left, top, left + _TILE, top + _TILE)).convert("L")
            equal += ImageChops.difference(tile, ImageChops.offset(tile, 1, 0)).histogram()[0]
    return equal * 2 < 9 * _TILE * _TILE


def _scaled(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    from PIL import Image

    if size == picture.size:
        return picture
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _on_white(picture: Image.Image) -> Image.Image:
    """The picture without transparency, as it looks on paper."""
    if picture.mode != "RGBA":
        return picture
    from PIL import Image

    paper = Image.new("RGB", picture.size, "white")
    paper.paste(picture, mask=picture.getchannel("A"))
    return paper


def _saved(picture: Image.Image, pillow: str, **options: int) -> bytes:
    out = BytesIO()
    picture.save(out, pillow, **options)
    return out.getvalue()
