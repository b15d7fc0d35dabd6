"""Finds what a person means by a few letters, and ranks it. Pure, and fast enough for a key press."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Match:
    """How well a text fits."""

    score: int
    """The higher, the better."""
    positions: tuple[int, ...]
    """Which characters of the text were meant."""


NO_WORDS = Match(0, ())
_STARTS = frozenset("/-:._ ~@")


def match(query: str, text: str) -> Match | None:
    """How a query fits a text: every word as a part of it, or else all letters in their order.

    Args:
        query: Case-folded; words are separated by spaces.
        text: Case-folded.

    Returns:
        None when it does not fit.
    """
    words = query.split()
    if not words:
        return NO_WORDS
    score, positions = 0, list[int]()
    for word in words:
        found = _part(word, text) or _letters(word, text)
        if found is None:
            return None
        score += found.score
        positions.extend(found.positions)
    return Match(score, tuple(sorted(set(positions))))


def _part(word: str, text: str) -> Match | None:
    """The word as it is, at the best place: the whole text, then a beginning of one of its parts."""
    best, best_score, at = -1, -1, text.find(word)
    while at >= 0:
        score = 60 if at == 0 or text[at - 1] in _STARTS else 20
        end = at + len(word)
        if end == len(text) or text[end] in _STARTS:
            score += 20
        if score > best_score:
            best, best_score = at, score
        at = text.find(word, at + 1)
    if best < 0:
        return None
    return Match(100 + best_score + len(word), tuple(range(best, best + len(word))))


def _letters(word: str, text: str) -> Match | None:
    """The letters in their order with gaps; beginnings of parts count more, gaps cost."""
    positions: list[int] = []
    at = -1
    for letter in word:
        at = text.find(letter, at + 1)
        if at < 0:
            return None
        positions.append(at)
    starts = sum(1 for place in positions if place == 0 or text[place - 1] in _STARTS)
    gaps = positions[-1] - positions[0] + 1 - len(positions)
    return Match(max(0, 40 + 8 * starts - gaps), tuple(positions))
