"""How Markdown looks: goldens as text, styles where they carry meaning."""

from __future__ import annotations

from textwrap import dedent

import pytest
from hypothesis import given, settings
from rich.style import Style

from orchat.domain.clean import clean
from orchat.tui.transcript import blocks
from orchat.tui.transcript.blocks import render_markdown
from orchat.tui.transcript.inline import host_of, inline_lines, link_style
from orchat.tui.transcript.rows import Section
from orchat.tui.transcript.styles import PLAIN, Look, Palette
from orchat.tui.transcript.wrap import cells
from tests.support.markdown import LONG, REPORT, documents

LOOK = Look()


def laid_out(text: str, width: int = 60, look: Look = LOOK) -> Section:
    return render_markdown(clean(text), look, width)


def shown(text: str, width: int = 60, look: Look = LOOK) -> list[str]:
    return laid_out(text, width, look).shown


def style_of(section: Section, text: str) -> Style:
    """The style of the first segment that is exactly this text."""
    for row in section.rows:
        for segment in row.text:
            if segment.text == text:
                return segment.style or Style()
    raise AssertionError(f"{text!r} is not shown")


def test_a_report_looks_like_this() -> None:
    expected = """\
        Title with em

        A paragraph with bold, code, gone, docs (docs.python.org),
        https://a.b/c, https://bare.example/x(y). and a bad
        (command:rm) link. Hard
        break. Maths $x_1 * y_2$ and \\(a_b\\) costs $5 and $10.
        <b>html</b> <tag> [image: alt t] (x.y)

        \\[
        a = b
        + c
        \\]

         • one
         • two
            ◦ nested b
               1. deep
         ☐ todo
         ☑ done

         3. three

         4. four

            para in item

        ▎ quote line one line two
        ▎
        ▎  • item in quote
        ▎  • another

        item            qty   net
        Paper A4, 80 g   12  38.40
        Toner, black      1  27.90

         def total(lines: list[Line]) -> Decimal:
             return sum(l.qty for l in lines)
                                                    python   y copy

        Setext heading

         indented code
                                                         2   y copy

        ────────────────────────────────────────────────────────────

        世界世界世界世界世界世界世界世界世界世界、世界世界世界世界世
        界世界世界世界世界 end."""
    assert shown(REPORT) == dedent(expected).split("\n")


def test_the_same_report_without_box_drawing() -> None:
    text = shown(REPORT, look=Look(signs=PLAIN, copy_hint=""))
    assert text[0] == "# Title with em"
    assert " - one" in text and " [ ] todo" in text and " [x] done" in text
    assert "> quote line one line two" in text
    assert "-" * 60 in text
    assert not any(char in "─│▎▌•◦☐☑▸▣" for row in text for char in row)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a  \nb\\\nc", ["a", "b", "c"]),
        ("7. seven\n8. eight", [" 7. seven", " 8. eight"]),
        ("9. nine\n10. ten", ["  9. nine", " 10. ten"]),
        ("- a\n  - b\n    - c\n      - d", [" • a", "    ◦ b", "       ▪ c", "          • d"]),
        ("-", [" •"]),
        (">", ["▎"]),
        ("> a\n> > b", ["▎ a", "▎", "▎ ▎ b"]),
        ("<div>x</div>", ["<div>x</div>"]),
        ("<think>no</think>", ["<think>no</think>"]),
        ("&lt;b&gt; &amp;", ["<b> &"]),
        ("![](http://x.y/z.png)", ["[image] (x.y)"]),
        ("[![logo](http://a.b/c)](http://d.e/f)", ["[image: logo] (d.e)"]),
        ("[x.y](http://x.y/z) [me](mailto:me@x.y)", ["x.y me (me@x.y)"]),
        ("[rel](./README.md) [frag](#a)", ["rel (./README.md) frag (#a)"]),
        ("see (https://a.b/c).", ["see (https://a.b/c)."]),
        ("see [https://a.b/c]!", ["see [https://a.b/c]!"]),
        ("mailto:a@b.c and http:// and https://x", ["mailto:a@b.c and http:// and https://x"]),
        ("[bold]x[/] [/nope]", ["[bold]x[/] [/nope]"]),
        ("a\tb", ["a   b"]),
        ("```\na\tb\n```", [" a   b", "y copy".rjust(59)]),
        ("``` \n```", ["", "y copy".rjust(59)]),
        ("# one\n###### six", ["one", "", "six"]),
        ("", []),
        ("[a]: http://x.y", []),
        ("&#10;a&#9;b", [" a  b"]),
    ],
)
def test_small_documents(text: str, expected: list[str]) -> None:
    assert [row.strip() if row.isspace() else row for row in shown(text)] == expected


@pytest.mark.parametrize(
    "formula",
    ["$x_1 * y_2 * z$", "$$a_b_c$$", r"\(\frac{a}{b}\)", r"\[ x_{1}^{2} \]", "$\\alpha$ and $\\beta$"],
)
def test_formulas_stay_as_they_were_written(formula: str) -> None:
    assert shown(f"so {formula} holds") == [f"so {formula} holds"]


@pytest.mark.parametrize("text", ["costs $5 or $10", "a $ b $ c", "$", "$$", "\\(", "it is \\$5 or 5$", "$a\nb$"])
def test_prices_are_no_formulas(text: str) -> None:
    assert shown(f"*really* {text}")[0].startswith("really ")
    assert style_of(laid_out(f"{text} *em*"), "em").italic


@pytest.mark.parametrize(
    "text",
    [
        "\\[\na\n- b\n\\]",
        "$$\n# no heading\n$$",
        "text\n\\[\n+ c\n\\]\nmore",
        "> $$\n> - x\n> $$",
        "- item\n\n  $$\n  - x\n  $$",
    ],
)
def test_formulas_of_many_lines_are_no_lists_and_no_headings(text: str) -> None:
    assert "•" not in "".join(shown(text)).replace(" • item", "")


@pytest.mark.parametrize(
    "text", ["\\[\na", "$$\na\n\nb\n$$", "$$\n" + "x\n" * 150 + "$$", "    $$\n    a\n    $$", "\\[\\]"]
)
def test_what_only_begins_like_a_formula_is_text(text: str) -> None:
    assert shown(text)


def test_styles_say_what_markdown_says() -> None:
    section = laid_out("**b** *i* ~~s~~ ***both*** `c` [l](https://x.y/z) https://bare.z")
    assert style_of(section, "b").bold
    assert style_of(section, "i").italic
    assert style_of(section, "s").strike
    assert style_of(section, "both").bold and style_of(section, "both").italic
    assert style_of(section, "l").link == "https://x.y/z"
    assert style_of(section, "l").meta == {"href": "https://x.y/z"}
    assert style_of(section, "https://bare.z").link == "https://bare.z"
    assert style_of(section, " (x.y)").link is None


@pytest.mark.parametrize(
    "href", ["javascript:x", "file:///x", "command:rm", "//x.y", "http://x.y/\x1b", "http://x y", "", "data:x"]
)
def test_only_known_schemes_are_links(href: str) -> None:
    assert link_style(href) is None


@pytest.mark.parametrize(
    ("href", "host"),
    [
        ("https://Docs.Python.org:443/x", "docs.python.org"),
        ("https://u:p@evil.example/", "evil.example"),
        ("mailto:a@b.c", "a@b.c"),
        ("./x", "./x"),
        ("http://[::1", "http://[::1"),
        ("", ""),
    ],
)
def test_the_host_is_whom_a_link_leads_to(href: str, host: str) -> None:
    assert host_of(href) == host


def test_a_label_that_names_another_host_does_not_hide_the_real_one() -> None:
    assert shown("[https://bank.example](https://evil.example/x)") == ["https://bank.example (evil.example)"]


def test_code_is_numbered_labelled_and_kept() -> None:
    section = laid_out("```py\nx = 1\n```\n\n- item\n\n  ```\n  y\n  ```\n")
    assert section.codes == ["x = 1", "y"]
    assert section.shown[1].endswith("py   y copy")
    assert section.shown[-1].endswith("2   y copy")


def test_the_ground_of_code_reaches_to_the_edge() -> None:
    palette = Palette(ground=Style(bgcolor="#101010"))
    section = laid_out("```\na\n\nb\n```", look=Look(palette=palette))
    assert [row.fill for row in section.rows] == [palette.ground] * 3 + [None]
    assert all(segment.style == palette.ground for row in section.rows[:3] for segment in row.prefix)


def test_highlighting_colours_and_does_not_change_the_code() -> None:
    palette = Palette(syntax={"keyword": Style(color="red"), "text": Style()})
    section = laid_out("```python\ndef f():\n    return 1\n```", look=Look(palette=palette))
    assert style_of(section, "def").color is not None
    assert section.lines[:2] == ["def f():", "    return 1"]


@pytest.mark.parametrize("code", ["x" * 5_000, "x = 1\n" * 20_000])
def test_code_that_would_take_too_long_is_shown_in_one_colour(code: str) -> None:
    section = laid_out(f"```python\n{code}\n```")
    assert "".join(section.lines).startswith(code.replace("\n", "")[:1_000])
    assert {segment.style for row in section.rows[:50] for segment in row.text} == {LOOK.palette.token("")}


@pytest.mark.parametrize("language", ["python", "console", "pycon", "psql", "json", "diff", "html", "robotframework"])
def test_no_lexer_loses_or_changes_a_character(language: str) -> None:
    code = "$ ls -l\n> x = 1\n  é 世 `a` 'b \"c\n\n%%\n<a>\n\\end"
    assert laid_out(f"~~~{language}\n{code}\n~~~", 80).lines[:-1] == code.split("\n")


@pytest.mark.parametrize("language", ["", "nosuchlanguage", "\x1b[31m", "python {.numbers}", "x" * 100])
def test_any_word_may_stand_where_the_language_stands(language: str) -> None:
    assert shown(f"```{language}\nx\n```")[0] == " x"


def test_a_wrapped_paragraph_is_one_logical_line() -> None:
    section = laid_out("some words that wrap\nand go on", 10)
    assert len(section.rows) > 2
    assert section.lines == ["some words that wrap and go on"]
    assert [section.lines[0][row.start :].split(" ")[0] for row in section.rows] == [
        row.shown.split(" ")[0] for row in section.rows
    ]


def test_what_is_nested_too_deep_is_shown_as_it_was_written() -> None:
    deep = "> " * 30 + "deep\n\n" + "> " * 30 + "again"
    assert "".join(shown(deep, 200)).count("deep") == 1
    assert "".join(shown(deep, 200)).count("again") == 1


def test_a_narrow_screen_still_shows_every_word_of_a_nested_list() -> None:
    text = "".join("  " * depth + f"- word{depth}\n" for depth in range(8))
    rows = shown(text, 20)
    assert all(any(f"word{depth}" in row for row in rows) for depth in range(8))


def test_a_message_that_is_too_long_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "LONGEST", 20)
    rows = shown("word " * 10)
    assert rows[0] == "word word word word"
    assert "… 30 more characters are not shown" in " ".join(rows)


def test_a_paragraph_longer_than_the_parser_takes_at_once_is_whole() -> None:
    text = "word *em* " * 4_000
    assert laid_out(text).lines == [("word em " * 4_000).strip()]
    assert "".join(laid_out("*" + "x" * 20_000).lines) == "*" + "x" * 20_000


def test_inline_text_has_a_line_even_when_it_is_empty() -> None:
    assert inline_lines("", Style(), LOOK, {}) == [[]]


@settings(max_examples=80, deadline=None)
@given(documents)
def test_no_row_is_wider_than_the_screen_and_every_row_belongs_to_a_line(text: str) -> None:
    for width in (20, 60):
        section = laid_out(text, width)
        for row in section.rows:
            assert 0 <= row.line < len(section.lines)
            assert cells(row.shown) <= width + 1
            assert section.lines[row.line][row.start :].startswith("".join(s.text for s in row.text).rstrip())


@pytest.mark.parametrize("name", LONG)
def test_every_character_of_a_long_block_is_shown(name: str) -> None:
    section = laid_out(LONG[name])
    assert section.shown[-1] == "end"
    assert len(section.rows) > 50


def test_footnotes_stay_readable_and_none_is_lost() -> None:
    text = "Water boils.[^1] Not here.[^note]\n\n[^1]: At sea level.\n[^note]: https://example.org/x\n"
    assert shown(text) == [
        "Water boils.[^1] Not here.[^note]",
        "",
        "[^1]: At sea level.",
        "[^note]: https://example.org/x",
    ]
