"""Whom a failure concerns decides whether the page, the job or nobody has to wait."""

from __future__ import annotations

import pytest

from orchat import errors
from orchat.domain.fold import Reply
from orchat.ocr.verdict import Again, Skip, Stop, Verdict, Wait, judge
from tests.support.errors import kinds, one_of

NOW = 1000.0
CUT = errors.StreamInterrupted("cut", partial=Reply(), reason="cut")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.NoKeys("x"), Stop()),
        (errors.CreditsExhausted("x"), Stop()),
        (errors.BudgetExceeded("x"), Stop()),
        (errors.ModelUnknown("x"), Stop()),
        (errors.ModelCannotSee("x"), Stop()),
        (errors.NoEndpoints("x"), Stop()),
        (errors.Unaffordable("x"), Stop()),
        (errors.StoreUnwritable("x"), Stop()),
        (errors.ConnectionFailed("x"), Wait(delay_s=15.0)),
        (errors.CircuitOpen("x", until=NOW + 20), Wait(delay_s=20.0)),
        (errors.CircuitOpen("x", until=NOW - 20), Wait(delay_s=1.0)),
        (errors.RateLimited("x"), Wait(delay_s=15.0)),
        (errors.RateLimited("x", retry_after_s=7), Wait(delay_s=7)),
        (errors.RateLimited("x", resets_at=NOW + 30), Wait(delay_s=30.0)),
        (errors.RateLimited("x", scope="free_day", resets_at=NOW + 30_000), Stop()),
        (errors.UpstreamFailed("x"), Again(delay_s=1.0)),
        (errors.TimedOut("x", stage="idle"), Again(delay_s=1.0)),
        (CUT, Again(delay_s=1.0)),
        (errors.BadRequest("x"), Skip()),
        (errors.ContextTooLong("x"), Skip()),
        (errors.ContentRefused("x"), Skip()),
        (errors.MediaDamaged("x"), Skip()),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_first_failure(error: errors.OrchatError, expected: Verdict) -> None:
    assert judge(error, tries=1, waited_s=0, patience_s=600, now=NOW) == expected


@pytest.mark.parametrize(("tries", "expected"), [(1, Again(delay_s=1.0)), (2, Again(delay_s=4.0)), (3, Skip())])
def test_a_page_is_sent_three_times_at_most(tries: int, expected: Verdict) -> None:
    assert judge(CUT, tries=tries, waited_s=0, patience_s=600, now=NOW) == expected


@pytest.mark.parametrize(("waited_s", "expected"), [(585, Wait(delay_s=15.0)), (586, Stop())])
def test_patience_has_an_end(waited_s: float, expected: Verdict) -> None:
    error = errors.ConnectionFailed("x")
    assert judge(error, tries=1, waited_s=waited_s, patience_s=600, now=NOW) == expected


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_every_error_has_a_verdict(kind: type[errors.OrchatError]) -> None:
    assert judge(one_of(kind, "x"), tries=1, waited_s=0, patience_s=600, now=NOW) is not None
