"""Check-ins and streaks."""

from typing import Annotated

import msgspec
from litestar import get, patch, put
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, PathParameter, QueryParameter

from api.person import Person
from api.urgent import WORDS
from domain.kit.days import parse_day
from domain.kit.pagination import Page, page_limit
from domain.recovery import attempts, check_ins, standing
from domain.recovery.attempts import StreakChange
from domain.recovery.check_ins import CheckedIn, CheckIn
from domain.recovery.standing import Streak

_TAGS = ["Recovery"]


class DayReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the day was."""

    mood: Annotated[int, msgspec.Meta(ge=1, le=5, description="1 very low, 5 very good")]
    urge_level: Annotated[int, msgspec.Meta(ge=0, le=10, description="0 none, 10 the strongest")]
    triggers: Annotated[list[str], msgspec.Meta(description="Up to 20 short words")] = msgspec.field(
        default_factory=list
    )
    note: Annotated[str, msgspec.Meta(description="Up to 2000 characters")] | None = None
    client_id: str | None = None


@put("/v1/check-ins/{date:str}", operation_id="putCheckIn", tags=_TAGS, summary="Check in", opt=WORDS)
async def put_check_in(
    person: NamedDependency[Person],
    date: Annotated[
        str, PathParameter(format="date", description="Today by the person's time zone, or up to 7 days back")
    ],
    data: JSONBody[DayReport],
) -> CheckedIn:
    """One check-in a day: the first creates it, later ones replace what it says."""
    return await check_ins.put_check_in(
        person.user_id,
        parse_day(date),
        mood=data.mood,
        urge_level=data.urge_level,
        triggers=data.triggers,
        note=data.note,
        client_id=data.client_id,
    )


@get("/v1/check-ins", operation_id="listCheckIns", tags=_TAGS, summary="Calendar of days")
async def list_check_ins(
    person: NamedDependency[Person],
    from_: Annotated[str | None, QueryParameter(name="from", format="date", description="Default: 30 days")] = None,
    to: Annotated[str | None, QueryParameter(format="date", description="Default: today")] = None,
    limit: FromQuery[int | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Page[CheckIn]:
    """The days with a check-in, newest first; at most 366 days at once."""
    first = parse_day(from_, field="from") if from_ is not None else None
    last = parse_day(to, field="to") if to is not None else None
    return await check_ins.list_check_ins(person.user_id, first, last, page_limit(limit), cursor)


@get("/v1/streak", operation_id="readStreak", tags=_TAGS, summary="Both streaks")
async def read_streak(person: NamedDependency[Person]) -> Streak:
    """Clean days and the check-in streak, as of now."""
    return await standing.read_streak(person.user_id)


@patch("/v1/streak", operation_id="changeStreak", tags=_TAGS, summary="Correct the first day")
async def change_streak(person: NamedDependency[Person], data: JSONBody[StreakChange]) -> Streak:
    """`started_on` is the first clean day of all, up to 50 years back. It is no slip, and may lie after none."""
    return await attempts.change_streak(person.user_id, data)


HANDLERS = [put_check_in, list_check_ins, read_streak, change_streak]
