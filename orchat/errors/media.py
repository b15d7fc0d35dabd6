"""Errors of files that are to be attached."""

from __future__ import annotations

from orchat.errors.base import OrchatError


class MediaError(OrchatError):
    """A file cannot be attached."""


class MediaNotFound(MediaError):
    """The file does not exist or cannot be read."""


class MediaTooLarge(MediaError):
    """Too many bytes or pixels."""


class MediaUnsupported(MediaError):
    """A format that orchat does not send."""


class MediaDamaged(MediaError):
    """The file ends early or cannot be decoded."""
