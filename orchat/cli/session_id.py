"""Completion of session ids by the shell."""

from __future__ import annotations

from orchat.cli.options import completed

session_ids = completed("sessions")
"""Ids of sessions, each with its title."""
deleted_ids = completed("deleted_sessions")
"""The same of sessions that can be brought back."""
