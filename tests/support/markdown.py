"""Markdown to test the transcript with: ordinary documents, and hostile ones."""

from __future__ import annotations

from hypothesis import strategies as st

REPORT = r"""# Title with *em*

A paragraph with **bold**, `code`, ~~gone~~, [docs](https://docs.python.org/3/x), <https://a.b/c>,
https://bare.example/x(y). and a [bad](command:rm) link.
Hard\
break. Maths $x_1 * y_2$ and \(a_b\) costs $5 and $10. <b>html</b> &lt;tag&gt; ![alt *t*](http://x.y/z.png)

\[
a = b
+ c
\]

- one
- two
  - nested **b**
    1. deep
- [ ] todo
- [x] done

3. three
4. four

   para in item

> quote line one
> line two
>
> - item in quote
> - another

| item | qty | net |
|:---|---:|:---:|
| Paper A4, 80 g | 12 | 38.40 |
| Toner, black | 1 | 27.90 |

```python
def total(lines: list[Line]) -> Decimal:
    return sum(l.qty for l in lines)
```

Setext heading
--------------

    indented code

***

世界世界世界世界世界世界世界世界世界世界、世界世界世界世界世界世界世界世界世界 end.
"""

ORDINARY = {
    "report": REPORT,
    "table after text": "Here:\n| a | b |\n|---|---|\n| 1 | 2 |\n\nAfter it.\n",
    "table then heading": "| a | b |\n|---|---|\n| 1 | 2 |\n# Heading\n\n| c |\n|---|\n| no bar |\n- list\n",
    "code in list": "1. Install:\n\n   ```sh\n   pip install x\n   ```\n\n2. Run:\n\n   ```\n   x\n   ```\n\nDone.\n",
    "tilde fence": "~~~~ python title\ncode ``` inside\n~~~\nstill\n~~~~\nafter\n",
    "open fence": "text\n\n```js\nlet a = 1;\n\nlet b = 2;\n",
    "loose list": "- a\n\n- b\n\n- c\n\npara\n",
    "two lists": "- a\n- b\n* c\n* d\n1) e\n2) f\n",
    "lazy quote": "> quoted\nlazy\n\nnot quoted\n",
    "rules": "a\n\n---\n\nb\n\n* * *\n\nc\n",
    "headings": "# one\n## two\n### three\n#### four\n##### five\n###### six\ntext\n",
    "emphasis over lines": "**bold\nstill bold** and *em\nem*\n",
    "blank lines": "\n\n\na\n\n\n\n\nb\n\n",
    "html": "<div>\n<p>x</p>\n</div>\n\n<!-- comment -->\n\ntext <br> text\n",
    "maths": "$$\nx = 1\n- 2\n$$\n\nInline $$y$$ and \\[ z \\] end.\n\n\\[ one line \\]\n",
    "references before": "[ref]: https://example.org/long\n\nSee [this][ref].\n\nAnd [ref] again.\n",
    "entities": "&amp; &copy; &#65; &notanentity; a&#10;b\n",
    "numbers": "9. nine\n10. ten\n11. eleven\n\nend\n",
    "empty items": "-\n- a\n-\n\n1.\n2. b\n",
    "table then formula": "| a | b |\n|---|---|\n| 1 | 2 |\n$$\n- x\n$$\n\nend\n",
    "table then list": "| a | b |\n|---|---|\n| 1 | 2 |\n-\n- x\n\nend\n",
    "pipes": "a | b is not a table\n\nneither | is\nthis | one\n",
}
"""Documents as models write them, by what is special about them."""

LONG = {
    "long list": "".join(f"- item {n} with **some** text that goes on for a while\n" for n in range(120)) + "\nend\n",
    "long ordered list": "".join(f"1. item {n} with `code` and words\n\n" for n in range(60)) + "end\n",
    "long quote": "".join(f"> paragraph {n} of a quote with a few words in it\n>\n" for n in range(80)) + "\nend\n",
    "long paragraph": "words of a paragraph that never ends, " * 400 + "\n\nend\n",
    "long word": "x" * 20_000 + "\n\nend\n",
    "long code": "```python\n" + "".join(f"def f{n}(x):\n    return {n}\n\n" for n in range(60)) + "```\n\nend\n",
    "flat code": "```\n" + "".join(f"    line {n}\n" for n in range(200)) + "```\n\nend\n",
    "long table": "| n | name |\n|--:|---|\n"
    + "".join(f"| {n} | row {'x' * (n % 30)} |\n" for n in range(150))
    + "\nend\n",
}  # fmt: skip
"""Documents whose blocks are so long that parts of them settle before they end."""

_TEXT = st.text(alphabet=st.sampled_from(list("ab cd e \t*_`[]()<>!#|-+=~$\\&;:.1é世\u0301")), min_size=1, max_size=24)
_BLOCK = st.one_of(
    st.sampled_from(list(ORDINARY.values())),
    st.builds("{} {}".format, st.sampled_from(["#", "##", ">", "-", "*", "1.", "7)", "- [ ]", "   -"]), _TEXT),
    st.builds("```{}\n{}\n```".format, st.sampled_from(["", "python", "nolang", " js x"]), _TEXT),
    st.builds("| {} | b |\n|---|--:|\n| c | {} |".format, _TEXT, _TEXT),
    st.builds("{}\n{}".format, _TEXT, _TEXT),
    st.sampled_from(
        ["---", "===", "```", "~~~", "$$", "\\[", "\\]", "> ", "|", "    x", "\t", "[a]: http://x.y", "[a]"]
    ),
    _TEXT,
)
documents = st.lists(st.tuples(_BLOCK, st.sampled_from(["\n", "\n\n", "\n\n\n"])), min_size=1, max_size=6).map(
    lambda parts: "".join(block + end for block, end in parts)
)
"""Documents of all kinds of blocks, whole and broken."""

_ESCAPES = (
    "\x1b]52;c;aGk=\x07\x1b[2J\x1b[?1049l\x9b31m\x90q\x9c\x1b]0;t\x1b\\\x1b_G\x1b\\"
    "\x00\x08\x7f\u202e\u2066\u200f\U000e0041\ud800"
)

HOSTILE = {
    "escapes": f"a{_ESCAPES}b **{_ESCAPES}** `{_ESCAPES}` [{_ESCAPES}](http://x.y/{_ESCAPES})\n\n"
    f"```{_ESCAPES}\n{_ESCAPES}\n```\n",
    "escapes everywhere": f"# {_ESCAPES}\n\n- {_ESCAPES}\n\n> {_ESCAPES}\n\n"
    f"| {_ESCAPES} | b |\n|---|---|\n| c | {_ESCAPES} |\n",
    "entities": "&#x1b;[31m &#27;]52;c;x&#7; &#x202e;evil &#x9b;2J &#10;line &#9;tab &#xd800; &#xe0041; &#0;\n\n"
    "[&#x202e;](http://x.y) ![&#x1b;](http://x.y) `&#x1b;`\n\n"
    "| &#x1b; | &#10; |\n|---|---|\n| &#x202e; | &#9; |\n\n```&#x1b;x\n&#x1b;\n```\n",
    "markup": "[bold]x[/] [@click=app.quit]quit[/] [/nope] [link=http://x]y[/link]\n\n"
    "| [/nope] |\n|---|\n| [@click=app.quit]x[/] |\n",
    "links": "[a](javascript:alert(1)) [b](data:text/html,x) [c](command:rm) [d](file:///etc/passwd) "
    "[e](http://x.y/\\\x07) <javascript:x> [f](//x.y) [g](http://[::1) ![h](vbscript:x) [](http://empty.example)\n",
    "zalgo": "e" + "\u0301\u0489\u20dd" * 5_000 + " &#769;" * 50 + " " + "e" + "&#769;" * 200 + "\n",
    "one line": "x" * 1_000_000,
    "one line of words": "word " * 200_000,
    "many lines": "line\n" * 15_000,
    "code in one line": "```python\n" + "x=1;" * 250_000 + "\n```",
    "lines of code": "```python\n" + "def f(x): return x\n" * 10_000 + "```",
    "quotes": ">" * 10_000 + " deep\n\n" + "> " * 10_000 + "deep\n",
    "lists": "- " * 10_000 + "deep\n\n" + "".join("  " * n + "- x\n" for n in range(500)),
    "wide table": "|" + " a |" * 5_000 + "\n|" + "---|" * 5_000 + "\n|" + " b |" * 5_000 + "\n",
    "long table": "| a | b | c | d |\n|---|---|---|---|\n" + "| 1 | 2 | 3 | 4 |\n" * 5_000,
    "paragraphs": "text\n\n" * 10_000,
    "headings": "# h\n" * 5_000,
    "brackets": "[" * 8_000 + "\n\n" + "[a](" * 2_000 + "\n\n" + "![" * 3_000,
    "stars": "*a " * 6_000 + "\n\n" + "**a" * 6_000 + "\n\n" + "_" * 20_000 + "\n\n" + "~~" * 20_000,
    "backticks": "".join("`" * n + " " for n in range(1, 300)) + "\n\n" + "`a" * 20_000,
    "dollars": "$" * 10_000 + "\n\n" + "$a " * 10_000 + "\n\n" + "\\(" * 10_000 + "\n\n" + "\\[\n" * 1_000,
    "angles": "<" * 20_000 + "\n\n" + "<a " * 10_000 + "\n\n" + "&" * 20_000,
    "references": "".join(f"[r{n}]: http://x.y/{n}\n" for n in range(5_000)) + "\n" + "[r1] " * 5_000,
    "fences": "```\n" * 2_001 + "\n" + "~~~\n" * 2_000,
    "tabs": "\t" * 10_000 + "\n" + "a\tb\n" * 5_000 + "- \t" * 1_000,
    "wide characters": "世" * 100_000 + "\n\n" + "👩‍👩‍👧‍👦" * 5_000 + "\n\n" + "\u3000" * 10_000,
    "numbers": "999999999. a\n" * 2_000 + "\n" + "1234567890. no list\n",
}  # fmt: skip
"""Documents that break things, by what they try."""
