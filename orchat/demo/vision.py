"""The demo seer: what can be measured about an image without any intelligence."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchat.demo.prompts import SentImage

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS = 64_000_000
"""Larger images are measured, but not decoded."""
SAMPLE = 64
"""Side of the thumbnail that colours are counted in."""
COLOURS = 4
EXIF_ORIENTATION = 0x0112

BESIDE = frozenset({"exif", "icc_profile", "xmp", "xml:com.adobe.xmp", "photoshop", "comment", "text", "gps"})
"""Names that Pillow gives to what cameras and programs write into a picture."""

NAMED: dict[str, tuple[int, int, int]] = {
    "black": (0, 0, 0),
    "dark grey": (64, 64, 64),
    "grey": (128, 128, 128),
    "light grey": (200, 200, 200),
    "white": (255, 255, 255),
    "red": (220, 20, 30),
    "dark red": (120, 0, 10),
    "orange": (255, 140, 0),
    "brown": (120, 72, 30),
    "beige": (235, 220, 190),
    "yellow": (250, 225, 30),
    "olive": (128, 128, 0),
    "green": (30, 160, 50),
    "dark green": (0, 80, 20),
    "light green": (150, 230, 140),
    "teal": (0, 128, 128),
    "cyan": (0, 220, 230),
    "light blue": (150, 200, 250),
    "blue": (30, 60, 220),
    "navy": (10, 15, 90),
    "purple": (120, 30, 160),
    "magenta": (230, 20, 200),
    "pink": (255, 170, 190),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was measured."""

    width: int
    """Pixels, as stored."""
    height: int
    """Pixels, as stored."""
    format: str
    """``PNG``, ``JPEG`` …"""
    mode: str
    """Pillow's name for the kind of pixels, such as ``RGBA``."""
    frames: int
    """More than 1 for an animation."""
    rotated: bool
    """Whether EXIF asks for the image to be turned before it is shown."""
    transparent: float
    """Share of pixels that are not opaque, 0 to 1."""
    colours: tuple[tuple[str, str, float], ...]
    """Name, hex and share of the main colours; empty when the image was too large to decode."""
    corners: tuple[str, ...]
    """Names of the colours top left, top right, bottom left and bottom right, as stored; empty likewise."""
    metadata: tuple[str, ...]
    """What is written beside the pixels: ``exif``, ``icc_profile``, ``xmp``, ``comment`` …"""
    size: int
    """Bytes received."""

    @property
    def orientation(self) -> str:
        """``portrait``, ``landscape`` or ``square``, as shown."""
        width, height = (self.height, self.width) if self.rotated else (self.width, self.height)
        return "square" if width == height else "landscape" if width > height else "portrait"


def measure(data: bytes) -> Facts:
    """Measure one image; takes up to a second, so call it in a thread.

    Args:
        data: The file as it was sent.

    Returns:
        The facts.

    Raises:
        ValueError: It is not an image, or it is damaged.
    """
    from PIL import Image  # Pillow costs 60 ms and most chats hold no image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data)) as image:
                return _facts(image, len(data))
    except Image.DecompressionBombError as error:
        raise ValueError("the image has too many pixels") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError("not an image that can be decoded") from error


def _facts(image: Image, size: int) -> Facts:
    width, height = image.size
    kind, mode, frames = image.format or "unknown", image.mode, getattr(image, "n_frames", 1)
    turned, transparent, colours = False, 0.0, ()
    corners: tuple[str, ...] = ()
    if width * height <= MAX_PIXELS:
        # Pillow decodes a whole PNG to find its EXIF, so a huge one is not asked for it.
        turned = image.getexif().get(EXIF_ORIENTATION, 1) in (5, 6, 7, 8)
        sample = image.convert("RGBA")
        sample.thumbnail((SAMPLE, SAMPLE))
        transparent, colours = _colours(sample)
        corners = _corners(sample)
    return Facts(
        width=width,
        height=height,
        format=kind,
        mode=mode,
        frames=frames,
        rotated=turned,
        transparent=transparent,
        colours=colours,
        corners=corners,
        metadata=tuple(sorted(BESIDE & {str(key).lower() for key in image.info})),
        size=size,
    )


def _corners(sample: Image) -> tuple[str, ...]:
    """The colours in the middles of the four quarters."""
    width, height, pixels = sample.width, sample.height, _pixels(sample)
    places = [(x * width // 4, y * height // 4) for y in (1, 3) for x in (1, 3)]
    return tuple(nearest(pixels[x + y * width][:3]) for x, y in places)


def _colours(sample: Image) -> tuple[float, Any]:
    pixels = [(red, green, blue, alpha) for red, green, blue, alpha in _pixels(sample)]
    seen = [pixel[:3] for pixel in pixels if pixel[3] >= 128]
    clear = sum(pixel[3] < 255 for pixel in pixels) / len(pixels)
    found: dict[str, list[tuple[int, int, int]]] = {}
    for pixel in seen:
        found.setdefault(nearest(pixel), []).append(pixel)
    largest = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))[:COLOURS]
    return clear, tuple((name, _mean(group), len(group) / len(seen)) for name, group in largest)


def _pixels(image: Image) -> Sequence[Any]:
    data = image.tobytes()
    return [tuple(data[at : at + 4]) for at in range(0, len(data), 4)]


def nearest(pixel: tuple[int, int, int]) -> str:
    """The name of the colour next to a pixel; the eye is most sensitive to green, least to blue."""

    def distance(name: str) -> int:
        red, green, blue = (a - b for a, b in zip(pixel, NAMED[name], strict=True))
        return 3 * red * red + 4 * green * green + 2 * blue * blue

    return min(NAMED, key=distance)


def _mean(pixels: Sequence[tuple[int, int, int]]) -> str:
    return "#" + "".join(f"{round(sum(channel) / len(pixels)):02x}" for channel in zip(*pixels, strict=True))


def describe(images: Sequence[SentImage], *, text_first: bool | None) -> str:
    """What the seer says about the images of a request.

    Args:
        images: As they arrived, in order.
        text_first: Whether the text came before the first image; None when there was no text.

    Returns:
        Markdown.

    Raises:
        ValueError: An image cannot be decoded.
    """
    if not images:
        return (
            "I am the *demo seer*: I measure images. This conversation holds none.\n\n"
            "Attach one, or try `orchat ask -i picture.png`.\n"
        )
    count = len(images)
    lines = [f"You sent **{count} image{'' if count == 1 else 's'}**. What I can measure:\n"]
    for number, image in enumerate(images, 1):
        lines += [f"## Image {number}\n", *_lines(image), ""]
    order = {True: "came before the images", False: "came after the first image", None: "is missing"}[text_first]
    lines.append(f"The text of your message {order}.\n")
    return "\n".join(lines)


def _lines(image: SentImage) -> list[str]:
    if image.data is None:
        return ["- A link; the demo fetches nothing, so I cannot see what is behind it."]
    facts = measure(image.data)
    lines = [
        f"- Format: **{facts.format}**, {facts.size:,} bytes, mode `{facts.mode}`",
        f"- Size: **{facts.width} × {facts.height} px**, {facts.orientation}",
    ]
    if facts.rotated:
        lines.append("- EXIF asks for it to be turned before it is shown")
    if facts.frames > 1:
        lines.append(f"- Animated: {facts.frames} frames")
    share = f"{facts.transparent:.0%} of the pixels" if facts.transparent else "none"
    lines.append(f"- Transparency: {share}")
    named = ", ".join(f"{name} `{code}` ({part:.0%})" for name, code, part in facts.colours)
    lines.append(f"- Main colours: {named or 'not measured'}")
    lines.append(f"- Written beside the pixels: {', '.join(facts.metadata) or 'nothing'}")
    if facts.corners:
        lines.append("- Quarters: {} above {}, {} above {}".format(*(facts.corners[at] for at in (0, 2, 1, 3))))
    return lines
