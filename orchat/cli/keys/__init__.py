"""``orchat keys``: API keys, which are never shown and never an argument."""

from __future__ import annotations

import click

from orchat.cli.keys.adding import add, import_
from orchat.cli.keys.changing import disable, enable, order, remove, rename, use
from orchat.cli.keys.showing import list_, where
from orchat.cli.keys.testing import test
from orchat.cli.options import help_option


@click.group("keys", add_help_option=False, no_args_is_help=False)
@help_option
def command() -> None:
    """Keep API keys in the system's keyring.

    The ring is the order in which keys take turns: a new instance of orchat goes on to the next one when the current
    key has sent more requests today than keys.rotate_after allows.
    """


for _each in (add, import_, list_, where, test, use, rename, disable, enable, order, remove):
    command.add_command(_each)
