import pytest

from orchat import errors
from orchat.domain.fold import Reply
from tests.support.errors import kinds, one_of


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_every_error_is_drawn_in_the_tree(kind: type[errors.OrchatError]) -> None:
    assert errors.__doc__ is not None
    assert f" {kind.__name__} " in f" {errors.__doc__} ".replace("\n", " ")


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_every_error_prints_as_its_one_line(kind: type[errors.OrchatError]) -> None:
    error = one_of(kind, "it broke", hint="mend it")
    assert str(error) == "it broke"
    assert error.hint == "mend it"
    assert error.kind == kind.__name__


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        (errors.ConnectionFailed("x"), True),
        (errors.TimedOut("x", stage="idle"), True),
        (errors.RateLimited("x"), True),
        (errors.UpstreamFailed("x"), True),
        (errors.UpstreamFailed("x", retryable=False), False),
        (errors.BadRequest("x"), False),
        (errors.StreamInterrupted("x", partial=Reply(), reason="cut"), False),
    ],
)
def test_errors_know_whether_the_same_request_may_be_sent_again(error: errors.RequestFailed, retryable: bool) -> None:
    assert error.retryable is retryable


def test_an_interrupted_stream_keeps_what_arrived() -> None:
    cause = errors.ConnectionFailed("reset")
    error = errors.StreamInterrupted("cut", partial=Reply(text="so far"), reason="cut", cause=cause, model="a/b")
    assert error.partial.text == "so far"
    assert error.cause is cause
    assert error.body_started
    assert error.model == "a/b"


def test_an_error_and_what_is_behind_it_can_be_said_in_other_words() -> None:
    cause = errors.ConnectionFailed("a key broke", hint="mend the key")
    error = errors.StreamInterrupted("no key", partial=Reply(), reason="cut", cause=cause)
    error.reword(lambda text: text.replace("key", "…"))
    assert (str(error), error.message, error.hint) == ("no …", "no …", None)
    assert (str(cause), cause.hint) == ("a … broke", "mend the …")
    lone = errors.StreamInterrupted("no key", partial=Reply(), reason="cut")
    lone.reword(str.upper)
    assert str(lone) == "NO KEY"
