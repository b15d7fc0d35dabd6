"""What the screen says, without a screen: figures, commands, problems, lists."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.segment import Segment
from textual.color import Color
from textual.content import Content
from textual.theme import BUILTIN_THEMES

from orchat import errors
from orchat.domain.catalog import Pricing
from orchat.domain.conversation import Attachment, StoredMessage
from orchat.domain.events import Attempted, FellBack, Opened, Queued, ReasoningDelta, Retrying, TextDelta, Timing
from orchat.domain.fold import Reply
from orchat.domain.ledger import UsageRow
from orchat.domain.money import Cost, Usage
from orchat.tui import commands, keynames, slash, wording
from orchat.tui.entries import answer_entry, answer_facts, chip, entries_of
from orchat.tui.figures import Figures, draft_cost
from orchat.tui.found import snippet
from orchat.tui.guard import Guard
from orchat.tui.lines import column, gauge, keys_line, spread
from orchat.tui.problems import Problem, problem_of, stored_problem, unexpected
from orchat.tui.progress import Progress
from orchat.tui.screens.actions import ACTIONS
from orchat.tui.themes import OURS, fill_in
from orchat.tui.transcript.colours import contrast
from orchat.tui.widgets.sidebar import answer_cost, context_words, prices
from tests.support.catalogue import MODELS, model
from tests.support.errors import kinds, one_of

PICO = 10**12


# ---- figures ----


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0"), (999, "999"), (1_000, "1k"), (12_400, "12.4k"), (131_072, "131k"), (999_600, "1.0M"), (2**20, "1.0M")],
)
def test_tokens_in_few_characters(count: int, words: str) -> None:
    assert wording.tokens(count) == words


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (0.04, "0.0 s"),
        (1.24, "1.2 s"),
        (12, "12 s"),
        (125, "2 min 05 s"),
        (35_460, "9 h 51 min"),
        (3 * 86_400, "3 days"),
        (-1, "0.0 s"),
    ],
)
def test_durations(amount: float, words: str) -> None:
    assert wording.duration(amount) == words


def test_counting_seconds_never_goes_below_zero() -> None:
    assert [wording.seconds(amount) for amount in (-3, 4.4, 64)] == ["0 s", "4 s", "1 min 04 s"]


@pytest.mark.parametrize(("amount", "words"), [(5, "new"), (240, "4 min"), (7_300, "2 h"), (200_000, "2 days")])
def test_ages(amount: float, words: str) -> None:
    assert wording.age(amount) == words


def test_when_names_the_day_only_where_it_is_another_one() -> None:
    now = 1_790_000_000.0
    assert len(wording.when(now - 60, now)) == 5
    assert wording.when(now - 3 * 86_400, now) == "18 Sep"
    assert wording.when(now - 400 * 86_400, now) == "2025-08-17"


@pytest.mark.parametrize(("count", "words"), [(812, "812 B"), (34_100, "34 kB"), (1_240_000, "1.2 MB")])
def test_sizes(count: int, words: str) -> None:
    assert wording.size(count) == words


@pytest.mark.parametrize(
    ("width", "words"),
    [(25, "boarding pass.png 900×380"), (20, "boarding…ng 900×380"), (2, "…0"), (1, "…"), (0, "")],
)
def test_a_file_in_few_words_keeps_its_end(width: int, words: str) -> None:
    assert wording.shortened("boarding pass.png 900×380", width) == words


@given(st.text(alphabet="ab 日本é.", max_size=40), st.integers(0, 50))
@settings(max_examples=60)
def test_a_file_in_few_words_fits(text: str, width: int) -> None:
    assert Content(wording.shortened(text, width)).cell_length <= width


def test_unknown_cost_is_not_zero_and_an_estimate_is_marked() -> None:
    assert wording.cost(Cost()) == "unknown"
    assert wording.cost(Cost(pico=0, source="reported")) == "$0.00"
    assert wording.cost(Cost(pico=410_000_000, source="estimated")) == "≈ $0.000 41"
    assert wording.spent(UsageRow(group="x", unknown_cost=2)) == "unknown"
    assert wording.spent(UsageRow(group="x", cost_pico=PICO, estimated_pico=1, unknown_cost=1)) == "≈ $1.00 + ?"
    assert wording.spent(UsageRow(group="x")) == "$0.00"


def test_speed_is_left_out_where_it_cannot_be_told() -> None:
    assert wording.speed(84, 1_000) == "84 tok/s"
    assert wording.speed(5, 1_000) == "5.0 tok/s"
    assert wording.speed(0, 1_000) == wording.speed(5, 0) == ""


def test_prices_per_million() -> None:
    assert [wording.per_million(price) for price in (None, Decimal(0), Decimal("0.3"), Decimal("0.004"))] == [
        "?",
        "0",
        "0.30",
        "0.004",
    ]


def test_a_day_with_little_stands_above_a_day_with_nothing() -> None:
    assert wording.sparkline([0, 1, 1_000]) == "▁▂█"
    assert wording.sparkline([0, 0]) == wording.sparkline([]) == ""


def test_a_bar_shows_even_a_small_share() -> None:
    assert wording.bar(0.001, 10) == ("━", "─" * 9)
    assert wording.bar(7.0, 4) == ("━━━━", "")
    assert wording.bar(0.0, 3) == ("", "───")


# ---- lines ----


@given(st.text(max_size=40), st.text(max_size=20), st.integers(3, 60))
@settings(max_examples=60)
def test_a_line_with_two_ends_is_never_wider_than_its_room(left: str, right: str, width: int) -> None:
    line = spread(wording.plain(left, 80), wording.plain(right, 80), width)
    assert line.cell_length <= width


@given(st.text(max_size=40), st.integers(1, 30), st.sampled_from(["left", "right"]))
@settings(max_examples=60)
def test_a_column_is_exactly_as_wide_as_it_should_be(text: str, width: int, align: str) -> None:
    assert column(wording.plain(text, 80), width, align).cell_length == width  # type: ignore[arg-type]  # sampled


def test_the_last_key_is_kept_when_there_is_no_room_for_all() -> None:
    pairs = (("^O", "model"), ("^R", "sessions"), ("F1", "help"))
    assert keys_line(*pairs).plain == "^O model  ^R sessions  F1 help"
    assert keys_line(*pairs, width=20).plain == "^O model  F1 help"
    assert keys_line(width=5).plain == ""
    assert gauge(0.5, 4).plain == "━━──"


# ---- commands ----


def test_every_command_does_something_and_nothing_else_does() -> None:
    assert {command.id for command in commands.COMMANDS} == set(ACTIONS)
    assert len(commands.BY_ID) == len(commands.COMMANDS)


def test_no_key_means_two_things_in_one_place() -> None:
    for scopes in (("app", "chat"), ("transcript",)):
        keys = [command.keys for command in commands.COMMANDS if command.scope in scopes and command.keys]
        assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("keys", "name"),
    [("ctrl+o", "^O"), ("f1", "F1"), ("escape", "Esc"), ("alt+enter", "Alt+Enter"), ("R", "R"), ("", "")],
)
def test_keys_have_names(keys: str, name: str) -> None:
    assert keynames.shown_key(keys) == name


def test_a_beginning_finds_its_command_first() -> None:
    found = [command.slash for command in slash.completions("/s")]
    assert found[:2] == ["sessions", "stop"] and "usage" in found
    assert [command.slash for command in slash.completions("/temp")][:2] == ["temp", "temperature"]
    assert slash.completions("/nothing") == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/model gem", ("model", "gem")),
        ("/NEW", ("new", "")),
        ("hello", None),
        ("/etc/hosts", None),
        ("//model", None),
    ],
)
def test_a_line_as_a_command(line: str, expected: tuple[str, str] | None) -> None:
    parsed = slash.parse(line)
    assert (None if parsed is None else (parsed[0].id, parsed[1])) == expected


def test_only_a_single_word_after_the_slash_looks_like_a_command() -> None:
    assert slash.unknown("/nonsense now") == "/nonsense"
    assert [slash.unknown(line) for line in ("/etc/hosts", "//x", "/model", "plain", "/ä")] == [""] * 5


# ---- problems ----


@pytest.mark.parametrize("error", [one_of(kind, "m") for kind in kinds()], ids=lambda error: error.kind)
def test_every_error_has_words_and_ways_that_exist(error: errors.OrchatError) -> None:
    problem = problem_of(error, now=0.0)
    assert problem.title and problem.title != "m" and problem.text == "m"
    assert all(way in commands.BY_ID and label for way, label in problem.ways)
    card = problem.card(0.0)
    assert [key for key, _ in card.keys][:1] == (["Enter"] if problem.ways else [])


@pytest.mark.parametrize("scope", ["free_day", "free_minute", "upstream", "capacity", "in_flight", "unknown"])
def test_a_limit_says_whose_it_is_and_until_when(scope: str) -> None:
    problem = problem_of(errors.RateLimited("slow down", scope=scope, retry_after_s=40.0), now=100.0)
    assert "again in 25 s" in problem.card(115.0).text
    assert problem.card(141.0).text == "slow down"
    assert problem_of(errors.RateLimited("m", scope=scope, resets_at=500.0), now=0.0).until == 500.0


def test_what_the_balance_covers_is_offered_first() -> None:
    problem = problem_of(errors.Unaffordable("m", affordable_tokens=2_666), now=0.0)
    assert problem.ways[0] == ("lower", "lower max tokens to 2,666 and resend")
    assert problem.max_tokens == 2_666


def test_other_problems() -> None:
    assert problem_of(errors.TimedOut("m", stage="new"), now=0.0).title == "It took too long"
    assert problem_of(errors.UpstreamFailed("m", retry_after_s=5.0), now=1.0).until == 6.0
    assert stored_problem("m", None, cut=True).title != stored_problem("m", "h", cut=False).title
    assert "secret prompt" not in str(unexpected(ValueError("secret prompt")))
    assert problem_of(errors.OrchatError("m"), now=0.0).title == "It did not work"
    assert Problem(title="t", text="x").card(0.0).keys == ()


# ---- progress ----


def test_the_header_tells_what_an_answer_waits_for() -> None:
    progress = Progress("a/one", 0.0)
    assert progress.facts(0.0).startswith("starting")
    progress.started(1.0)
    assert progress.facts(5.0) == "running 4 s · Esc stops"
    assert progress.facts(12.0).startswith("waiting 11 s")
    progress.see(Queued(wait_s=30.0, reason="free models: 20 requests a minute"), 12.0)
    assert progress.facts(20.0).startswith("waits 22 s") and progress.note.startswith("free models")
    progress.see(Attempted(number=1, model="a/one", key_label="work"), 42.0)
    progress.see(Retrying(error=errors.UpstreamFailed("it broke"), delay_s=2.0), 43.0)
    assert progress.facts(43.0).startswith("waits 2 s") and "it broke" in progress.note
    progress.see(FellBack(from_model="a/one", to_model="b/two", error=errors.UpstreamFailed("again")), 45.0)
    assert progress.model == "b/two" and "instead of a/one" in progress.note
    progress.see(Attempted(number=3, model="b/two", key_label="work"), 45.0)
    progress.see(Opened(model="b/two-2026"), 46.0)
    assert progress.facts(46.0).startswith("attempt 3 · running") and progress.note == ""
    assert progress.model == "b/two-2026"


def test_thinking_is_timed_until_the_answer_begins() -> None:
    progress = Progress("m", 0.0)
    progress.started(0.0)
    assert progress.thought(0.0) == ""
    progress.see(ReasoningDelta(text="hm"), 1.0)
    progress.see(ReasoningDelta(text="hm"), 2.0)
    assert progress.thought(3.0) == "thinking for 2 s"
    progress.see(TextDelta(text="so"), 4.0)
    progress.end(9.0)
    assert progress.thought(9.0, 212) == "thought for 3.0 s, 212 tokens"


# ---- entries ----


def stored(**fields: object) -> StoredMessage:
    values: dict[str, object] = {
        "id": 1,
        "conversation_id": "c",
        "parent_id": None,
        "role": "assistant",
        "reply": Reply(text="hello", reasoning="hm"),
        **fields,
    }
    return StoredMessage(**values)  # type: ignore[arg-type]  # a table of fields


def test_facts_of_a_kept_answer() -> None:
    whole = stored(
        usage=Usage(completion_tokens=84, reasoning_tokens=7),
        cost=Cost(pico=410_000_000, source="reported"),
        timing=Timing(ttft_ms=200, total_ms=1_200),
        model="google/gemini-2.5-flash",
    )
    assert answer_facts(whole) == "1.2 s · 84 tok/s · $0.000 41"
    entry = answer_entry(whole)
    assert (entry.title, entry.thought) == ("gemini-2.5-flash", "thought, 7 tokens")
    assert answer_facts(stored(state="stopped")) == "cost unknown"
    assert answer_facts(stored(state="failed", timing=Timing(total_ms=20))) == ""


@pytest.mark.parametrize("state", ["done", "streaming", "stopped", "cut", "failed"])
def test_every_state_of_an_answer_is_marked(state: str) -> None:
    entry = answer_entry(stored(state=state, error="it broke" if state in ("cut", "failed") else None))
    assert bool(entry.state) == (state in ("streaming", "stopped", "cut"))
    assert (entry.error is not None) == (state in ("cut", "failed"))


def test_an_answer_that_ran_into_its_limit_says_so() -> None:
    assert answer_entry(stored(finish_reason="length")).state == "ended at the limit of tokens"


def test_only_what_people_and_models_said_is_shown() -> None:
    kinds = [entry.role for entry in entries_of([stored(role="system"), stored(role="user"), stored()])]
    assert kinds == ["you", "model"]


def test_attachments_in_a_few_words() -> None:
    assert chip(Attachment(sha256="0", name="a.png", mime="image/png", size=2_000, width=3, height=4)) == (
        "a.png  3×4  2 kB"
    )


# ---- the sidebar ----


def test_the_sidebar_tells_unknown_from_nothing() -> None:
    assert answer_cost(Figures()) == "–"
    assert answer_cost(Figures(busy=True)) == "running"
    assert answer_cost(Figures(answer=stored())) == "unknown"
    assert answer_cost(Figures(answer=stored(state="failed"))) == "–"
    assert context_words(Figures()) == "– of unknown"
    used = Figures(context=Usage(prompt_tokens=12_000, completion_tokens=400), model=MODELS[0])
    assert context_words(used) == "12.4k of 1.0M"


def test_prices_in_the_sidebar() -> None:
    known = model("a/b", pricing=Pricing(prices={"prompt": Decimal("0.0000003"), "completion": Decimal("0.0000025")}))
    assert [prices(found) for found in (known, MODELS[1], MODELS[3], MODELS[2])] == [
        "$0.30 / $2.50",
        "free",
        "depends",
        "unknown",
    ]


def test_a_draft_costs_what_goes_in() -> None:
    known = model("a/b", pricing=Pricing(prices={"prompt": Decimal("0.000001"), "completion": Decimal("0.000004")}))
    assert draft_cost(Figures(model=known, context=Usage(prompt_tokens=99)), 1) == 100 * 10**6
    assert draft_cost(Figures(model=known), 0) is None
    assert draft_cost(Figures(model=MODELS[1]), 10) is draft_cost(Figures(), 10) is None


def test_a_search_hit_shows_its_match_in_bold() -> None:
    found = snippet("before \x02match\x03 after")
    assert found.plain == "before match after"
    assert any("bold" in str(span.style) and found.plain[span.start : span.end] == "match" for span in found.spans)


# ---- colours and the guard ----


@pytest.mark.parametrize("name", sorted(BUILTIN_THEMES))
def test_every_theme_gets_all_shades(name: str) -> None:
    theme = BUILTIN_THEMES[name]
    variables = fill_in(theme.to_color_system().generate())
    assert {"line", "dim", "faint", "you"} <= variables.keys()


def test_our_text_can_be_read() -> None:
    for theme in OURS:
        ground = Color.parse(theme.background or "")
        for shade in (theme.foreground, theme.variables["dim"], theme.primary, theme.warning, theme.error):
            assert contrast(Color.parse(shade or ""), ground) >= 4.5


def test_a_theme_without_usable_colours_falls_back_to_the_terminals_own() -> None:
    assert fill_in({"foreground": "nonsense"})["dim"] == "ansi_default"


def test_the_guard_lets_no_control_character_through() -> None:
    guard, ground = Guard(), Color(0, 0, 0)
    clean = [Segment("all is well")]
    assert guard.apply(clean, ground) is clean
    dirty = guard.apply([Segment("a\x1b]0;title\x07b"), Segment("c\nd")], ground)
    assert [segment.text for segment in dirty] == ["ab", "c d"]


def test_foreign_text_is_never_markup() -> None:
    assert wording.plain("[bold]x[/] [/nope]").plain == "[bold]x[/] [/nope]"
    assert isinstance(wording.plain("x"), Content)
