"""Links to pictures: passed on, never fetched."""

from __future__ import annotations

from urllib.parse import urlsplit

from orchat.domain.clean import clean_line, is_clean
from orchat.domain.content import ImagePart
from orchat.errors import MediaUnsupported

MAX_LENGTH = 8192
"""Characters of a link."""

_ATTACH_FILE = "Save the picture and attach the file."


def is_link(text: str) -> bool:
    """Whether `text` is meant as a link and not as a path."""
    head, separator, _ = text.partition("://")
    return bool(separator) and len(head) > 1 and head.replace("+", "").replace("-", "").isalnum()


def link_image(url: str) -> ImagePart:
    """Make a part of a link to a picture.

    The model's provider fetches it; orchat does not, so a link in a prompt can reach nothing on this machine's network.

    Args:
        url: The link, ``https`` or ``http``.

    Returns:
        The part, named by the link's last path segment.

    Raises:
        MediaUnsupported: Another scheme, no host, a user name in it, or too long.
    """
    url = url.strip()
    try:
        parts = urlsplit(url)
        host, secret = parts.hostname, parts.username is not None or parts.password is not None
    except ValueError:
        host, secret = None, False
    else:
        if parts.scheme not in ("http", "https"):
            scheme = clean_line(parts.scheme, 20) or "no scheme"
            hint = "Name the file by its path." if scheme == "file" else _ATTACH_FILE
            raise MediaUnsupported(f"a picture's link must be http or https, not {scheme}", hint=hint)
    if not host or len(url) > MAX_LENGTH or not is_clean(url) or any(c.isspace() for c in url):
        raise MediaUnsupported("that is not a usable link to a picture", hint=_ATTACH_FILE)
    if secret:
        raise MediaUnsupported("the link holds a user name or a password", hint=_ATTACH_FILE)
    return ImagePart(url=url, name=clean_line(parts.path.rpartition("/")[2] or host, 80))
