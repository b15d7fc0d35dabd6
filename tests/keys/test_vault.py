"""Which place keys are kept in, and how long it may take to answer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from orchat.config import KeySettings
from orchat.keys import secret_service
from orchat.keys.vault import KeyringVault, Vault, vault_for


@pytest.mark.parametrize(
    ("settings", "environ", "place"),
    [
        ({}, {}, "the system's keyring, service orchat"),
        ({}, {"ORCHAT_KEYS_FILE": "/k.json"}, "the file /k.json"),
        ({}, {"ORCHAT_KEYS_FILE": "~/k.json", "HOME": "/home/me"}, "the file /home/me/k.json"),
        ({"file": "/s.json"}, {}, "the file /s.json"),
        ({"file": "/s.json"}, {"ORCHAT_KEYS_FILE": "/k.json"}, "the file /k.json"),
        (
            {"store": "keyring", "file": "/s.json"},
            {"ORCHAT_KEYS_FILE": "/k.json"},
            "the system's keyring, service orchat",
        ),
        ({"store": "file"}, {}, "the file /data/keys.json"),
        ({"store": "file", "file": "/s.json"}, {}, "the file /s.json"),
        ({"store": "env"}, {"ORCHAT_KEYS_FILE": "/k.json"}, None),
    ],
)
def test_the_place_is_the_one_asked_for(settings: dict[str, Any], environ: dict[str, str], place: str | None) -> None:
    vault = vault_for(KeySettings(**settings), environ, Path("/data"))

    assert (None if vault is None else vault.place) == place


@pytest.mark.parametrize(
    ("environ", "platform", "seconds"),
    [
        ({}, "linux", 5.0),
        ({"DISPLAY": ":0"}, "linux", 30.0),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", 30.0),
        ({}, "darwin", 30.0),
    ],
)
def test_where_a_password_may_be_asked_for_there_is_time_to_type_it(
    environ: dict[str, str], platform: str, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    vault: Vault | None = vault_for(KeySettings(), environ, Path("/data"))

    assert isinstance(vault, KeyringVault)
    assert vault._timeout_s == seconds


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({}, "linux", True),
        ({"XDG_CURRENT_DESKTOP": "ubuntu:GNOME"}, "linux", True),
        ({"XDG_CURRENT_DESKTOP": "KDE"}, "linux", False),
        ({"PYTHON_KEYRING_BACKEND": ""}, "linux", False),
        ({"KEYRING_PROPERTY_SCHEME": "KeePassXC"}, "linux", False),
        ({}, "darwin", False),
        ({}, "win32", False),
        ({"XDG_CONFIG_HOME": "{home}/config"}, "linux", False),
    ],
)
def test_keyring_is_passed_by_only_where_nobody_asked_for_another_one(
    environ: dict[str, str], platform: str, expected: bool, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    (home / "config" / "python_keyring").mkdir(parents=True)
    (home / "config" / "python_keyring" / "keyringrc.cfg").touch()
    told = {name: value.format(home=home) for name, value in environ.items()}

    assert secret_service.is_default({"HOME": str(home), **told}) is expected
