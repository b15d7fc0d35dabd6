"""The model list of the picker: what is shown, in which order, and how a row reads; of widgets only what a row is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from typing import Literal, get_args

from textual.content import Content

from orchat.domain.catalog import Catalogue, Model, ModelFilter, SortKey, select
from orchat.domain.clean import clean_line
from orchat.tui.fuzzy import match
from orchat.tui.lines import ACCENT, DIM, FAINT, HEAD, STRONG, column
from orchat.tui.widgets.rows import Row
from orchat.tui.wording import UNKNOWN, per_million, plain, short_model, tokens

Trait = Literal["free", "sees", "reasons", "tools", "files"]
TRAITS: tuple[Trait, ...] = get_args(Trait)
SORTS: tuple[tuple[SortKey, str], ...] = (
    ("name", "by name"),
    ("newest", "newest first"),
    ("price", "cheapest first"),
    ("context", "longest context first"),
)
"""In the order in which the sort key goes through them."""
MOST_RECENT = 5
"""Models used last that stand before all others."""
_AMOUNT, _CONTEXT, _MARK, _CAN = 9, 9, 3, 26
_WIDE, _MEDIUM = 84, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a person asked for."""

    text: str = ""
    """As typed."""
    traits: frozenset[Trait] = frozenset()
    """What a model must be able to do."""
    sort: SortKey = "name"
    """The order where nothing is typed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The catalogue, prepared once so that each key press is cheap."""

    catalogue: Catalogue
    """All models."""
    favourites: tuple[str, ...] = ()
    """Ids with a star."""
    recents: tuple[str, ...] = ()
    """Ids used last, the last one first."""
    named: tuple[str, ...] = ()
    """Ids that the settings put before the others."""
    haystacks: dict[str, str] = field(default_factory=dict)
    """Id to what is searched, case-folded."""

    @classmethod
    def of(
        cls,
        catalogue: Catalogue,
        *,
        favourites: Iterable[str] = (),
        recents: Iterable[str] = (),
        named: Iterable[str] = (),
    ) -> Listing:
        """Prepare a catalogue."""
        return cls(
            catalogue=catalogue,
            favourites=tuple(favourites),
            recents=tuple(recents),
            named=tuple(named),
            haystacks={model.id: f"{model.id} {model.name}".casefold() for model in catalogue.models},
        )

    def find(self, wanted: Wanted) -> list[Model]:
        """The models that fit, the best first; recent ones and favourites before the others of the same rank."""
        limits = ModelFilter(**dict.fromkeys(wanted.traits, True))  # type: ignore[arg-type]  # the traits are all booleans
        models = select(self.catalogue.models, limits, wanted.sort)
        query = wanted.text.casefold().strip()
        first = dict.fromkeys((*self.recents[:MOST_RECENT], *self.favourites, *self.named))
        ranks = {name: rank for rank, name in enumerate(first)}
        last = len(ranks)
        if not query:
            return sorted(models, key=lambda model: ranks.get(model.id, last))
        scored = [(found.score, model) for model in models if (found := match(query, self.haystacks[model.id]))]
        scored.sort(key=lambda pair: (-pair[0], ranks.get(pair[1].id, last)))
        return [model for _, model in scored]

    def grouped(self, models: Sequence[Model]) -> list[tuple[str, list[Model]]]:
        """Models as `find` puts them where nothing is typed, under their headings; one group alone has none."""
        recents, favourites = self.recents[:MOST_RECENT], self.favourites
        groups: dict[str, list[Model]] = {"RECENT": [], "FAVOURITES": [], "OTHERS": []}
        for model in models:
            name = "RECENT" if model.id in recents else "FAVOURITES" if model.id in favourites else "OTHERS"
            groups[name].append(model)
        kept = [(name, group) for name, group in groups.items() if group]
        return kept if len(kept) > 1 else [("", list(models))]

    def mark(self, model_id: str) -> str:
        """``★`` for a favourite, ``◷`` for one used lately."""
        if model_id in self.favourites:
            return "★"
        return "◷" if model_id in self.recents else " "


def meant(text: str, catalogue: Catalogue) -> str:
    """The id of the model that somebody means by an id or a part of it; empty where it could be several, or none.

    An id counts as it stands, also with a variant such as ``:nitro``; then the only one of that short name; then the
    only one of which it is a part. Where no catalogue could be had, every text that looks like an id is one.
    """
    part = text.strip()
    if not part or catalogue.find(part) is not None:
        return part
    if not catalogue.models:
        return typed_id(part, ()) or ""
    fold = part.casefold()
    fitting = [model.id for model in catalogue.models if fold in model.id.casefold()]
    named = [id for id in fitting if short_model(id).casefold() == fold]
    found = named if len(named) == 1 else fitting
    return found[0] if len(found) == 1 else ""


def typed_id(text: str, models: Sequence[Model]) -> str | None:
    """What was typed, if it may be the id of a model that is not listed."""
    wanted = text.strip()
    looks_like_one = "/" in wanted[1:] and not any(char.isspace() for char in wanted) and wanted.isprintable()
    return wanted if looks_like_one and all(model.id != wanted for model in models) else None


def header(width: int) -> Content:
    """The names of the columns."""
    cells = [("context", _CONTEXT), ("$/M in", _AMOUNT), ("$/M out", _AMOUNT)] if width >= _MEDIUM else []
    name = _name_width(width)
    line = Content.assemble(" " * _MARK, column(Content("model"), name))
    for title, room in cells:
        line = Content.assemble(line, column(Content(title), room, "right"))
    if width >= _WIDE:
        line = Content.assemble(line, "  can")
    return line.stylize(f"{STRONG} {DIM}")


def listed(listing: Listing, found: Sequence[Model], text: str, mark: Callable[[str], str]) -> list[Row]:
    """The rows of models, in groups with headings where nothing is typed.

    Args:
        listing: Where they come from.
        found: What `Listing.find` gave.
        text: What it was asked for.
        mark: Gives what stands before the id of a model, one cell.
    """
    rows: list[Row] = []
    for title, models in [("", found)] if text.strip() else listing.grouped(found):
        if title:
            rows.append(Row("", partial(heading, title), is_heading=True))
        rows += (Row(model.id, partial(row, model, mark(model.id), text)) for model in models)
    return rows


def heading(title: str, _width: int) -> Content:
    """Stands above the rows of a group."""
    return Content.styled(" " * _MARK + title, HEAD)


def row(model: Model, mark: str, query: str, width: int) -> Content:
    """One model in one line."""
    name = column(_marked(model.id, query), _name_width(width))
    line = Content.assemble((f" {mark} ", "$you"), name)
    if width >= _MEDIUM:
        context = UNKNOWN[:3] if model.context_length is None else tokens(model.context_length)
        line = Content.assemble(line, column(Content.styled(context, DIM), _CONTEXT, "right"))
        for key in ("prompt", "completion"):
            line = Content.assemble(line, column(_price(model, key), _AMOUNT, "right"))
    if width >= _WIDE:
        line = Content.assemble(line, "  ", (" ".join(abilities(model)), DIM))
    return line


def typed_row(model_id: str, mark: str, width: int) -> Content:
    """An id that is not in the catalogue, as somebody typed it."""
    words = Content.assemble(
        (f" {mark} ", "$you"), ("use ", DIM), (clean_line(model_id, 120), f"bold {ACCENT}"), (" as typed", DIM)
    )
    return words.truncate(width, ellipsis=True)


def abilities(model: Model) -> list[str]:
    """What a model can do, in words."""
    known = (
        ("sees", model.sees),
        ("files", model.reads_files),
        ("reasons", model.reasons),
        ("tools", model.uses_tools),
    )
    return [name for name, has in known if has]


def brief(model: Model, width: int) -> Content:
    """What there is to know of a model, in one line: what is least likely to stand in its row comes first."""
    facts = [" ".join(abilities(model))]
    if model.is_free:
        facts.append("free")
    elif model.pricing.is_known:
        prices = (model.pricing.per_million(key) for key in ("prompt", "completion"))
        facts.append("/".join(f"${per_million(price)}" for price in prices) + " per M")
    elif model.pricing.prices:
        facts.append("price varies")
    if model.context_length is not None:
        facts.append(f"{tokens(model.context_length)} context")
    words = " · ".join(fact for fact in facts if fact)
    return Content.assemble(_title(model), "  ", (words, DIM)).truncate(width, ellipsis=True)


def details(model: Model, width: int) -> Content:
    """What there is to know of a model, in four lines."""
    facts = [clean_line(model.id, 80)]
    if model.created:
        facts.append(f"since {datetime.fromtimestamp(model.created, tz=timezone.utc):%Y-%m-%d}")
    if model.max_completion_tokens:
        facts.append(f"{tokens(model.max_completion_tokens)} max answer")
    if model.expires:
        facts.append(f"until {clean_line(model.expires, 12)}")
    first = Content.assemble(_title(model), "  ", (" · ".join(facts), DIM))
    about = clean_line(model.description.replace("\n", " "), max(20, 2 * width - 4))
    return Content("\n").join([first.truncate(width, ellipsis=True), Content.styled(about, DIM), _prices(model, width)])


def _title(model: Model) -> Content:
    return Content.styled(clean_line(model.name or model.id, 80), STRONG)


def _prices(model: Model, width: int) -> Content:
    names = (
        ("prompt", "in"),
        ("completion", "out"),
        ("input_cache_read", "cache read"),
        ("input_cache_write", "cache write"),
        ("internal_reasoning", "thoughts"),
    )
    parts = []
    for key, name in names:
        price = model.pricing.per_million(key)
        if price is not None and (price or key in ("prompt", "completion")):
            parts.append(Content.assemble((f"{name} ", DIM), f"${per_million(price)}"))
    for key, name in (("image", "image"), ("web_search", "web search"), ("request", "request")):
        single = model.pricing.prices.get(key)
        if single is not None and single > 0:
            parts.append(Content.assemble((f"{name} ", DIM), f"${single.normalize():f}"))
    if not model.pricing.is_known:
        parts = [Content.styled("the price depends on the model that it chooses", DIM)]
    return Content("   ").join(parts).truncate(width, ellipsis=True)


def _price(model: Model, key: str) -> Content:
    if model.is_free:
        return Content.styled("free", ACCENT)
    if not model.pricing.is_known:
        return Content.styled("varies" if key in model.pricing.prices else "?", FAINT)
    return Content(per_million(model.pricing.per_million(key)))


def _marked(model_id: str, query: str) -> Content:
    """The id with the letters that were meant in bold."""
    shown = plain(model_id, 120)
    found = match(query.casefold().strip(), shown.plain.casefold()) if query.strip() else None
    if found is None or len(shown.plain.casefold()) != len(shown.plain):
        return shown
    for place in found.positions:
        shown = shown.stylize(f"{STRONG} {ACCENT}", place, place + 1)
    return shown


def _name_width(width: int) -> int:
    taken = _MARK
    if width >= _MEDIUM:
        taken += _CONTEXT + 2 * _AMOUNT
    if width >= _WIDE:
        taken += _CAN
    return max(8, width - taken)
