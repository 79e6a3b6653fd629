"""The home screen."""

from litestar import get
from litestar.di import NamedDependency

from api.person import Person
from domain.dashboard import home
from domain.dashboard.home import Home


@get("/v1/me/dashboard", operation_id="readDashboard", tags=["Accounts and sign-in"], summary="The home screen")
async def read_dashboard(person: NamedDependency[Person]) -> Home:
    """Everything that the home screen shows, in one answer."""
    return await home.read_home(person.user_id)


HANDLERS = [read_dashboard]
