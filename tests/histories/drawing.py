"""How histories are drawn: all of one follows from its seed, so the seed brings it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import strategies as st

from tests.histories.acting import GOALS, ZONES, Step

# Days before clocks change somewhere, and one on which they do not.
_BEGINNINGS = ("2026-03-05", "2026-03-26", "2026-04-02", "2026-06-10", "2026-10-01", "2026-10-22", "2026-10-30")
_HOUR, _DAY = 60, 24 * 60


@dataclass(frozen=True)
class Drawn:
    """Where and when somebody begins, with how many clean days before, and all that they do."""

    seed: int
    zone: str
    begins: datetime
    clean_before: int
    steps: list[Step]


def _wait(random: Random) -> int:
    """Minutes: often a few hours or a day, at times up to forty days."""
    return random.choice(
        (
            random.randint(1, 3 * _HOUR), random.randint(1, 3 * _HOUR), random.randint(18 * _HOUR, 30 * _HOUR),
            random.randint(18 * _HOUR, 30 * _HOUR), random.randint(_DAY, 4 * _DAY), random.randint(_DAY, 40 * _DAY),
        )
    )  # fmt: skip


def _short_wait(random: Random) -> int:
    return random.choice((random.randint(1, 3 * _HOUR), random.randint(18 * _HOUR, 30 * _HOUR), 2 * _DAY))


_Numbers = Callable[[Random], tuple[int, ...]]

_NUMBERS: dict[str, _Numbers] = {
    "waits": lambda random: (),
    # Mostly today; also the oldest day that can be filled in, the one before it, and tomorrow.
    "checks_in": lambda random: (random.choice((0, 0, 0, 0, 1, 1, 2, 3, 5, 7, 8, -1)), random.randint(1, 5)),
    "slips": lambda random: (random.choice((0, 0, 0, 1, 5, 23, 24, 50, 192, 600, 1440)), random.randint(0, 1)),
    "undoes": lambda random: (random.randint(0, 5),),
    "corrects": lambda random: (random.randint(-15, 15),),
    "moves": lambda random: (random.randrange(len(ZONES)),),
    "urges": lambda random: (random.choice((0, 0, 1, 2)), random.choice((0, 0, 3, 30))),
    "writes": lambda random: (),
    "plans": lambda random: (
        random.randrange(len(GOALS)), random.randint(1, 9), random.choice((0, 0, 1, 3, 8, 20)),
    ),
    "ticks": lambda random: (random.randint(0, 2), random.randint(0, 9)),
}  # fmt: skip
_ALL = (*_NUMBERS, "checks_in", "checks_in", "slips", "undoes", "moves", "moves", "plans")
# Those that take back nothing that may have been noted.
_CALM = ("waits", "checks_in", "checks_in", "urges", "writes", "plans", "ticks", "moves")


def _step(random: Random, act: str, wait: int) -> Step:
    return Step(
        wait,
        act,
        *_NUMBERS[act](random),
        sweep=random.choice(("", "", "once", "twice", "together")),
        drain=random.random() < 0.4,
        looks=random.random() < 0.4,
    )


def _routine(random: Random) -> list[Step]:
    """A check-in a day at about the same hour, for some days or two weeks; now and then one is missed."""
    return [
        Step(random.randint(22 * _HOUR, 26 * _HOUR), "checks_in", 0, random.randint(1, 5), drain=random.random() < 0.2)
        if random.random() < 0.95
        else Step(_DAY, "waits", sweep="once")
        for _ in range(random.randint(3, 16))
    ]


def _goals(random: Random) -> list[Step]:
    """To begin with, so that there is something to reach."""
    return [_step(random, "plans", random.randint(1, _HOUR)) for _ in range(random.randint(2, 4))]


def _drawn(random: Random, seed: int, steps: list[Step]) -> Drawn:
    begins = datetime.fromisoformat(random.choice(_BEGINNINGS)).replace(tzinfo=UTC)
    begins += timedelta(minutes=random.randrange(_DAY))
    return Drawn(seed, random.choice(ZONES), begins, random.choice((0, 0, 1, 5, 12, 28, 89)), steps)


def life(seed: int) -> Drawn:
    """Anything that people do, in any order, over days or months."""
    random = Random(seed)
    steps = _goals(random)
    for _ in range(random.randint(6, 18)):
        steps += _routine(random) if random.random() < 0.1 else [_step(random, random.choice(_ALL), _wait(random))]
    return _drawn(random, seed, steps)


def calm_life(seed: int) -> Drawn:
    """Days without anything that takes back what was."""
    random = Random(seed)
    steps = _goals(random)
    steps += [_step(random, random.choice(_CALM), _short_wait(random)) for _ in range(random.randint(4, 9))]
    # Who has flown west is soon back at the days that they had seen already, and that a sweep may have written down.
    steps.append(Step(2 * _DAY, "waits"))
    return _drawn(random, seed, steps)


seeds = st.integers(0, 2**32 - 1)
