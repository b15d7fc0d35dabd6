"""Every scope has a name of its own."""

from __future__ import annotations

from orchat.domain.scope import account_scope, free_scope, key_scope, model_scope


def test_scopes_are_spelt_the_same_everywhere() -> None:
    assert [scope("x") for scope in (key_scope, account_scope, free_scope, model_scope)] == [
        "key:x",
        "account:x",
        "free:x",
        "model:x",
    ]
