"""The others around the demo person: what they wrote, liked and answered over the last days. Development only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from domain.accounts.consents import COMMUNITY_RULES, change_consent
from domain.accounts.sign_in import Registration, register
from domain.community.comments import write_comment
from domain.community.group_catalogue import seed_groups
from domain.community.groups import join
from domain.community.likes import like_comment, like_post
from domain.community.posts import write_post
from domain.kit.clock import clock
from domain.kit.database import execute, fetch
from domain.recovery.attempts import begin_attempt

ME = "demo"


class _Other(msgspec.Struct, frozen=True):
    """Somebody: with a username they are public, without one anonymous. `days` is how long they have been here."""

    key: str
    username: str | None
    days: int
    groups: tuple[str, ...]


class _Said(msgspec.Struct, frozen=True):
    """`hours` ago somebody wrote `text`: a post (`to` is empty; in `group`, if any) or a comment on the post `to`.

    `name` is what others refer to it by; an `answer` names the comment that it replies to. `liked` by whom.
    """

    hours: float
    by: str
    text: str
    name: str = ""
    to: str = ""
    answer: str = ""
    group: str = ""
    liked: tuple[str, ...] = ()
    sensitive: bool = False


_OTHERS = (
    _Other("jonas", "jonas_walks", 120, ("moving", "evenings", "small-joys")),
    _Other("mira", "mira_m", 45, ("evenings", "small-joys", "sleep")),
    _Other("sam", None, 9, ("first-days", "evenings", "starting-again")),
    _Other("ines", None, 30, ("close-people", "evenings", "long-road")),
    _Other("theo", "theo_again", 400, ("long-road", "moving", "first-days", "evenings")),
    _Other("lu", None, 3, ("first-days",)),
)
_MY_GROUPS = ("evenings", "small-joys")

# In the order in which it happened: ids follow one another.
_TALK = (
    _Said(
        150, "theo", "Four hundred days. What I would tell myself on day one: it gets quieter, and then it gets good.",
        name="theo", liked=("jonas", "mira", "sam", "ines", "lu", ME),
    ),
    _Said(148, "lu", "Reading this on my first evening. Thank you.", to="theo", name="lu", liked=("theo", "mira")),
    _Said(147, "theo", "Welcome. Come and tell us how the second one went.", to="theo", answer="lu", liked=("lu",)),
    _Said(
        121, "sam", "Slipped last night, after eight days. I am tired of beginning, and I am beginning.",
        name="sam", sensitive=True, liked=("theo", "ines", ME),
    ),
    _Said(120, "ines", "Eight days are eight days. They are not gone.", to="sam", name="ines", liked=("sam", "theo")),
    _Said(119, "sam", "I had not looked at it like that.", to="sam", answer="ines"),
    _Said(118, ME, "Same here two weeks ago. An alarm clock of my own helped more than any resolution.", to="sam",
          name="mine", liked=("sam", "mira")),
    _Said(117, "mira", "The alarm clock! Ordered one today.", to="sam", answer="mine", liked=(ME,)),
    _Said(98, "jonas", "Ten kilometres before breakfast, in the rain. My knees disagree, my head says thanks.",
          group="moving", liked=("theo",)),
    _Said(76, "mira", "What do you do between ten and midnight? That is my hard stretch.", name="mira",
          group="evenings", liked=("jonas", "sam", "ines", ME)),
    _Said(75, "jonas", "Dishes, slowly, with the radio on. Then a bath.", to="mira", liked=("mira", "ines")),
    _Said(74, "ines", "I ring my sister. She goes to bed late as well.", to="mira", name="sister", liked=("mira",)),
    _Said(73, "mira", "I might have an aunt for that.", to="mira", answer="sister", liked=("ines", "jonas")),
    _Said(72, ME, "A book in the kitchen, where the phone is not allowed to follow. Well, it sleeps there.", to="mira",
          liked=("mira", "sam")),
    _Said(50, ME, "Three weeks in a row, and yesterday I forgot to check how many it was.", name="me",
          liked=("jonas", "mira", "sam", "theo", "lu")),
    _Said(49, "theo", "That is the moment when it begins to be yours.", to="me", liked=(ME, "lu")),
    _Said(48, "jonas", "Proud of you!", to="me", liked=(ME,)),
    _Said(30, "lu", "Day two done. I had not expected to sleep so badly. Does that pass?", name="sleep",
          group="first-days", liked=("theo", "sam")),
    _Said(29, "theo", "It does. For me it took a week.", to="sleep", liked=("lu",)),
    _Said(22, "mira", "Soup from scratch. It took two hours and I was there for all of them.", group="small-joys",
          liked=("jonas", ME)),
    _Said(9, "ines", "I told my partner yesterday. We both cried, and then we made plans for the weekend.", name="told",
          liked=("theo", "mira", "jonas", "sam")),
    _Said(8, "mira", "That took courage.", to="told", liked=("ines",)),
    _Said(2, "sam", "Nine days. New record, and I am not telling it to anyone but you.", liked=("theo", "lu", ME)),
)  # fmt: skip


async def seed_community(me: UUID, password: str, zone: str) -> None:
    """Make the others and their last week, of which the demo person `me` is part; the clock stands then, meanwhile."""
    now = clock.now()
    await seed_groups()
    groups = {row["slug"]: row["id"] for row in await fetch("SELECT id, slug FROM groups")}
    people = {ME: me}
    for other in _OTHERS:
        with clock.frozen(now - timedelta(days=max(other.days, 7))):
            people[other.key] = await _sign_up(other, password, zone)
    await _may_write(me, now)
    for key, slugs in [(ME, _MY_GROUPS), *((other.key, other.groups) for other in _OTHERS)]:
        for slug in slugs:
            await join(people[key], groups[slug])
    written: dict[str, UUID] = {}
    for said in _TALK:
        await _say(said, people, groups, written, now)


async def _sign_up(other: _Other, password: str, zone: str) -> UUID:
    asked = Registration(
        email=f"demo-{other.key}@example.org", password=password, birth_date=date(1990, 1, 1), timezone=zone,
        accepted_terms=True, username=other.username,
    )  # fmt: skip
    user_id = (await register(asked, "kuitter seed demo", begin_attempt)).user_id
    await _may_write(user_id, clock.now())
    return user_id


async def _may_write(user_id: UUID, at: datetime) -> None:
    await execute("UPDATE users SET email_verified_at = $2 WHERE id = $1 AND email_verified_at IS NULL", user_id, at)
    await change_consent(user_id, COMMUNITY_RULES, granted=True, version=None)


async def _say(
    said: _Said, people: dict[str, UUID], groups: dict[str, UUID], written: dict[str, UUID], now: datetime
) -> None:
    by, at = people[said.by], now - timedelta(hours=said.hours)
    like: Callable[[UUID, UUID], Awaitable[object]]
    with clock.frozen(at):
        if said.to:
            answered = written[said.answer] if said.answer else None
            content = (await write_comment(by, written[said.to], said.text, reply_to=answered, key=None)).id
            like = like_comment
        else:
            group = groups[said.group] if said.group else None
            content = (await write_post(by, said.text, group_id=group, sensitive=said.sensitive, key=None)).id
            like = like_post
    if said.name:
        written[said.name] = content
    for number, key in enumerate(said.liked, start=1):
        with clock.frozen(min(now, at + timedelta(minutes=13 * number))):
            await like(people[key], content)
