"""How much text a token is, where nobody has counted."""

from __future__ import annotations

CHARACTERS_PER_TOKEN = 4
"""Of English; other languages and code have fewer."""
