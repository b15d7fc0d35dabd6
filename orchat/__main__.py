"""The command ``orchat``, also as ``python -m orchat``."""

import gc
import os
import sys


def main() -> None:
    """Run the command of this process and leave with its exit code."""
    _keep_standard_descriptors()
    if sys.argv[1:] in (["--version"], ["-V"]):
        sys.exit(_version())
    gc.disable()  # loading modules leaves nothing to collect; what runs for long switches it on again
    code = _screen() if _is_bare() else _command()
    _flush()
    # Everything is closed by now, and taking the interpreter apart takes as long as a fifth of a short command.
    os._exit(code)


def _is_bare() -> bool:
    """Whether the screen is wanted; a shell that asks for completions gives no arguments either."""
    from orchat.paths import environment

    return not sys.argv[1:] and "_ORCHAT_COMPLETE" not in environment()


def _command() -> int:
    from orchat.cli.main import main as run

    return run(sys.argv[1:])


def _screen() -> int:
    from orchat.cli.tui import main as run

    return run()


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


def _flush() -> None:
    """Whatever a library has said and not yet sent; a reader that has gone is not worth a complaint."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            continue


if __name__ == "__main__":
    main()
