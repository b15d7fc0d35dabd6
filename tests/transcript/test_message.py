"""What stands around a message, and how an entry is put together."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchat.domain.events import Cited
from orchat.tui.transcript.entry import Entry, ErrorCard
from orchat.tui.transcript.message import cropped
from orchat.tui.transcript.stack import KEPT, Stack
from orchat.tui.transcript.styles import PLAIN, Look
from orchat.tui.transcript.view import BODY, LINES, SECTIONS, Place, View
from orchat.tui.transcript.wrap import cells
from tests.support.markdown import ORDINARY, documents

LOOK = Look()

FULL = Entry(
    role="model",
    title="gemini-2.5-flash",
    facts="1.2 s · 84 tok/s · $0.000 41",
    source="The net total is **70.84**.",
    reasoning="First the lines.\n\nThen the sum of all of them.",
    thought="thought for 3 s, 212 tokens",
    chips=("scan-004.png  1240×1754  318 kB", "scan-005.png  12 kB"),
    citations=(Cited(url="https://example.org/vat", title="VAT"), Cited(url="https://b.example/x")),
    error=ErrorCard(
        title="The free limit is used up",
        text="OpenRouter allows 50 requests a day.",
        hint="Add credit or wait.",
        keys=(("r", "retry"), ("m", "other model")),
    ),
    state="cut: the connection broke",
)


def shown(view: View) -> list[str]:
    return [view.row(number)[1].shown for number in range(view.height)]


def laid_out(entry: Entry, width: int = 60, look: Look = LOOK) -> View:
    view = View(entry)
    view.lay_out(look, width)
    return view


def test_a_full_entry_looks_like_this() -> None:
    assert shown(laid_out(FULL)) == [
        "gemini-2.5-flash                1.2 s · 84 tok/s · $0.000 41",
        "▸ thought for 3 s, 212 tokens",
        "The net total is 70.84.",
        "▣ 1  scan-004.png  1240×1754  318 kB",
        "▣ 2  scan-005.png  12 kB",
        "",
        "▌ The free limit is used up",
        "▌ OpenRouter allows 50 requests a day.",
        "▌ Add credit or wait.",
        "▌ r retry   m other model",
        "cut: the connection broke",
        "",
        "[1] VAT (example.org)",
        "[2] b.example",
        "",
    ]


def test_the_same_without_box_drawing() -> None:
    assert shown(laid_out(FULL, look=Look(signs=PLAIN)))[:6] == [
        "Model: gemini-2.5-flash         1.2 s · 84 tok/s · $0.000 41",
        "[+] thought for 3 s, 212 tokens",
        "The net total is 70.84.",
        "attachment 1  scan-004.png  1240×1754  318 kB",
        "attachment 2  scan-005.png  12 kB",
        "",
    ]
    assert shown(laid_out(Entry(role="you", source="x"), look=Look(signs=PLAIN))) == ["You:", "x", ""]
    assert shown(laid_out(Entry(role="you", title="You"), look=Look(signs=PLAIN)))[0] == "You:"
    assert shown(laid_out(Entry(role="model", state="stopped"), look=Look(signs=PLAIN))) == ["Model:", "[stopped]", ""]


def test_open_thoughts_stand_between_header_and_answer() -> None:
    view = laid_out(FULL)
    FULL.folded = False
    try:
        view.frame()
        assert shown(view)[1:7] == [
            "▾ thought for 3 s, 212 tokens",
            "First the lines.",
            "",
            "Then the sum of all of them.",
            "",
            "The net total is 70.84.",
        ]
    finally:
        FULL.folded = None


def test_little_entries() -> None:
    assert shown(laid_out(Entry(role="you", source="hi"))) == ["You", "hi", ""]
    assert shown(laid_out(Entry(role="notice", source="Key *work* is used."))) == ["Key work is used.", ""]
    assert shown(laid_out(Entry(role="model", facts="14:02"), 20)) == ["               14:02", ""]
    assert shown(laid_out(Entry(role="model", title="m", thought="thinking"))) == ["m", "▸ thinking", ""]
    assert shown(laid_out(Entry(role="model", title="m", reasoning="x"))) == ["m", "▸ thoughts", ""]
    assert shown(laid_out(Entry(role="model", title="m", error=ErrorCard(title="no")))) == ["m", "▌ no", ""]
    assert shown(laid_out(Entry(role="you", chips=("a", "b")))) == ["You", "▣ 1  a   ▣ 2  b", ""]


def test_a_key_stays_beside_what_it_does() -> None:
    card = ErrorCard(title="no", keys=(("Enter", "retry"), ("^O", "other model"), ("/key", "other key")))
    rows = shown(laid_out(Entry(role="model", title="m", error=card), width=38))

    assert rows == ["m", "▌ no", "▌ Enter retry   ^O other model", "▌ /key other key", ""]


@pytest.mark.parametrize("width", range(1, 40))
def test_a_header_always_fits(width: int) -> None:
    view = laid_out(FULL, width)
    assert cells(view.row(0)[1].shown) <= width
    assert view.row(0)[1].shown


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("世界", 3, "世…"), ("ab", 1, "…"), ("ab", 0, "")],
)
def test_cropping(text: str, width: int, expected: str) -> None:
    assert cropped(text, width) == expected


# streaming


def test_thoughts_are_open_until_the_answer_begins() -> None:
    entry = Entry(role="model", title="m")
    view = laid_out(entry)
    view.think("hm")
    assert view.flush() == 0
    view.think(", so\nit")
    assert view.flush() is not None
    assert shown(view) == ["m", "▾ thoughts", "hm, so", "it", ""]
    assert view.caret == 3
    view.write("It is.")
    view.flush()
    assert shown(view) == ["m", "▸ thoughts", "It is.", ""]
    assert view.caret == 2
    view.think(" no matter")
    view.flush()
    assert shown(view) == ["m", "▸ thoughts", "It is.", ""]
    view.finish()
    view.lay_out(LOOK, 60)
    assert shown(view) == ["m", "▸ thoughts", "It is.", ""]
    assert (entry.source, entry.reasoning) == ("It is.", "hm, so\nit no matter")
    assert view.caret is None


def test_thoughts_that_a_person_folded_stay_folded_and_can_be_opened_in_between() -> None:
    entry = Entry(role="model", title="m", folded=True)
    view = laid_out(entry)
    for piece in ("a\n", "b\n"):
        view.think(piece)
        view.flush()
    assert shown(view) == ["m", "▸ thoughts", ""]
    assert view.caret is None
    entry.folded = False
    view.frame()
    assert shown(view) == ["m", "▾ thoughts", "a", "b", ""]
    view.write("answer")
    view.flush()
    view.think("c")
    view.flush()
    assert shown(view) == ["m", "▾ thoughts", "a", "b", "c", "", "answer", ""]


def test_what_was_not_laid_out_is_only_collected() -> None:
    view = View(Entry(role="model"))
    view.write("a")
    assert view.source == "a"
    assert view.flush() is None
    assert view.entry.source == "a"
    view.frame()
    assert view.sections is None and view.caret is None
    view.lay_out(LOOK, 20)
    assert view.is_streaming
    view.write("\x1b[31m")
    assert view.flush() is None
    assert shown(view) == ["a", ""]


@settings(max_examples=100, deadline=None)
@given(
    documents, st.lists(st.integers(0, 4_000), max_size=5), st.integers(4, 70), st.integers(4, 70), st.integers(0, 5)
)
def test_a_finished_entry_is_what_it_would_be_if_it_had_come_whole(
    text: str, cuts: list[int], first: int, second: int, resize_at: int
) -> None:
    edges = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    view = laid_out(Entry(role="model", title="m"), first)
    for number in range(len(edges) - 1):
        if number == resize_at:
            view.forget()
            view.lay_out(LOOK, second)
        view.write(text[edges[number] : edges[number + 1]])
        view.flush()
        assert view.height == len(shown(view))
    view.finish()
    view.lay_out(LOOK, second)
    whole = laid_out(Entry(role="model", title="m", source=text), second)
    assert shown(view) == shown(whole)
    assert view.lines() == whole.lines()


@pytest.mark.parametrize("name", ORDINARY)
def test_what_is_on_screen_is_always_what_is_laid_out(name: str) -> None:
    """The strips that are kept are dropped exactly where rows change."""
    view = laid_out(Entry(role="model", title="m"), 40)
    kept: dict[int, str] = {}
    for char in ORDINARY[name]:
        view.write(char)
        changed = view.flush()
        if changed is not None:
            kept = {number: text for number, text in kept.items() if number < changed}
        for number in range(view.height):
            text = view.row(number)[1].shown
            assert kept.setdefault(number, text) == text


# places


def test_a_place_is_found_again_in_another_width() -> None:
    entry = Entry(role="model", title="m", source="\n\n".join(f"paragraph {n} " + "word " * 30 for n in range(10)))
    view = laid_out(entry, 60)
    row = next(number for number in range(view.height) if "paragraph 5" in view.row(number)[1].shown)
    place = view.place_of(row)
    for width in (20, 100, 33):
        view.forget()
        assert view.row_of(place) == view.height - 1
        view.lay_out(LOOK, width)
        assert "paragraph 5" in view.row(view.row_of(place))[1].shown
    assert view.place_of(view.height - 1) == Place(SECTIONS, 0, 0)
    assert view.row_of(Place(SECTIONS, 0, 0)) == view.height - 1


def test_lines_are_numbered_by_section() -> None:
    numbers = dict(laid_out(Entry(role="you", source="a\n\nb")).lines())
    assert numbers == {0: "You", BODY * LINES: "a", BODY * LINES + 1: "", BODY * LINES + 2: "b", SECTIONS * LINES: ""}


# the stack


def stack_of(count: int, width: int = 40) -> Stack:
    stack = Stack()
    stack.restyle(LOOK, width)
    for number in range(count):
        stack.append(Entry(role="you", source="word " * (number % 50), key=number))
    return stack


def assert_consistent(stack: Stack) -> None:
    row = 0
    for index, view in enumerate(stack.views):
        assert view.index == index
        assert stack.top(view) == row
        assert stack.view_of(view.entry) is view
        row += view.height
    assert stack.height == row


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "remove", "down", "end", "climb", "narrow"]), st.integers(0, 300)),
        max_size=14,
    )
)
def test_tops_and_heights_agree_whatever_happens(steps: list[tuple[str, int]]) -> None:
    stack = stack_of(12)
    for step, number in steps:
        if step == "add":
            stack.append(Entry(role="you", source="x\n" * (number % 7)))
        elif step == "remove" and len(stack):
            stack.remove(stack.views[number % len(stack)].entry)
        elif step == "down":
            stack.lay_out_down(number, 10)
        elif step == "end":
            stack.lay_out_end(number % 40)
        elif step == "climb" and len(stack):
            stack.climb(number, 20)
        elif step == "narrow":
            stack.restyle(stack.look, 10 + number % 60)
        assert_consistent(stack)


def test_only_some_entries_keep_their_rows_and_all_keep_their_height() -> None:
    stack = stack_of(KEPT + 50)
    heights = []
    for view in stack.views:
        stack.lay_out(view)
        heights.append(view.height)
    assert sum(view.sections is not None for view in stack.views) == KEPT
    assert all(view.is_exact for view in stack.views)
    stack.moved(0)
    assert stack.lay_out(stack.views[0]) is False
    assert [view.height for view in stack.views] == heights
    assert_consistent(stack)


def test_climbing_counts_by_exact_heights() -> None:
    stack = stack_of(200)
    stack.lay_out_end(30)
    bottom = stack.height - 30
    view, offset = stack.at(bottom)
    row = stack.climb(bottom, 25)
    assert row + 25 == stack.top(view) + offset
    assert stack.climb(row, 100_000) == 0


def test_a_view_that_was_taken_out_is_not_held() -> None:
    stack = stack_of(3)
    view = stack.views[1]
    assert stack.holds(view)
    assert stack.remove(view.entry) == 1
    assert not stack.holds(view)
    with pytest.raises(KeyError):
        stack.view_of(view.entry)
    stack.clear()
    assert stack.height == 0 and not stack.holds(view)
