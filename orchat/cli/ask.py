"""``orchat ask``: one prompt, one answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from orchat.cli.answer import Answer
from orchat.cli.diagnostics import ExitCode
from orchat.cli.options import common, completed, invocation_of, json_option, models_option, persona_option
from orchat.cli.question import Options, read_question
from orchat.cli.sinks import Code, Held, Plain

if TYPE_CHECKING:
    from orchat.cli.exchange import Exchange
    from orchat.cli.invocation import Invocation
    from orchat.cli.question import Question
    from orchat.cli.schema import Schema
    from orchat.cli.sinks import Sink
    from orchat.runtime import Runtime


@click.command("ask", add_help_option=False)
@click.argument("prompt", required=False, metavar="[PROMPT]")
@models_option("Model; the next ones are fallbacks.")
@click.option("-s", "--system", metavar="TEXT", help="System prompt.")
@persona_option
@click.option(
    "-i",
    "--image",
    "images",
    multiple=True,
    metavar="IMAGE",
    shell_complete=completed("files"),
    help="Picture to send; - is stdin.",
)
@click.option(
    "-f",
    "--file",
    "files",
    multiple=True,
    metavar="FILE",
    shell_complete=completed("files"),
    help="Text file or PDF to send; - is stdin.",
)
@click.option("--keep-original", is_flag=True, help="Send pictures as they are, with place, time and device in them.")
@click.option("-c", "--continue", "latest", is_flag=True, help="Go on with the latest session.")
@click.option(
    "--session",
    metavar="ID",
    shell_complete=completed("sessions"),
    help="Go on with this session; the beginning of its id is enough.",
)
@click.option("--save/--no-save", default=None, help="Keep it as a session, or not (default: as configured).")
@click.option("--no-stream", is_flag=True, help="Ask for the whole answer at once.")
@click.option("--cache/--no-cache", "use_cache", default=None, help="Answer an equal request from the local cache.")
@click.option("--over-budget", is_flag=True, help="Send it although a budget is used up.")
@click.option(
    "--on-exhausted", type=click.Choice(["stop", "switch"]), help="When the key can no longer serve: stop, or switch."
)
@click.option(
    "-p",
    "--param",
    "pairs",
    multiple=True,
    metavar="KEY=VALUE",
    shell_complete=completed("parameters"),
    help="Request parameter: temperature=0.2.",
)
@click.option(
    "--schema",
    metavar="FILE",
    shell_complete=completed("files"),
    help="JSON schema that the answer must fit; one more try if it does not.",
)
@click.option("--extract", is_flag=True, help="Print only the first code block of the answer.")
@click.option("--extract-last", is_flag=True, help="Print only the last one.")
@click.option("--raw", is_flag=True, help="On a terminal, too, print the text as it is.")
@click.option("-u", "--usage", "summary", is_flag=True, help="Say tokens, cost and time on stderr, always.")
@json_option
@common()
@click.pass_context
def command(context: click.Context, /, *, as_json: bool, summary: bool, on_exhausted: str | None, **given: Any) -> int:
    """Ask once; the answer goes to stdout.

    The prompt is the argument, stdin, or both: cat log | orchat ask "why?". Nothing but the answer goes to stdout,
    as it arrives: rendered on a terminal, elsewhere byte for byte. A dim last line on stderr gives model, tokens,
    cost and time.

    Ctrl-C stops the answer and keeps what has arrived. Exit codes: 0 done, 1 the request failed or was cut,
    2 usage or settings, 3 keys, 4 database, 130 interrupted.
    """
    invocation = invocation_of(context)
    if on_exhausted is not None:
        invocation.overrides["keys.on_exhausted"] = on_exhausted
    question = read_question(invocation, Options(**given), as_json=as_json)

    async def ask(runtime: Runtime) -> None:
        from orchat.cli.exchange import begin

        exchange = begin(runtime, question)
        if question.schema is None:
            sink = None if as_json else _sink(invocation, question)
            answer = Answer(invocation.output, invocation.diagnostics, sink=sink, summary=summary)
            await exchange.put(question.prompt, answer)
        else:
            await _fitting(invocation, exchange, question.prompt, question.schema, as_json=as_json, summary=summary)
        for remark in runtime.parts.ring.remarks():
            invocation.diagnostics.note(remark)

    invocation.run(ask, front_end="ask")
    return ExitCode.DONE


def _sink(invocation: Invocation, question: Question) -> Sink:
    """Where the text goes."""
    output = invocation.output
    if question.extract is not None:
        return Code(output, question.extract)
    if question.raw or not output.can_draw:
        return Plain(output)
    from orchat.cli.rendering import Rendering

    return Rendering(output)


async def _fitting(
    invocation: Invocation, exchange: Exchange, prompt: str, schema: Schema, *, as_json: bool, summary: bool
) -> None:
    """Ask until the answer fits the schema, twice at most, and print the last one.

    Raises:
        SchemaUnmet: It does not fit.
    """
    from orchat.cli.schema import SchemaUnmet, again, bare

    output, tell = invocation.output, invocation.diagnostics
    if schema.unchecked:
        tell.remark(f"not checked here: {', '.join(schema.unchecked)}")
    for is_last in (False, True):
        held = Held(output)
        answer = Answer(output, tell, sink=None if as_json else held, summary=summary, is_held=True)
        await exchange.put(prompt, answer)
        fault = schema.fault(bare(answer.text))
        if fault is None or is_last:
            break
        tell.remark(f"the answer does not fit the schema, asking once more: {fault}")
        prompt = again(fault)
    if as_json:
        await answer.show()
    else:
        await output.stream(bare(answer.text) if fault is None else answer.text)
        await output.stream("\n" if output.in_line else "")
    if fault is not None:
        raise SchemaUnmet(f"the answer does not fit the schema: {fault}", hint="Ask another model, or loosen it.")
