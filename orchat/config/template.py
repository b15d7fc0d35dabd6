"""The example file, generated from the declarations so that it cannot go stale."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path

from orchat.config.sections import SECTIONS, PersonaSettings
from orchat.config.values import as_toml
from orchat.errors import StoreUnwritable, UsageError
from orchat.paths import Paths, make_private

HEAD = """\
# Settings of orchat. Every line shows the default; take away the leading # to change it.
# Flags go before environment variables (ORCHAT_SECTION__KEY), and those before this file.
# `orchat config show --origin` tells what counts and why. Keys do not belong here: `orchat keys add`.
"""


def example() -> str:
    """The text of ``config.example.toml``: all settings, commented out, with what they do."""
    parts = [HEAD]
    for section, kind in SECTIONS.items():
        parts.append(f"\n# {kind.__doc__}\n[{section}]\n")
        for item in fields(kind):
            about, sample = item.metadata["about"], item.metadata["example"]
            words = " | ".join(as_toml(choice) for choice in item.metadata["choices"])
            comment = f"# {about} {words}".rstrip()
            if item.default is None:
                parts.append(f"{comment} Not set by default; for example:\n# {item.name} = {as_toml(sample)}\n")
                continue
            parts.append(f"{comment}\n#{item.name} = {as_toml(item.default)}\n")
    parts.append(_persona())
    parts.append(
        '\n# Keys of your own: command = "key", several separated by commas, none for no key.'
        "\n# docs/keys-and-commands.md has the names, and `orchat doctor keys` shows what a terminal sends.\n[keymap]\n"
    )
    return "".join(parts)


def _persona() -> str:
    """One persona as a comment: an active table would be a persona."""
    lines = [
        "",
        "# Somebody to talk to, for `orchat --persona NAME` and `orchat ask --persona NAME`; any line may be missing.",
        "#     [personas.reviewer]",
    ]
    for item in fields(PersonaSettings):
        lines.append(f"#     # {item.metadata['about']}")
        lines.append(f"#     {item.name} = {as_toml(item.metadata['example'])}")
    return "\n".join(lines) + "\n"


def write_initial(paths: Paths) -> Path:
    """Write the example file to where the settings are read from.

    Args:
        paths: Says where.

    Returns:
        The file written, readable by its owner alone.

    Raises:
        UsageError: There is a file already; it is left as it is.
        StoreUnwritable: The folder or the file cannot be written.
    """
    make_private(paths.config_dir, tighten=False)
    target = paths.config_file
    try:
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(example())
    except FileExistsError:
        raise UsageError(f"{target} exists already", hint="Edit it, or move it away first.") from None
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise StoreUnwritable(f"cannot write {target}: {reason}", hint="Make its folder writable.") from None
    return target
