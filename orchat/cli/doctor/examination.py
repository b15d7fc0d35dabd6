"""All checks in their order; each stands on what those before it have found, and none needs them to be well."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from orchat.cli.doctor import database, installation, keyring, network, places, probe, service, terminal
from orchat.cli.doctor.finding import Finding, guarded, of_error, skip
from orchat.cli.doctor.report import Report
from orchat.cli.invocation import Invocation, towards
from orchat.clock import SystemClock
from orchat.config import Config, LoadedConfig
from orchat.errors import OrchatError, StoreError

if TYPE_CHECKING:
    from orchat.domain.secret import Secret
    from orchat.paths import Paths

MEND = "Mend it, or move the file away and run `orchat config init`."


class Examination:
    """One visit.

    Args:
        invocation: What was said on the command line.
        report: Takes the findings.
        stack: Ends what the visit needs.
    """

    def __init__(self, invocation: Invocation, report: Report, stack: ExitStack) -> None:
        self._invocation = invocation
        self._report = report
        self._stack = stack
        self._clock = SystemClock()
        self._current: str | None = None

    def run(self, *, offline: bool) -> None:
        """Look at everything.

        Args:
            offline: Leave the network alone.
        """
        self._add(guarded("orchat", installation.version))
        self._add(guarded("python", installation.python))
        self._add(guarded("sqlite", installation.sqlite))
        paths = self._paths()
        loaded = self._settings(paths)
        if paths is not None:
            self._files(paths)
            self._database(paths.database)
        for finding in installation.keymap(loaded):
            self._add(finding)
        key = self._keys(loaded.config, paths)
        self._network(loaded.config, key, offline=offline)
        self._terminal(loaded.config)

    def _add(self, finding: Finding) -> Finding:
        return self._report.add(finding)

    def _paths(self) -> Paths | None:
        try:
            paths = self._invocation.paths()
        except OrchatError as error:
            self._add(of_error("folders", error))
            return None
        return paths.for_demo() if self._invocation.demo else paths

    def _settings(self, paths: Paths | None) -> LoadedConfig:
        """The settings; the usual ones where somebody's own cannot be read."""
        loaded = LoadedConfig(config=Config(), origins={})
        try:
            loaded = self._invocation.load()
            own = self._invocation.paths()  # the demo has no settings of its own
            self._add(installation.settings(own, loaded))
        except Exception as error:
            found = of_error("settings", error)
            if paths is not None:
                self._add(replace(found, fix=found.fix or MEND))
        if not self._invocation.demo:
            return loaded
        from orchat.demo import start_demo

        demo = start_demo()
        self._stack.callback(demo.stop)
        return towards(demo, loaded)

    def _files(self, paths: Paths) -> None:
        for name, path, private in places.all_of(paths):
            self._add(guarded(name, lambda: places.folder(name, path, private=private)))  # noqa: B023  # called at once
        self._add(guarded("log file", lambda: places.file("log file", paths.log_file)))
        self._add(guarded("database file", lambda: places.file("database file", paths.database)))
        self._add(guarded("file system", lambda: database.place(paths.database)))

    def _database(self, path: Path) -> None:
        from orchat.store.inspection import inspected

        try:
            if not path.exists():
                self._add(skip("database", "there is none yet; the first start makes it"))
                return
            with inspected(path) as connection:
                if self._read("database", path, lambda: database.opened(path, connection)).state == "fault":
                    return
                self._read("integrity", path, lambda: database.whole(path, connection))
                self._read("ledger", path, lambda: database.ledger(connection))
                with suppress(StoreError):
                    self._current = database.reading(path, lambda: database.current_key(connection))
        except Exception as error:
            self._add(of_error("database", error))

    def _read(self, name: str, path: Path, check: Callable[[], Finding]) -> Finding:
        return self._add(guarded(name, lambda: database.reading(path, check)))

    def _keys(self, config: Config, paths: Paths | None) -> tuple[str, Secret] | None:
        if self._invocation.demo:
            from orchat.demo import DEMO_KEY

            return "demo", DEMO_KEY
        if paths is None:
            self._add(skip("keys", "the folders are not known"))
            return None
        environ = self._invocation.environ
        found = keyring.Found(finding=skip("keys", ""))

        def look() -> Finding:
            nonlocal found
            found = keyring.read(config.keys, environ, paths.data_dir, self._clock)
            return found.finding

        self._add(guarded("keys", look))
        key = keyring.chosen(found, self._current)
        self._add(keyring.which(found, key))
        return key

    def _network(self, config: Config, key: tuple[str, Secret] | None, *, offline: bool) -> None:
        if offline:
            self._add(skip("network", "left alone (--offline)"))
            return
        from orchat.openrouter.server import read_base_url

        try:
            server = read_base_url(config.api.base_url)
        except OrchatError as error:
            self._add(of_error("server", error))
            return
        environ, clock = self._invocation.environ, self._clock
        self._add(guarded("proxy", lambda: network.proxies(server, environ)))
        host, port = network.first_stop(server, environ)
        reached = self._add(guarded("dns", lambda: network.name(host, clock))).state != "fault"
        reached = (
            reached and self._add(guarded("connect", lambda: network.connection(host, port, clock))).state != "fault"
        )
        if reached and server.is_tls and network.proxy_of(server, environ) is None:
            reached = self._add(guarded("tls", lambda: network.tls(host, port, clock))).state != "fault"
        if not reached:
            self._add(skip("server", "not asked: there is no way to it"))
            return
        for finding in service.visit(replace(config.api, total_timeout_s=service.LIMIT_S), key, clock):
            self._add(finding)

    def _terminal(self, config: Config) -> None:
        environ, output = self._invocation.environ, self._invocation.output
        self._add(guarded("terminal", lambda: terminal.kind(environ, is_terminal=output.is_terminal)))
        self._add(guarded("colours", lambda: terminal.colours(environ)))
        self._add(guarded("locale", lambda: terminal.encoding(environ)))
        self._add(guarded("size", terminal.size))
        answers: probe.Answers | None = None

        def ask() -> Finding:
            nonlocal answers
            answers = probe.ask(probe.question_for(environ))
            return terminal.keyboard(answers)

        self._add(guarded("keyboard", ask))
        for finding in terminal.reachable(config, answers):
            self._add(finding)
        self._add(guarded("pictures", lambda: terminal.pictures(answers)))
        self._add(guarded("clipboard", lambda: terminal.clipboard(environ, answers)))
        if environ.get("TMUX"):
            self._add(guarded("tmux", lambda: terminal.passthrough(environ)))
