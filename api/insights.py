"""Insights: what brings urges on and when, and how the days around them were."""

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.person import Person
from domain.insights import mood, triggers
from domain.insights.mood import MoodInsights
from domain.insights.triggers import TriggerInsights
from domain.insights.window import DEFAULT_DAYS, MOST_DAYS

_TAGS = ["Recovery"]

Days = Annotated[
    int | None,
    QueryParameter(
        description="How many days up to today",
        schema_extra={"minimum": 1, "maximum": MOST_DAYS, "default": DEFAULT_DAYS},
    ),
]


@get("/v1/insights/triggers", operation_id="readTriggerInsights", tags=_TAGS, summary="Urges, slips and their triggers")
async def read_trigger_insights(person: NamedDependency[Person], days: Days = None) -> TriggerInsights:
    """Counts of the window, of each trigger and of each hour of the week, beside those of as many days before."""
    return await triggers.read_trigger_insights(person.user_id, days)


@get(
    "/v1/insights/mood", operation_id="readMoodInsights", tags=_TAGS, summary="Moods, and moods around urges and slips"
)
async def read_mood_insights(person: NamedDependency[Person], days: Days = None) -> MoodInsights:
    """Averages of the check-ins in the window, beside those of as many days before; and on the days before, of and
    after an urge or a slip."""
    return await mood.read_mood_insights(person.user_id, days)


HANDLERS = [read_trigger_insights, read_mood_insights]
