"""Random histories against the slow, obvious model, with the clock and the workers running well, badly or never.

The same histories are drawn each time, and none are remembered: what fails here fails everywhere. A failure prints the
seed of the history and the step at which it went wrong; there is nothing to shrink.
"""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings

from tests.conftest import Api
from tests.histories import drawing
from tests.histories.acting import (
    HOUR,
    Drain,
    Life,
    lived_as_drawn,
    lived_swept,
    lived_unwatched,
    lived_with_care,
)
from tests.histories.drawing import Drawn, seeds

_PROFILE = settings(
    phases=[Phase.explicit, Phase.generate],
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
FAST, THOROUGH = settings(_PROFILE, max_examples=10), settings(_PROFILE, max_examples=60)
FEW, MANY = settings(_PROFILE, max_examples=5), settings(_PROFILE, max_examples=15)


def life_of(person: Api, drawn: Drawn) -> Life:
    return Life(UUID(person.user["id"]), drawn.zone, drawn.begins, drawn.clean_before)


async def the_system_and_the_model_agree(person: Api, drain: Drain, drawn: Drawn) -> None:
    """And it comes out the same if nothing ever ran, wherever nothing was reached and lost again in between."""
    note(f"{drawn.seed}: in {drawn.zone} at {drawn.begins}, {drawn.clean_before} days clean")
    await lived_as_drawn(life_of(person, drawn), drawn.steps, drain)
    careful = life_of(person, drawn)
    await lived_with_care(careful, drawn.steps, drain)
    with_care = await careful.rows()
    unwatched = life_of(person, drawn)
    await lived_unwatched(unwatched, drawn.steps, drain)
    without = await unwatched.rows()
    assert (with_care["streak"], with_care["attempts"]) == (without["streak"], without["attempts"])
    if not careful.all.fickle:
        assert with_care["completed"] == without["completed"]
        assert set(with_care["earned"]) == set(without["earned"])


@FAST
@given(seed=seeds)
async def test_any_history(person: Api, drain: Drain, seed: int) -> None:
    await the_system_and_the_model_agree(person, drain, drawing.life(seed))


@pytest.mark.slow
@THOROUGH
@given(seed=seeds)
async def test_many_histories(person: Api, drain: Drain, seed: int) -> None:
    await the_system_and_the_model_agree(person, drain, drawing.life(seed))


async def the_rows_do_not_tell_when_the_sweep_ran(person: Api, drain: Drain, drawn: Drawn) -> None:
    note(f"{drawn.seed}: in {drawn.zone} at {drawn.begins}, {drawn.clean_before} days clean")
    found = {}
    for name, every, how in (
        ("hourly", HOUR, "once"),
        ("at the end", None, "once"),
        ("twice at the end", None, "twice"),
        ("every seven hours by two clocks", 7 * HOUR, "together"),
    ):
        life = life_of(person, drawn)
        await lived_swept(life, drawn.steps, drain, every, how)
        found[name] = await life.rows()
    assert found == dict.fromkeys(found, found["hourly"])


@FEW
@given(seed=seeds)
async def test_swept_hourly_late_or_twice(person: Api, drain: Drain, seed: int) -> None:
    await the_rows_do_not_tell_when_the_sweep_ran(person, drain, drawing.calm_life(seed))


@pytest.mark.slow
@MANY
@given(seed=seeds)
async def test_swept_hourly_late_or_twice_often(person: Api, drain: Drain, seed: int) -> None:
    await the_rows_do_not_tell_when_the_sweep_ran(person, drain, drawing.calm_life(seed))
