"""Errors of the database."""

from __future__ import annotations

from orchat.errors.base import OrchatError


class StoreError(OrchatError):
    """The database cannot be used."""


class StoreBusy(StoreError):
    """Another process holds the database for too long."""


class StoreNewer(StoreError):
    """The database was written by a newer orchat."""


class StoreForeign(StoreError):
    """The file is not an orchat database."""


class StoreDamaged(StoreError):
    """SQLite says that the file is malformed."""


class StoreUnwritable(StoreError):
    """Read-only, full disk or wrong owner."""
