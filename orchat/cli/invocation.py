"""What was said before and around the command: where everything is, which settings count, demo or not."""

from __future__ import annotations

import gc
from collections.abc import Callable, Coroutine, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from orchat.cli.diagnostics import Diagnostics
from orchat.cli.output import Output
from orchat.errors import ConfigError
from orchat.paths import Paths

if TYPE_CHECKING:
    from orchat.config import LoadedConfig, PersonaSettings
    from orchat.demo.launch import DemoThread
    from orchat.runtime import FrontEnd, Runtime

T = TypeVar("T")

KEY_VARIABLES = frozenset({"OPENROUTER_API_KEY", "OPENROUTER_KEY", "ORCHAT_KEYS_FILE"})


@dataclass(slots=True, kw_only=True)
class Invocation:
    """One run of the command. Options fill it in; it makes what commands need, when they need it."""

    environ: dict[str, str]
    """The environment, read once."""
    diagnostics: Diagnostics
    """stderr."""
    output: Output
    """stdout."""
    demo: bool = False
    """Talk to the embedded demo server."""
    config_file: str | None = None
    """Settings file instead of the usual one."""
    overrides: dict[str, str] = field(default_factory=dict)
    """Settings from ``--set``."""
    _loaded: LoadedConfig | None = None

    def paths(self) -> Paths:
        """Where everything is.

        Raises:
            ConfigError: There is no home folder, or the settings file named does not exist.
        """
        paths = Paths.discover(self.environ)
        if self.config_file is None:
            return paths
        chosen = Path(self.config_file).expanduser().absolute()
        return replace(paths, chosen_config=chosen)

    def load(self) -> LoadedConfig:
        """The settings of all layers, read once: by now every option has been parsed.

        Raises:
            ConfigError: One is wrong.
        """
        if self._loaded is not None:
            return self._loaded
        from orchat.config import Config

        paths = self.paths()
        if self.config_file is not None and not paths.config_file.exists():
            raise ConfigError(
                f"{paths.config_file} does not exist",
                layer="flag",
                source="--config",
                hint="Name a file, or leave --config out.",
            )
        self._loaded = Config.load(paths, self.environ, self.overrides)
        return self._loaded

    def wear(self, name: str) -> PersonaSettings:
        """The persona of this name, whose fallback models count from now on.

        Raises:
            ConfigError: A setting is wrong.
            UsageError: There is no such persona.
        """
        loaded = self.load()
        persona = loaded.persona(name)
        if persona.fallbacks:
            models = replace(loaded.config.models, fallbacks=persona.fallbacks)
            self._loaded = replace(loaded, config=replace(loaded.config, models=models))
        return persona

    def runtime(self, front_end: FrontEnd, stack: ExitStack) -> Runtime:
        """A runtime that has not started; what belongs to it is ended with `stack`.

        Raises:
            ConfigError: A setting is wrong.
        """
        from orchat.runtime import Runtime

        if self.demo:
            return self.demo_runtime(front_end, stack)
        loaded, paths = self.load(), self.paths()
        stack.callback(_open_log(paths, loaded))
        return Runtime(front_end=front_end, loaded=loaded, paths=paths, environ=self.environ)

    def demo_runtime(self, front_end: FrontEnd, stack: ExitStack) -> Runtime:
        """A runtime that talks to a demo server of its own, which runs until `stack` is closed.

        Raises:
            ConfigError: A setting is wrong.
        """
        from orchat.demo import DEMO_KEY, start_demo
        from orchat.runtime import Runtime

        loaded, paths = self.load(), self.paths().for_demo()
        demo = start_demo()
        stack.callback(demo.stop)
        stack.callback(_open_log(paths, loaded))
        return Runtime(
            front_end=front_end,
            loaded=towards(demo, loaded),
            paths=paths,
            # The user's own keys are none of the demo's business.
            environ={name: value for name, value in self.environ.items() if name not in KEY_VARIABLES},
            key=DEMO_KEY,
            key_label="demo",
        )

    def run(self, work: Callable[[Runtime], Coroutine[Any, Any, T]], *, front_end: FrontEnd = "cli") -> T:
        """Run `work` with a runtime that has started, and close it however that ends.

        Raises:
            OrchatError: As the runtime and `work` do.
            KeyboardInterrupt: A signal ended it.
        """
        from orchat.cli import interrupts

        async def whole() -> T:
            async with runtime:
                await runtime.start()
                gc.freeze()  # what is loaded by now stays, and need not be looked at again
                gc.enable()
                return await work(runtime)

        with ExitStack() as stack:
            runtime = self.runtime(front_end, stack)
            return interrupts.run(whole)


def _open_log(paths: Paths, loaded: LoadedConfig) -> Callable[[], None]:
    from orchat import logs

    return logs.configure(paths, loaded.config.log, capture=("asyncio",)).close


def towards(demo: DemoThread, loaded: LoadedConfig) -> LoadedConfig:
    """The user's settings with the demo for a server."""
    config = loaded.config
    api = replace(config.api, base_url=demo.base_url, dialect="openrouter")
    models = replace(config.models, default="openrouter/auto", fallbacks=(), vision=("demo/seer",))
    keys = replace(config.keys, store="file", file="")
    return replace(loaded, config=replace(config, api=api, models=models, keys=keys))


def make(environ: Mapping[str, str], *, as_json: bool) -> Invocation:
    """An invocation without options."""
    return Invocation(environ=dict(environ), diagnostics=Diagnostics(environ, as_json=as_json), output=Output(environ))
