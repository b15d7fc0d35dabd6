"""Where orchat keeps its files, and the one place that reads the environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchat.errors import ConfigError, StoreUnwritable

APP = "orchat"
UNINHERITED = getattr(os, "O_CLOEXEC", 0)
"""Flag of `os.open`: programs that are started do not get the file. Windows needs none, and has none."""
UNWAITING = UNINHERITED | getattr(os, "O_NONBLOCK", 0)
"""Flags of `os.open`: and a pipe that nobody writes into is not waited for."""


def environment() -> dict[str, str]:
    """A copy of the process's environment: a front end takes it once and hands it down."""
    return dict(os.environ)  # noqa: TID251  # this is its home


def set_default_variable(name: str, value: str) -> None:
    """Set a variable that a library reads when it is imported, unless the user has set it."""
    os.environ.setdefault(name, value)  # noqa: TID251  # this is its home


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Every folder and file of orchat. Making one touches no disk."""

    config_dir: Path
    """Settings, written by people."""
    data_dir: Path
    """The database and what stands beside it: what must not be lost."""
    cache_dir: Path
    """What can be fetched again."""
    log_dir: Path
    """The log and its older parts."""
    chosen_config: Path | None = None
    """A settings file named by the user; None: the one in `config_dir`."""

    @classmethod
    def discover(cls, environ: Mapping[str, str]) -> Paths:
        """Find the folders of this user.

        Args:
            environ: The environment; ``ORCHAT_HOME`` moves everything under one folder.

        Raises:
            ConfigError: There is no home folder to start from.
        """
        if environ.get("ORCHAT_HOME"):
            home = absolute(environ["ORCHAT_HOME"], environ)
            return cls(config_dir=home, data_dir=home / "data", cache_dir=home / "cache", log_dir=home / "logs")
        return _xdg(environ) if sys.platform == "linux" else _native()

    def for_demo(self) -> Paths:
        """The demo's own folders, apart from the user's."""
        return Paths(
            config_dir=self.config_dir / "demo",
            data_dir=self.data_dir / "demo",
            cache_dir=self.cache_dir / "demo",
            log_dir=self.log_dir / "demo",
            chosen_config=self.chosen_config,
        )

    @property
    def config_file(self) -> Path:
        """The settings; may not exist."""
        return self.chosen_config or self.config_dir / "config.toml"

    @property
    def database(self) -> Path:
        """Sessions, ledger, key labels, catalogue."""
        return self.data_dir / "orchat.db"

    @property
    def drafts(self) -> Path:
        """What was typed and not yet sent."""
        return self.data_dir / "drafts"

    @property
    def log_file(self) -> Path:
        """JSON lines, newest last."""
        return self.log_dir / "orchat.log"

    def ensure(self) -> None:
        """Create the data and cache folders, readable by their owner alone.

        The configuration folder appears with the first written setting, the log folder with the first line.

        Raises:
            StoreUnwritable: A folder cannot be created.
        """
        for folder in (self.data_dir, self.cache_dir):
            make_private(folder)


def make_private(folder: Path, *, tighten: bool = True) -> None:
    """Create a folder and its missing parents with mode 0700.

    Args:
        folder: May exist already.
        tighten: Take the access of group and others to an existing folder away.

    Raises:
        StoreUnwritable: It cannot be created, or is not a folder.
    """
    try:
        for place in (*reversed(folder.parents), folder):
            if not place.exists():
                place.mkdir(mode=0o700, exist_ok=True)
        status = folder.stat()
        if not folder.is_dir():
            raise NotADirectoryError(20, "is not a folder")
        if tighten and status.st_mode & 0o077 and status.st_uid == os.geteuid():
            folder.chmod(0o700)
    except OSError as error:
        raise StoreUnwritable(
            f"cannot create the folder {folder}: {(error.strerror or type(error).__name__).lower()}",
            hint="Make it writable, or set ORCHAT_HOME to a folder of yours.",
        ) from None


def _xdg(environ: Mapping[str, str]) -> Paths:
    """The XDG folders, as platformdirs finds them; importing platformdirs costs 14 ms, these four lines nothing."""

    def base(variable: str, default: str) -> Path:
        value = environ.get(variable, "")
        return Path(value) / APP if value.startswith("/") else _home(environ) / default / APP

    return Paths(
        config_dir=base("XDG_CONFIG_HOME", ".config"),
        data_dir=base("XDG_DATA_HOME", ".local/share"),
        cache_dir=base("XDG_CACHE_HOME", ".cache"),
        log_dir=base("XDG_STATE_HOME", ".local/state") / "log",
    )


def _native() -> Paths:
    from platformdirs import PlatformDirs

    folders = PlatformDirs(APP, appauthor=False)
    return Paths(
        config_dir=folders.user_config_path,
        data_dir=folders.user_data_path,
        cache_dir=folders.user_cache_path,
        log_dir=folders.user_log_path,
    )


def absolute(text: str, environ: Mapping[str, str]) -> Path:
    """An absolute path; a leading ``~`` is the home folder, because not every place expands it."""
    if text == "~" or text.startswith("~/"):
        return _home(environ) / text[2:]
    return Path(text).absolute()


def _home(environ: Mapping[str, str]) -> Path:
    if environ.get("HOME", "").startswith("/"):
        return Path(environ["HOME"])
    import pwd

    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        raise ConfigError(
            "there is no home folder: HOME is not set and the user has no entry in the user database",
            layer="environment",
            source="HOME",
            hint="Set HOME, or set ORCHAT_HOME to a folder of yours.",
        ) from None
