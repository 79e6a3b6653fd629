"""`kuitter seed demo`: a person with a month behind them, to look around as. Development only."""

from __future__ import annotations

import sys
from contextlib import suppress
from datetime import date, timedelta
from uuid import UUID

from domain.accounts.consents import THIRD_PARTY_AI, change_consent
from domain.accounts.sign_in import Registration, register
from domain.kit.clock import clock
from domain.kit.errors import Conflict
from domain.kit.settings import settings
from domain.recovery.attempts import begin_attempt
from domain.recovery.check_ins import put_check_in

EMAIL, PASSWORD = "demo@example.org", "demo of a long way"
_DAYS = 30


async def seed_demo() -> int:
    """Create the person unless they are there; returns an exit status."""
    if settings().is_production:
        print("kuitter: seed demo is refused in production", file=sys.stderr)
        return 1
    with suppress(Conflict):
        await _create()
    print(f"sign in as {EMAIL} with the password: {PASSWORD}")
    return 0


async def _create() -> None:
    now = clock.now()
    started_on = now.date() - timedelta(days=_DAYS)
    asked = Registration(
        email=EMAIL, password=PASSWORD, birth_date=date(1990, 1, 1), timezone="Europe/Berlin", accepted_terms=True,
        username="demo", started_on=started_on,
    )  # fmt: skip
    tokens = await register(asked, "kuitter seed demo", begin_attempt)
    await change_consent(tokens.user_id, THIRD_PARTY_AI, granted=True, version=None)
    await _check_ins(tokens.user_id, started_on)


async def _check_ins(user_id: UUID, started_on: date) -> None:
    """One check-in a day, made on its day: the clock stands there meanwhile, in this process alone."""
    now = clock.now()
    for number in range(_DAYS + 1):
        day = started_on + timedelta(days=number)
        with clock.frozen(now - timedelta(days=_DAYS - number)):
            await put_check_in(
                user_id, day, mood=2 + number % 4, urge_level=max(0, 8 - number // 4 + number % 3),
                triggers=["boredom"] if number % 5 == 0 else [], note=None, client_id=None,
            )  # fmt: skip
