"""The model for requests that name none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchat.errors import OrchatError
from orchat.store import settings

if TYPE_CHECKING:
    from orchat.config import Config
    from orchat.dispatch.attempt import Ground
    from orchat.keys.ring import KeyLease

TIER_MAX_AGE_S = 24 * 3600.0


async def default_model(ground: Ground, config: Config, lease: KeyLease) -> str:
    """`models.default`, or `models.free_default` for a key without credit, which always answers for nothing.

    Whether a key is on the free tier is asked once a day and remembered. A server that is not OpenRouter has no such
    router: there the first model of its catalogue serves, unless the configuration names another.

    Args:
        ground: Shared parts.
        config: Settings of ``[models]``.
        lease: The key that will pay.

    Returns:
        A model id.
    """
    wanted = config.models.default
    if ground.client.dialect != "openrouter":
        if wanted.startswith("openrouter/"):
            return await _first_of_the_catalogue(ground) or wanted
        return wanted
    if wanted != "openrouter/auto":
        return wanted
    return config.models.free_default if await _is_free_tier(ground, lease) else wanted


async def _first_of_the_catalogue(ground: Ground) -> str | None:
    try:
        models = (await ground.models.current()).models
    except OrchatError:
        return None
    return models[0].id if models else None


async def _is_free_tier(ground: Ground, lease: KeyLease) -> bool:
    name = f"free_tier:{lease.fingerprint}"
    now = ground.clock.now()
    kept = await ground.db.read(settings.get, name)
    if kept is not None:
        tier, _, at = kept.partition("@")
        if now - float(at) < TIER_MAX_AGE_S:
            return tier == "free"
    try:
        status = await ground.client.key_status(lease.secret)
    except OrchatError:
        return False
    tier = "free" if status.is_free_tier else "paid"
    await ground.db.write(settings.put, name, f"{tier}@{now}")
    return status.is_free_tier
