"""The small parts: wrapping, tables, styles, pacing, thoughts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from orchat.domain.fences import Fence
from orchat.tui.themes import OURS
from orchat.tui.transcript.blocks import render_markdown
from orchat.tui.transcript.colours import READABLE, contrast, palette_of
from orchat.tui.transcript.opened import cells_of, is_table
from orchat.tui.transcript.pacing import Pacer
from orchat.tui.transcript.paint import MARGIN, paint
from orchat.tui.transcript.rows import Row, Run
from orchat.tui.transcript.styles import Look, Palette
from orchat.tui.transcript.table import column_widths
from orchat.tui.transcript.thoughts import LONG_LINE, Thoughts
from orchat.tui.transcript.wrap import LEAST, breaks, cells, wrapped

LOOK = Look()
PLAIN = Style()


# wrapping


def rows_of(text: str, width: int) -> list[str]:
    return ["".join(segment.text for segment in segments) for segments, _ in wrapped([(text, PLAIN)], width)]


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("one two three", 8, ["one two", "three"]),
        ("one  two", 5, ["one", "two"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("a abcdefghij", 4, ["a", "abcd", "efgh", "ij"]),
        ("    indented text", 12, ["    indented", "text"]),
        ("        abcdef", 6, ["", "  abcd", "ef"]),
        ("fits", 4, ["fits"]),
        ("fits    ", 4, ["fits    "]),
        ("", 4, [""]),
        ("世界世界世界", 8, ["世界世界", "世界"]),
        ("世界世、界世", 6, ["世界", "世、界", "世"]),
        ("say 世界世界", 8, ["say 世界", "世界"]),
        ("ääääää öö", 4, ["ääää", "ää", "öö"]),
        ("word $0.000\u202f41 end", 12, ["word", "$0.000\u202f41", "end"]),
        ("narrow", 1, ["narr", "ow"]),
        ("\u200d\u200daaaaa", 4, ["\u200d\u200daaaa", "a"]),
    ],
)
def test_lines_break_where_people_expect_it(text: str, width: int, expected: list[str]) -> None:
    assert rows_of(text, width) == expected


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.text(alphabet=st.sampled_from(list("ab  cé世、👩‍💻\u0301")), max_size=14).map(lambda text: (text, PLAIN)),
        max_size=5,
    ),
    st.integers(LEAST, 24),
)
def test_wrapping_loses_nothing_and_fits(runs: list[Run], width: int) -> None:
    text = "".join(part for part, _ in runs)
    rows = list(wrapped(runs, width))
    joined = ""
    for segments, start in rows:
        assert start >= len(joined)
        joined += text[len(joined) : start]
        row = "".join(segment.text for segment in segments)
        assert text.startswith(row, start)
        assert cells(row.rstrip()) <= width
        joined += row
    assert joined.rstrip(" ") == text.rstrip(" ") or text.startswith(joined)
    assert joined.replace(" ", "") == text.replace(" ", "")
    assert breaks(text, width) == [start for _, start in rows[1:]]


# tables


@pytest.mark.parametrize(
    ("sizes", "room", "expected"),
    [
        ([3, 4], 20, [3, 4]),
        ([3, 40], 20, [3, 15]),
        ([40, 40], 22, [10, 10]),
        ([40, 4, 40], 24, [8, 4, 8]),
        ([9] * 10, 40, None),
    ],
)
def test_columns_share_what_there_is(sizes: list[int], room: int, expected: list[int] | None) -> None:
    row = [[[("x" * size, PLAIN)]] for size in sizes]
    assert column_widths([row], len(sizes), room) == expected


def table(*rows: str, width: int) -> list[str]:
    return render_markdown("\n".join(rows), LOOK, width).shown


def test_cells_wrap_and_tall_rows_are_kept_apart() -> None:
    assert table("| a | text |", "|--|--|", "| 1 | some words to wrap |", "| 2 | x |", width=14) == [
        "a  text",
        "1  some words",
        "   to wrap",
        "",
        "2  x",
    ]


def test_cells_are_aligned_as_the_second_line_says() -> None:
    assert table("| left | mid | right |", "|:--|:-:|--:|", "| a | b | c |", width=40) == [
        "left  mid  right",
        "a      b       c",
    ]


def test_a_table_that_cannot_fit_becomes_records() -> None:
    head = "|".join(f"h{n}" for n in range(8))
    assert table(f"|{head}|", "|" + "--|" * 8, "|" + "ab|" * 8, "|x" * 2 + "|", width=20)[:10] == [
        *[f"h{n}: ab" for n in range(8)],
        "",
        "h0: x",
    ]


def test_a_new_line_in_a_cell_and_a_missing_cell_and_a_bar() -> None:
    rows = ("| a | b |", "|--|--|", "| x<br>y |", r"| p\|q | r | s |")
    assert table(*rows, width=30) == ["a    b", "x", "y", "", "p|q  r"]


def test_a_row_far_down_does_not_move_the_columns() -> None:
    rows = ["| a | b |", "|--|--|", *["| 1 | 2 |"] * 120, "| words | 2 |"]
    assert table(*rows, width=40)[:2] == ["a     b", "1     2"]
    assert table(*rows, width=40)[-2:] == ["word  2", "s"]


@pytest.mark.parametrize(
    ("head", "rule", "expected"),
    [
        ("| a | b |\n", "|---|---|\n", True),
        ("a | b\n", "-|-\n", True),
        ("a | b\n", "---\n", False),
        ("a\n", "---\n", False),
        ("- a | b\n", "--|--\n", False),
        ("| a | b |\n", "| x | y |\n", False),
        ("| a |\n", "|:-:|\n", True),
    ],
)
def test_two_lines_that_begin_a_table(head: str, rule: str, expected: bool) -> None:
    assert is_table(head, rule) is expected


def test_the_cells_of_a_line() -> None:
    assert cells_of(r"| a\|b | c ") == ["a|b", "c"]
    assert cells_of("a|b") == ["a", "b"]
    assert cells_of(r"a|b\|") == ["a", "b|"]


def test_fences() -> None:
    fence = Fence.match("  ```` py x\n")
    assert fence == Fence(2, "````", "py x")
    assert fence.content("    a") == "  a" and fence.content(" a") == "a"
    assert fence.closes("`````  ") and not fence.closes("```") and not fence.closes("    ````")
    assert fence.might_close("``") and not fence.might_close("`x")
    assert Fence.match("``` a`b\n") is None
    assert Fence.match("text\n") is None


# styles


@pytest.mark.parametrize("theme", [*BUILTIN_THEMES.values(), *OURS], ids=lambda theme: theme.name)
def test_every_theme_gives_readable_colours(theme: Theme) -> None:
    variables = {**theme.to_color_system().generate(), **theme.variables}
    palette = palette_of(variables)
    ground = Color.parse(variables["background"])
    if palette.text.color is None:
        assert palette.dim.dim
        return
    assert palette.ground.bgcolor is not None
    for style in (palette.text, palette.dim, palette.accent, palette.you, palette.error, palette.code):
        assert style.color is not None
        color = Color.from_rich_color(style.color)
        assert contrast(color, ground) >= min(
            READABLE - 0.6, contrast(Color.parse(variables["foreground"]), ground) - 0.6
        )


def test_a_theme_may_name_its_own_colours() -> None:
    variables = {"foreground": "#ffffff", "background": "#000000", "primary": "#00ff00", "transcript-dim": "#aaaaaa"}
    palette = palette_of(variables)
    assert palette.dim.color is not None and palette.dim.color.name == "#aaaaaa"
    assert palette.accent.color is not None and palette.accent.color.name == "#00ff00"


@pytest.mark.parametrize(
    "variables", [{}, {"foreground": "nonsense", "background": "#000"}, {"foreground": "ansi_default"}]
)
def test_without_colours_to_mix_the_terminal_dims(variables: dict[str, str]) -> None:
    palette = palette_of(variables)
    assert palette.dim.dim and palette.ground == Style()
    assert palette.token("Token.Keyword") == palette.error
    assert palette_of({"primary": "ansi_blue"}).accent.color is not None


def test_a_token_takes_the_style_of_its_nearest_kind() -> None:
    palette = Palette(syntax={"keyword": Style(bold=True)})
    assert palette.token("Token.Keyword.Constant") == Style(bold=True)
    assert palette.token("Token.Keyword.Constant") is palette.token("Token.Keyword.Constant")
    assert palette.token("Token.Unknown.Kind") == palette.text


# painting


def painted(selected: tuple[int, int] | None, *, start: int = 0) -> list[str]:
    row = Row((Segment("> "),), [Segment("some "), Segment("words", Style(bold=True))], 3, start)
    marked = Style(reverse=True)
    strip = paint(row, line=7, width=30, text_width=26, selected=selected, selection=marked)
    return [text for text, style, _ in strip if style is not None and style.reverse]


def test_only_the_selected_characters_of_a_row_are_marked() -> None:
    assert painted(None) == []
    assert painted((0, -1)) == ["some ", "words"]
    assert painted((2, 7)) == ["me ", "wo"]
    assert painted((7, 7)) == []
    assert painted((0, 4), start=10) == []
    assert painted((12, -1), start=10) == ["me ", "words"]


def test_every_row_can_be_found_by_the_mouse() -> None:
    for row in (Row((), (), 0), Row((Segment("x"),), [Segment("ab"), Segment("cd")], 0, 5)):
        offsets = [
            style.meta["offset"] for _, style, _ in paint(row, line=9, width=20, text_width=16) if style and style.meta
        ]
        assert offsets[-1] == (row.start + sum(len(segment.text) for segment in row.text), 9)


def test_caret_and_ground() -> None:
    row = Row((), [Segment("ab")], 0, 0, (), Style(bgcolor="red"))
    strip = paint(row, line=0, width=20, text_width=10, caret=Segment("▌"))
    assert strip.text.startswith("  ab▌")
    ground = sum(len(text) for text, style, _ in strip if style is not None and style.bgcolor is not None)
    assert ground == MARGIN + 10 - len("  ab▌")


# pacing


def test_cheap_flushes_come_at_the_interval() -> None:
    pacer = Pacer(0.05)
    assert pacer.wait_s(10.0) == 0
    pacer.ran(10.0, 10.01)
    assert pacer.wait_s(10.01) == pytest.approx(0.04)
    assert pacer.wait_s(10.2) == 0


def test_dear_flushes_leave_two_thirds_of_the_time() -> None:
    pacer = Pacer(0.05)
    pacer.ran(10.0, 10.2)
    assert pacer.wait_s(10.2) == pytest.approx(0.4)


# thoughts


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(alphabet=st.sampled_from(list("ab cd\n\n\té\x1b[m")), max_size=30), max_size=8))
def test_thoughts_look_the_same_however_they_come(pieces: list[str]) -> None:
    whole, parts = Thoughts(LOOK, 12), Thoughts(LOOK, 12)
    whole.feed("".join(pieces))
    whole.flush()
    before: list[Row] = []
    for piece in pieces:
        parts.feed(piece)
        unchanged = parts.flush()
        rows = list(parts.section.rows)
        assert rows[:unchanged] == before[:unchanged]
        before = rows
    assert parts.section.rows == whole.section.rows
    assert "" not in parts.section.lines[:1]


def test_a_thought_without_end_is_not_wrapped_again_and_again() -> None:
    thoughts = Thoughts(LOOK, 40)
    thoughts.feed("word " * LONG_LINE)
    thoughts.flush()
    rows = len(thoughts.section.rows)
    thoughts.feed("more")
    unchanged = thoughts.flush()
    assert unchanged is not None and unchanged > rows // 2
    thoughts.feed("x" * LONG_LINE * 2)
    assert thoughts.flush() is not None
