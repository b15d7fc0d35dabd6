"""What a limit, a hold or a queue belongs to: a key, an account, the free models of an account, or a model."""

from __future__ import annotations


def key_scope(fingerprint: str) -> str:
    """One key.

    Args:
        fingerprint: First 8 hex digits of its SHA-256.
    """
    return f"key:{fingerprint}"


def account_scope(account: str) -> str:
    """Every key of an account.

    Args:
        account: Its hash, or the fingerprint of the key where the account is not known.
    """
    return f"account:{account}"


def free_scope(account: str) -> str:
    """Every key of an account, on free models alone.

    Args:
        account: As for `account_scope`.
    """
    return f"free:{account}"


def model_scope(model: str) -> str:
    """One model, whoever asks it.

    Args:
        model: Its id.
    """
    return f"model:{model}"
