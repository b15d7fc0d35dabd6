"""The demo writer's prose: rich Markdown that relates a little to the prompt, the same for the same prompt."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence

from orchat.demo import prompts
from orchat.demo.schema import instance
from orchat.demo.tokens import prompt_tokens

Section = Callable[[str], str]


def _greeting(topic: str) -> str:
    about = f" You mentioned **{topic}**; I can say a lot of plausible things about that." if topic else ""
    return (
        f"Hello! I am the *demo writer*, a small program inside orchat rather than a language model.{about}\n\n"
        "Try one of these:\n\n"
        "- `compare tea and coffee` for a table\n"
        "- `python code for primes` for highlighted code\n"
        "- `the integral of x squared` for mathematics\n"
        "- `plan a trip to Lisbon` for a task list\n"
        "- `tour` for everything at once\n"
    )


def _heading(topic: str) -> str:
    name = topic[:1].upper() + topic[1:]
    return (
        f"# {name}\n\n"
        f"Three things matter about **{topic}**: what it *is*, what it *costs*, and when to ~~panic~~ stop.\n"
    )


def _overview(topic: str) -> str:
    return (
        f"Short answer: **{topic}** is simpler than it looks once the parts have names. Here is the longer answer, in "
        "the order in which questions usually come up.\n"
    )


def _steps(topic: str) -> str:
    return (
        f"## How {topic} works\n\n"
        "1. **Collect** what is known.\n"
        "   - Facts that can be checked\n"
        "   - Opinions, marked as such\n"
        "     - including your own\n"
        f"2. **Sort** it by how much it changes the answer about {topic}.\n"
        "3. **Decide**, and write down why.\n"
        "   1. Who is concerned\n"
        "   2. What happens if it is wrong\n"
    )


def _table(topic: str) -> str:
    return (
        f"## {topic[:1].upper() + topic[1:]} in figures\n\n"
        "| Aspect | First option | Second option | Score |\n"
        "|:-------|:------------:|:--------------|------:|\n"
        "| Price | low | `high` | 7.5 |\n"
        "| Speed | **fast** | slow, but steady | 12 |\n"
        "| Names in use | naïve | 日本語の名前 | 3 |\n"
        "| Mood | 🙂 | 🐢 | 1,024 |\n"
    )


def _quote(topic: str) -> str:
    return (
        f"> What is said about {topic} is seldom wrong.\n>\n"
        "> > It is only said too early.\n>\n"
        "> — *a demo, inventing a proverb*\n"
    )


def _python(topic: str) -> str:
    return (
        "```python\n"
        "from collections.abc import Iterator\n\n\n"
        "def primes(limit: int) -> Iterator[int]:\n"
        f'    """Yield the primes below `limit`; ask about {topic} for more."""\n'
        "    sieve = bytearray([1]) * limit\n"
        "    for number in range(2, limit):\n"
        "        if sieve[number]:\n"
        "            yield number\n"
        "            sieve[number * number :: number] = bytes(len(range(number * number, limit, number)))\n\n\n"
        "print(list(primes(50)))  # [2, 3, 5, 7, 11, …]\n"
        "```\n"
    )


def _rust(_: str) -> str:
    return (
        "```rust\n"
        "fn main() {\n"
        '    let words = ["loopback", "socket", "stream"];\n'
        "    for (index, word) in words.iter().enumerate() {\n"
        '        println!("{index}: {word}"); // zero-based\n'
        "    }\n"
        "}\n"
        "```\n"
    )


def _shell(_: str) -> str:
    return '```bash\ngit log --oneline | head -n 5\norchat ask "why?" < notes.txt | tee answer.md\n```\n'


def _sql(_: str) -> str:
    return (
        "```sql\nSELECT model, SUM(cost) AS total\nFROM ledger\nWHERE day >= '2026-01-01'\nGROUP BY model\n"
        "ORDER BY total DESC;\n```\n"
    )


def _json(topic: str) -> str:
    return (
        "```json\n"
        + json.dumps({"topic": topic, "known": True, "sources": []}, indent=2, ensure_ascii=False)
        + "\n```\n"
    )


def _tasks(topic: str) -> str:
    return (
        f"## A plan for {topic}\n\n"
        "- [x] Write down the question\n"
        "- [x] Ask the demo\n"
        "- [ ] Ask a real model\n"
        "  - [ ] add a key: `orchat keys add`\n"
        "  - [ ] choose a model from the catalogue\n"
        "- [ ] Compare the two answers\n"
    )


def _maths(topic: str) -> str:
    return (
        f"For {topic} the usual form is $E = \\sum_{{i=1}}^{{n}} p_i x_i$, and in the continuous case\n\n"
        "$$\n\\int_0^1 x^2 \\, dx = \\left[ \\frac{x^3}{3} \\right]_0^1 = \\frac{1}{3}\n$$\n\n"
        "so the area is a third, not a half.\n"
    )


def _links(_: str) -> str:
    return (
        "Further reading: [CommonMark](https://commonmark.org/help/), [Textual](https://textual.textualize.io), and "
        "<https://openrouter.ai/models>.\n"
    )


def _rule(_: str) -> str:
    return "---\n"


TOUR: tuple[Section, ...] = (
    _heading, _overview, _steps, _table, _python, _rust, _shell, _sql, _json, _quote, _tasks, _maths, _rule, _links,
)  # fmt: skip
RECIPES: Sequence[tuple[Section, ...]] = (
    (_heading, _steps, _quote, _links),
    (_overview, _table, _steps, _shell),
    (_heading, _overview, _python, _tasks),
    (_overview, _quote, _json, _maths, _links),
    (_heading, _overview, _table, _sql, _rule, _quote),
)
"""What an answer is made of when the prompt asks for nothing in particular."""
WISHES: Sequence[tuple[frozenset[str], tuple[Section, ...]]] = (
    (frozenset({"tour", "everything", "markdown", "showcase"}), TOUR),
    (frozenset({"compare", "table", "versus", "vs"}), (_overview, _table, _quote)),
    (frozenset({"rust"}), (_overview, _rust, _shell)),
    (frozenset({"sql", "database", "query"}), (_overview, _sql, _table)),
    (frozenset({"code", "python", "function", "program", "script"}), (_overview, _python, _shell)),
    (frozenset({"math", "maths", "integral", "equation", "formula", "sum"}), (_overview, _maths)),
    (frozenset({"plan", "todo", "checklist", "steps"}), (_overview, _tasks, _steps)),
    (frozenset({"hello", "hi", "hey", "help"}), (_greeting,)),
)
"""Words of the prompt, and what they ask for; the first match counts."""


def recipe(prompt: str) -> tuple[Section, ...]:
    """The sections that answer a prompt."""
    said = set(prompts.words(prompt[:2000]))
    for wish, sections in WISHES:
        if said & wish:
            return sections
    if not prompts.topic(prompt):
        return (_greeting,)
    return RECIPES[hashlib.sha256(prompt.encode("utf-8", "replace")).digest()[0] % len(RECIPES)]


def write(body: prompts.Body) -> str:
    """The writer's whole answer.

    Args:
        body: The chat request.

    Returns:
        Markdown, or JSON when the request's ``response_format`` says so.
    """
    prompt = prompts.last_user(body)
    structured = _structured(body, prompt)
    if structured is not None:
        return structured
    if _wants_title(body, prompt):
        return (prompts.topic(prompt) or "a first hello").capitalize()
    topic = prompts.topic(prompt)
    sections = [section(topic or "your question") for section in recipe(prompt)]
    return "\n".join([*_seen(body), *sections, footer(body)])


def _wants_title(body: prompts.Body, prompt: str) -> bool:
    asked = f"{prompts.system(body)} {prompt[:200]}".casefold()
    return "title" in asked and any(word in asked for word in ("conversation", "session", "chat"))


def _structured(body: prompts.Body, prompt: str) -> str | None:
    kind = prompts.option(body, "response_format", "type")
    about = prompts.topic(prompt) or "nothing in particular"
    if kind == "json_object":
        return json.dumps({"topic": about, "answer": f"A demo answer about {about}."}, ensure_ascii=False)
    if kind == "json_schema":
        wanted = body["response_format"].get("json_schema")
        schema = wanted.get("schema") if isinstance(wanted, dict) else None
        return json.dumps(instance(schema, text=about), ensure_ascii=False)
    return None


def _seen(body: prompts.Body) -> list[str]:
    names = [prompts.option(part, "file", "filename") for part in prompts.parts(body, "file")]
    named = ", ".join(f"`{name}`" for name in names if isinstance(name, str) and "`" not in name)
    if not names:
        return []
    return [f"You attached {len(names)} file{'s' if len(names) > 1 else ''}{': ' if named else ''}{named}.\n"]


def footer(body: prompts.Body) -> str:
    """One line of facts about the request, to show what was sent."""
    sent = prompts.messages(body) or []
    count, turns = len(sent), prompts.turns(body)
    told = prompts.system(body)
    obeying = f" with a system prompt of {len(told)} characters" if told else ""
    return (
        f"*Demo answer: nothing left this computer. I saw {count} message{'' if count == 1 else 's'}{obeying}, "
        f"about {prompt_tokens(sent)} tokens; this is your turn number {turns}.*\n"
    )
