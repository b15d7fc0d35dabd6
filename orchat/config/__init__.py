"""Settings: defaults < config.toml < environment < flags, each value with its origin."""

from __future__ import annotations

from orchat.config.sections import (
    ApiSettings,
    BreakerSettings,
    BudgetSettings,
    CacheSettings,
    ChatSettings,
    KeySettings,
    LimitSettings,
    LogSettings,
    MediaSettings,
    ModelSettings,
    OcrSettings,
    PersonaSettings,
    ProviderSettings,
    RetrySettings,
    TuiSettings,
)
from orchat.config.settings import Config, LoadedConfig, Row
from orchat.config.sources import Origin

__all__ = [
    "ApiSettings",
    "BreakerSettings",
    "BudgetSettings",
    "CacheSettings",
    "ChatSettings",
    "Config",
    "KeySettings",
    "LimitSettings",
    "LoadedConfig",
    "LogSettings",
    "MediaSettings",
    "ModelSettings",
    "OcrSettings",
    "Origin",
    "PersonaSettings",
    "ProviderSettings",
    "RetrySettings",
    "Row",
    "TuiSettings",
]
