"""What a model's id alone tells."""

from __future__ import annotations


def is_free_id(model_id: str) -> bool:
    """True for ``…:free`` and the free router; the free limits of the account apply to these."""
    return model_id.endswith(":free") or model_id == "openrouter/free"
