"""Retry-After, error words and the breaker."""

import pytest

from domain.kit.providers import Answer, Breaker, Outcome, code_word, retry_after_seconds

NOVEMBER_6 = 784_111_777.0  # Sun, 06 Nov 1994 08:49:37 GMT


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 1.5 ", 1.5),
        ("0", 0.0),
        ("-3", 0.0),
        ("1e9", 86_400.0),
        ("inf", 86_400.0),
        ("Sun, 06 Nov 1994 08:50:37 GMT", 60.0),
        ("Sun, 06 Nov 1994 08:50:37 -0000", 60.0),
        ("Sun, 06 Nov 1994 08:50:37", 60.0),
        ("Sun, 06 Nov 1994 09:50:37 +0100", 60.0),
        ("Sun, 06 Nov 1994 08:00:00 GMT", 0.0),
        ("nan", None),
        ("soon", None),
        ("Sun, 99 Nov 1994 08:50:37 GMT", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("name", ["retry-after", "Retry-After"])
def test_retry_after(name: str, value: str, seconds: float | None) -> None:
    assert retry_after_seconds({name: value}, clock=lambda: NOVEMBER_6) == seconds


def test_no_retry_after() -> None:
    assert retry_after_seconds({}) is None


@pytest.mark.parametrize("value", ["", "a b", "x" * 61, "tok\nen", 5, None, "ünregistered", "1st"])
def test_a_word_that_is_none_is_replaced(value: object) -> None:
    assert code_word(value, "http_400") == "http_400"


def test_breaker_opens_after_failures_in_a_row_and_closes_by_one_probe() -> None:
    now = 100.0
    breaker = Breaker("apns", open_seconds=60, threshold=3, clock=lambda: now)
    ok, config, transient = (Answer(outcome, "x") for outcome in (Outcome.OK, Outcome.CONFIG, Outcome.TRANSIENT))

    for answer in (config, config, ok, config, transient, config):
        assert breaker.refusal() is None
        breaker.saw(answer)
    assert not breaker.is_open
    breaker.saw(config)
    assert breaker.is_open
    now += 20
    assert breaker.refusal() == Answer(Outcome.TRANSIENT, "breaker_open", retry_after=40.0)

    now += 40
    assert breaker.refusal() is None, "one probe"
    assert breaker.refusal() is not None, "and not a second"
    breaker.saw(transient)
    assert breaker.refusal() is not None, "a probe that did not get through proves nothing"
    now += 60
    assert breaker.refusal() is None
    breaker.saw(config)
    assert breaker.refusal() is not None
    now += 60
    assert breaker.refusal() is None
    breaker.saw(Answer(Outcome.TOKEN_DEAD, "UNREGISTERED"))
    assert breaker.refusal() is None
    assert not breaker.is_open
