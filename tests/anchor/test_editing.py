"""The catalogue in the database: delivered versions, administrators' versions, and switching off and on."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain.anchor import editing, seeding
from domain.anchor.catalogue import CHAT, CURATED, DAILY
from domain.anchor.editing import NewVersion
from domain.anchor.prompts import active_prompts, last_uses
from domain.anchor.seeding import seed_prompts
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value
from domain.kit.errors import Conflict, InvalidRequest, NotFound
from domain.kit.ids import new_id
from ops.cli import _parser

SLUG = "daily-one-plan"
PLAN = next(seed for seed in DAILY if seed.slug == SLUG)


@pytest.fixture(autouse=True)
async def as_delivered(app: Any) -> AsyncIterator[None]:
    """The catalogue is what every test shares."""
    yield
    delivered = (*CHAT, *DAILY, *CURATED)
    await execute(
        """DELETE FROM prompts WHERE NOT EXISTS (
               SELECT FROM unnest($1::text[], $2::integer[]) AS seed (slug, version)
               WHERE seed.slug = prompts.slug AND seed.version = prompts.version AND prompts.source = 'delivered')""",
        [seed.slug for seed in delivered], [seed.version for seed in delivered],
    )  # fmt: skip
    await execute("UPDATE prompts SET active = true WHERE NOT active")


@pytest.fixture
def deliver(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`await deliver(version, body)` delivers another version of SLUG; how many prompts were new."""

    async def run(version: int, body: str) -> int:
        newer = msgspec.structs.replace(PLAN, version=version, body=body)
        monkeypatch.setattr(seeding, "DAILY", (newer,))
        return await seed_prompts()

    return run


async def in_use(slug: str = SLUG) -> list[tuple[int, str]]:
    rows = await fetch("SELECT version, source FROM prompts WHERE slug = $1 AND active ORDER BY version", slug)
    return [(row["version"], row["source"]) for row in rows]


async def told(slug: str = SLUG) -> list[str]:
    """What the model is told, without the form."""
    return [each.body.split("\n\nThe form:")[0] for each in await active_prompts("daily") if each.slug == slug]


async def audited() -> list[tuple[str, str]]:
    rows = await fetch("SELECT kind, details ->> 'slug' AS slug FROM audit_events ORDER BY id")
    return [(row["kind"], row["slug"]) for row in rows]


async def test_seeding_twice_changes_nothing() -> None:
    assert await seed_prompts() == 0
    assert len(await active_prompts("curated")) == len(CURATED)


async def test_a_new_delivered_version_takes_over(deliver: Any) -> None:
    assert await deliver(PLAN.version + 1, "Newer words") == 1
    assert await told() == ["Newer words"]
    assert await deliver(PLAN.version, "Older words") == 0
    assert await in_use() == [(PLAN.version + 1, "delivered")]


async def test_what_an_administrator_wrote_wins_over_what_is_delivered_later(deliver: Any) -> None:
    version = await editing.write_version(SLUG, NewVersion(body="Their own words"), None)
    assert (version, await told()) == (PLAN.version + 1, ["Their own words"])
    # The same number is taken, a higher one is laid beside it.
    assert await deliver(PLAN.version + 1, "Delivered words") == 0
    assert await deliver(PLAN.version + 2, "Delivered words") == 1
    assert await in_use() == [(version, "administrator")]
    await editing.switch_on(SLUG, None, PLAN.version + 2)
    assert await told() == ["Delivered words"]
    await editing.switch_off(SLUG, None)
    await editing.switch_on(SLUG, None)
    assert await told() == ["Their own words"]


async def test_what_is_switched_off_stays_off(deliver: Any) -> None:
    left = await editing.switch_off(SLUG, None)
    assert left.always >= left.wanted == 15
    assert await told() == []
    assert await deliver(PLAN.version + 1, "Newer words") == 1
    assert await told() == []
    await editing.switch_on(SLUG, None)
    assert await told() == ["Newer words"]
    # Again changes nothing, and leaves no second mark.
    await editing.switch_on(SLUG, None)
    assert await audited() == [("prompt_switched_off", SLUG), ("prompt_switched_on", SLUG)]


async def test_a_version_that_was_sent_is_never_written_over() -> None:
    before = await fetch_value("SELECT body FROM prompts WHERE slug = $1 AND version = $2", SLUG, PLAN.version)
    await editing.write_version(SLUG, NewVersion(body="First"), None)
    await editing.write_version(SLUG, NewVersion(weight=4, conditions=["why", "not slip"]), None)
    found = await editing.versions(SLUG)
    assert [(each.version, each.body, each.weight, each.active) for each in found] == [
        (PLAN.version + 2, "First", 4, True), (PLAN.version + 1, "First", 1, False), (PLAN.version, before, 1, False),
    ]  # fmt: skip
    (angle,) = [each for each in await active_prompts("daily") if each.slug == SLUG]
    assert (angle.needs, angle.unless, angle.weight) == ({"why"}, {"slip"}, 4)
    assert [kind for kind, _ in await audited()] == ["prompt_written"] * 2


@pytest.mark.parametrize("kind", ["chat", "daily", "curated"])
async def test_each_kind_keeps_one_that_fits_always(kind: str) -> None:
    always = [each.slug for each in await editing.list_prompts(kind) if not each.conditions]
    await execute("UPDATE prompts SET active = false WHERE slug = ANY ($1)", always[1:])
    with pytest.raises(Conflict) as refused:
        await editing.switch_off(always[0], None)
    assert refused.value.code == "prompt_needed"
    with pytest.raises(Conflict):
        await editing.write_version(always[0], NewVersion(conditions=["new"]), None)
    assert await fetch_value("SELECT active FROM prompts WHERE slug = $1", always[0])
    assert await audited() == []


async def test_another_version_of_an_angle_is_the_same_angle(sign_up: Any) -> None:
    person, today = UUID((await sign_up()).user["id"]), clock.now().date()
    await execute(
        """INSERT INTO daily_messages (id, user_id, local_date, state, prompt_id, planned_at)
           SELECT $1, $2, $3, 'sent', id, now() FROM prompts WHERE slug = $4 AND active""",
        new_id(), person, today, SLUG,
    )  # fmt: skip
    await editing.write_version(SLUG, NewVersion(body="Other words"), None)
    assert (await last_uses([person]))[person] == {SLUG: today}
    # What was sent still says which version it was.
    sent = "SELECT prompts.version FROM daily_messages JOIN prompts ON prompts.id = prompt_id WHERE user_id = $1"
    assert await fetch_value(sent, person) == PLAN.version


async def test_fifty_at_once_leave_one() -> None:
    always = [each.slug for each in await editing.list_prompts("daily") if not each.conditions]
    await execute("UPDATE prompts SET active = false WHERE slug = ANY ($1)", always[5:])
    tries = await asyncio.gather(*(editing.switch_off(slug, None) for slug in always[:5] * 10), return_exceptions=True)
    assert sum(isinstance(each, Conflict) for each in tries) >= 10
    assert all(isinstance(each, Conflict | editing.Left) for each in tries)
    assert await fetch_value("SELECT count(*) FROM prompts WHERE active AND slug = ANY ($1)", always) == 1


async def test_many_writers_at_once_get_versions_of_their_own() -> None:
    written = await asyncio.gather(
        *(editing.write_version(SLUG, NewVersion(body=f"Words {n}"), None) for n in range(20))
    )
    assert sorted(written) == list(range(PLAN.version + 1, PLAN.version + 21))
    assert await in_use() == [(PLAN.version + 20, "administrator")]


@pytest.mark.parametrize(
    ("slug", "change"),
    [
        (SLUG, NewVersion(body="  ")), (SLUG, NewVersion(body="x" * 2001)), (SLUG, NewVersion(body="愁" * 1500)),
        (SLUG, NewVersion(weight=0)), (SLUG, NewVersion(weight=11)), (SLUG, NewVersion(conditions=["rain"])),
        (SLUG, NewVersion(conditions=["not"])), (SLUG, NewVersion(tone="\u200b")),
        ("curated-weather", NewVersion(body="x" * 221)), ("curated-weather", NewVersion(body="90 days more.")),
        ("curated-weather", NewVersion(body="Sober tonight, proud tomorrow.")),
    ],
)  # fmt: skip
async def test_what_cannot_be_written(slug: str, change: NewVersion) -> None:
    with pytest.raises(InvalidRequest):
        await editing.write_version(slug, change, None)
    assert await fetch_value("SELECT count(*) FROM prompts WHERE slug = $1", slug) == 1


async def test_what_does_not_exist() -> None:
    for call in (
        editing.versions("x"), editing.switch_off("x", None), editing.switch_on("x", None),
        editing.switch_on(SLUG, None, 99), editing.write_version("x", NewVersion(body="Words"), None),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            await call
    assert await audited() == []


async def run(*arguments: str) -> int:
    parsed = _parser().parse_args(["prompts", *arguments])
    status: int = await parsed.run(parsed)
    return status


async def test_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert await run("list", "--kind", "chat") == 0
    shown = capsys.readouterr().out
    assert shown.count("\n") == len(CHAT) + 1
    assert "chat-companion" in shown
    assert "always" in shown
    assert await run("show", SLUG) == 0
    assert "in use" in capsys.readouterr().out
    assert await run("off", SLUG) == 0
    assert capsys.readouterr().out == f"{SLUG} is off\n"
    assert await in_use() == []
    assert await run("on", SLUG, "--version", str(PLAN.version)) == 0
    assert await in_use() == [(PLAN.version, "delivered")]
    capsys.readouterr()
    for arguments in (("show", "x"), ("off", "x"), ("on", SLUG, "--version", "99"), ("off", "chat-companion")):
        assert await run(*arguments) == 1
    assert "needed" in capsys.readouterr().err


async def test_with_few_left_the_command_line_says_what_follows(capsys: pytest.CaptureFixture[str]) -> None:
    always = [each.slug for each in await editing.list_prompts("daily") if not each.conditions]
    await execute("UPDATE prompts SET active = false WHERE slug = ANY ($1)", always[14:])
    with contextlib.suppress(Conflict):
        await run("off", always[0])
    assert "fewer than 15" in capsys.readouterr().out
