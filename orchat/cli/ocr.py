"""``orchat ocr``: pictures and documents become text, page by page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchat.cli.options import common, completed, invocation_of, models_option
from orchat.errors import UsageError

if TYPE_CHECKING:
    from orchat.ocr.job import Wish
    from orchat.runtime import Runtime

FORMATS = ("md", "txt", "json")


@click.command("ocr", add_help_option=False)
@click.argument("paths", nargs=-1, metavar="[FILE|DIR|PDF]...", shell_complete=completed("files"))
@click.option("-o", "--output", "folder", metavar="DIR", shell_complete=completed("files"), help="Where the texts go.")
@click.option("--format", "form", type=click.Choice(FORMATS), help="Markdown (default), plain text, or JSON.")
@models_option("Model that reads; the next ones are fallbacks. Default: models.vision.")
@click.option(
    "--prompt", "prompt_file", metavar="FILE", shell_complete=completed("files"), help="What the model is told."
)
@click.option("--jobs", type=click.IntRange(1, 64), metavar="N", help="Pages under way at once (default: ocr.jobs).")
@click.option("--max-cost", metavar="USD", help="Stop before the job costs more.")
@click.option("--resume", is_flag=True, help="Go on with the job in DIR: no page twice, none missing.")
@click.option("--dry-run", is_flag=True, help="Only say how many pages there are, and what they may cost.")
@click.option("--over-budget", is_flag=True, help="Go on although a budget of the settings is used up.")
@common()
@click.pass_context
def command(context: click.Context, /, **given: Any) -> int:
    """Read the text of pictures and documents, page by page.

    With -o, DIR gets a text for each page and one document of all; what is done there survives Ctrl-C, a crash and
    a full disk, and --resume goes on with it. Without -o the document goes to stdout.

    The estimate comes first, then what is done; both on stderr. Exit codes: 0 every page was read, 1 some were not,
    2 usage or settings, 3 keys, 4 disk, 130 interrupted.
    """
    from orchat.cli.pages import Options, Pages
    from orchat.ocr.estimate import limit_of

    invocation = invocation_of(context)
    wish = _wish(given)
    options = Options(
        folder=None if given["folder"] is None else Path(given["folder"]).expanduser().absolute(),
        jobs=given["jobs"],
        max_cost_pico=None if given["max_cost"] is None else limit_of(given["max_cost"]),
        is_dry=given["dry_run"],
        over_budget=given["over_budget"],
    )

    async def read(runtime: Runtime) -> int:
        return await Pages(invocation, runtime, wish, options).read()

    return invocation.run(read, front_end="ask")


def _wish(given: dict[str, Any]) -> Wish:
    if not given["paths"] and not (given["resume"] and given["folder"]):
        raise UsageError("there is nothing to read", hint="Name pictures, PDF documents or folders.")
    from orchat.ocr.job import Wish
    from orchat.ocr.prompt import read_prompt

    models = given["models"]
    return Wish(
        paths=given["paths"],
        model=next(iter(models), None),
        fallbacks=models[1:],
        prompt=None if given["prompt_file"] is None else read_prompt(given["prompt_file"]),
        format=given["form"],
        resume=given["resume"],
        is_trial=given["dry_run"],
    )
