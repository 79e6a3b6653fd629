"""`kuitter seed demo`: a person with a month behind them, and others around them. Development only."""

from __future__ import annotations

import sys
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from domain.accounts.consents import THIRD_PARTY_AI, change_consent
from domain.accounts.profile import ProfileChange, change_profile
from domain.accounts.sign_in import Registration, register
from domain.achievements.awards import award
from domain.goals.making import GoalChange, NewGoal, change_goal, set_goal
from domain.goals.settling import settle
from domain.journal.entries import write_entry
from domain.kit.clock import clock
from domain.kit.database import transaction
from domain.kit.days import instant, local_date
from domain.kit.errors import Conflict
from domain.kit.settings import settings
from domain.quizzes.answering import Answer, save_answers
from domain.recovery.attempts import begin_attempt
from domain.recovery.check_ins import put_check_in
from domain.recovery.slips import tell_slip
from domain.sos.calls import call_for_help
from domain.urges.urges import log_urge
from ops.cli.demo_community import seed_community

EMAIL, PASSWORD = "demo@example.org", "demo of a long way"
ZONE = "Europe/Berlin"
_DAYS = 30
_SLIP_ON, _MISSED, _SOS_ON = 9, 17, 5

_ONBOARDING: dict[str, Any] = {
    "habit": "social_media", "since": "three_to_ten_years", "frequency": "daily", "impact": 7,
    "triggers": ["boredom", "tiredness", "phone_in_bed"], "hardest_time": "night", "motives": ["sleep", "focus"],
    "why_now": "I want my evenings back.", "earlier_attempts": "several_times", "longest_days": 12,
    "goal": "long_break", "confidence": 6, "best_time": "evening",
}  # fmt: skip
_COPING = ("a walk around the block", "cold water over the wrists", "wrote to Jonas", "put the phone in the kitchen")
_PAGES = (
    ("First evening", "Nervous, and a little proud. The phone sleeps in the kitchen from tonight."),
    (None, "Slept badly, but woke up without having scrolled. That is new."),
    ("What helps", "Walking helps. Being tired does not. I should eat before I get home."),
    (None, "Told Jonas about it. He was kinder than I had been to myself."),
    ("A quiet week", "I read a whole book. I had forgotten what that is like."),
    (None, "The urges come, and they go. I have begun to trust that."),
    ("A month, nearly", "I would not have believed it on the first evening."),
)


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
    """A month, each thing done on its day: the clock stands there meanwhile, in this process alone."""
    now = clock.now()
    started_on = local_date(now, ZONE) - timedelta(days=_DAYS)
    with clock.frozen(instant(started_on, time(9), ZONE)):
        user_id = await _sign_up(started_on)
        steps = await _set_goals(user_id)
    for number in range(_DAYS + 1):
        day = started_on + timedelta(days=number)
        await _live(user_id, day, number, steps, min(now, instant(day, time(20), ZONE)))
    await seed_community(user_id, PASSWORD, ZONE)


async def _sign_up(started_on: date) -> UUID:
    asked = Registration(
        email=EMAIL, password=PASSWORD, birth_date=date(1990, 1, 1), timezone=ZONE, accepted_terms=True,
        username="demo", started_on=started_on,
    )  # fmt: skip
    user_id = (await register(asked, "kuitter seed demo", begin_attempt)).user_id
    await change_consent(user_id, THIRD_PARTY_AI, granted=True, version=None)
    await change_profile(user_id, ProfileChange(why="I want my evenings back.", country="DE"))
    await _answer(user_id, "onboarding", _ONBOARDING)
    return user_id


async def _set_goals(user_id: UUID) -> UUID:
    """Goals of several kinds; returns the one whose steps are ticked by hand."""
    for new in (
        NewGoal(kind="clean_days", target=30),
        NewGoal(kind="check_ins", target=28),
        NewGoal(kind="journal_entries", target=5),
        NewGoal(kind="urges_resisted", target=12),
    ):
        await set_goal(user_id, new, None)
    evenings = NewGoal(kind="custom", target=10, title="Evenings without the phone")
    return (await set_goal(user_id, evenings, None)).id


async def _live(user_id: UUID, day: date, number: int, steps: UUID, at: datetime) -> None:
    """One day of the month."""
    with clock.frozen(at):
        if number % 3 == 1:
            # As the weeks go by they come less strong.
            await log_urge(
                user_id, intensity=max(2, 8 - number // 5), outcome="resisted", triggers=["boredom", "phone-in-bed"],
                coping=_COPING[number % len(_COPING)], occurred_at=at - timedelta(minutes=90),
            )  # fmt: skip
        if number == _SOS_ON:
            await call_for_help(user_id, None)
        if number == _SLIP_ON:
            await _slip(user_id, at)
        if number != _MISSED:
            await put_check_in(
                user_id, day, mood=2 + number % 4, urge_level=max(0, 8 - number // 4 + number % 3),
                triggers=["boredom"] if number % 5 == 0 else [], note="A long day." if number % 10 == 3 else None,
            )  # fmt: skip
        if number % 4 == 0 and number // 4 < len(_PAGES):
            title, body = _PAGES[number // 4]
            await write_entry(user_id, title=title, body=body)
        if number and number % 7 == 0:
            await _answer(user_id, "weekly-review", {
                "week": 3 + number // 14, "helped": ["going_outside", "talking"],
                "good_moment": "A whole evening with a book.", "next_step": "rest",
            })  # fmt: skip
            await change_goal(user_id, steps, GoalChange(steps_done=number // 4))
        async with transaction():
            await settle([user_id])
            await award([user_id])


async def _slip(user_id: UUID, at: datetime) -> None:
    late = at - timedelta(hours=20)
    await log_urge(user_id, intensity=9, outcome="slipped", triggers=["tired"], occurred_at=late)
    await tell_slip(
        user_id, occurred_at=late, triggers=["tired", "phone-in-bed"], feeling="disappointed, then relieved",
        reflection="I took the phone to bed 'only for the alarm'. It was never for the alarm.",
        plan="Buy an alarm clock, and leave the phone in the kitchen.",
    )  # fmt: skip


async def _answer(user_id: UUID, slug: str, said: dict[str, Any]) -> None:
    answers = [Answer(question_id=question, value=value) for question, value in said.items()]
    await save_answers(user_id, slug, answers, retake=True)
