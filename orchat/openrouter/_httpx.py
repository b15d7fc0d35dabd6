"""The one import of httpx, without its command line."""

from __future__ import annotations

import sys
from types import ModuleType

# `import httpx` loads its own command line (click, rich and pygments) when those happen to be installed, and they are:
# a third of the import's time for something orchat never calls. A stand-in keeps it out, and is gone right afterwards.
_NAME = "httpx._main"


def _run_command_line() -> None:
    """What ``httpx.main`` does when somebody calls it after all."""
    from httpx._main import main

    main()


_is_stand_in = "httpx" not in sys.modules
if _is_stand_in:
    _stand_in = ModuleType(_NAME)
    _stand_in.main = _run_command_line  # type: ignore[attr-defined]  # the one name that httpx takes from it
    sys.modules[_NAME] = _stand_in
try:
    import httpx
finally:
    if _is_stand_in:
        sys.modules.pop(_NAME, None)

__all__ = ["httpx"]
