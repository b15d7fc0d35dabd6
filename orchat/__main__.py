"""The command ``orchat``, also as ``python -m orchat``."""

import gc
import os
import sys


def main() -> None:
    """Run the command of this process and leave with its exit code."""
    _keep_standard_descriptors()
    if sys.argv[1:] in (["--version"], ["-V"]):
        sys.exit(_version())
    from orchat.cli.main import main as run

    sys.exit(run(sys.argv[1:]))


def _version() -> int:
    """Nothing is imported for this: it has to be as fast as Python itself."""
    from orchat import __version__

    try:
        os.write(1, f"orchat {__version__}\n".encode())
    except OSError:
        return 1
    return 0


def _keep_standard_descriptors() -> None:
    """Where stdin, stdout or stderr is closed, the next file opened would take its number and get what we say."""
    for number, mode in ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_RDONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)


if __name__ == "__main__":
    main()
