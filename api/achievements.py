"""Achievements."""

from litestar import get
from litestar.di import NamedDependency

from api.person import Person
from domain.achievements import overview
from domain.achievements.overview import AchievementView
from domain.kit.pagination import Page


@get("/v1/achievements", operation_id="listAchievements", tags=["Recovery"], summary="All achievements")
async def list_achievements(person: NamedDependency[Person]) -> Page[AchievementView]:
    """All of them on one page, with progress; what was earned stays earned, whatever happens afterwards."""
    return await overview.read_achievements(person.user_id)


HANDLERS = [list_achievements]
