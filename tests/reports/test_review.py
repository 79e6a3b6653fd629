"""What moderators decide, and what people hear of it (semantics, "Community")."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from domain.kit.clock import clock
from domain.kit.database import fetch, fetch_value
from domain.kit.errors import NotFound
from domain.reports import review
from domain.reports.review import forget_old, open_cases, resolve
from tests.community.conftest import comment, make_group, post
from tests.reports.conftest import all_report, inbox, report, reported, rows

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


# -- the queue -----------------------------------------------------------------------------------------------------


async def test_the_longest_waiting_come_first_and_danger_before_them(writer, people):
    author, reporters = await writer(), await people(2)
    posts = [await post(author, f"Number {number}") for number in range(4)]
    for hours, (number, reason) in enumerate([(2, "spam"), (0, "hate"), (3, "self_harm"), (1, "minor_safety")]):
        with clock.frozen(NOON + timedelta(hours=hours)):
            await reported(reporters[0], "post", posts[number]["id"], reason, details=f"Because of {number}")
    with clock.frozen(NOON + timedelta(hours=9)):
        await reported(reporters[1], "post", posts[0]["id"], "other", details="Me too")
    cases = await open_cases(10)
    assert [case.target_id for case in cases] == [UUID(posts[number]["id"]) for number in (3, 1, 2, 0)]
    assert [case.urgent for case in cases] == [True, True, False, False]
    last = cases[-1]
    assert (last.reporters, last.reasons, last.details) == (2, ["hate", "other"], ["Because of 0", "Me too"])
    assert last.waiting_since == NOON + timedelta(hours=1)
    assert [one.text for one in last.snapshots] == ["Number 0"]
    assert (last.hidden, last.gone) == (False, False)
    assert await open_cases(2) == cases[:2]


async def test_the_queue_reads_only_what_is_open(writer, app):
    from tests.reports.plans import many_reports, plan_of_the_queue

    await many_reports(20_000, open_ones=50)
    plan = await plan_of_the_queue()
    assert "reports_queue" in plan
    assert "Seq Scan on reports" not in plan


# -- outcomes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["post", "comment"])
async def test_dismissed_brings_it_back_and_old_reports_count_no_more(writer, people, target):
    author, reporters = await writer(), await people(6)
    written = await post(author)
    said = await comment(author, written["id"])
    target_id = written["id"] if target == "post" else said["id"]
    await all_report(reporters[:3], target, target_id)
    assert await resolve(target, UUID(target_id), "dismissed") == 3
    assert [told["title"] for told in await inbox(author)] == [
        f"Your {target} can be seen again", f"Your {target} is out of sight for now",
    ]  # fmt: skip

    async def seen():
        shown = await reporters[0].ok("GET", f"/v1/posts/{written['id']}")
        items = (await reporters[0].ok("GET", f"/v1/posts/{written['id']}/comments"))["items"]
        assert shown["comment_count"] == len(items)
        return bool(items)

    assert await seen()
    # Those of before are over: it takes as many new reporters, and the same ones again are none.
    for reporter in (reporters[3], *reporters[:3], reporters[4]):
        await reported(reporter, target, target_id)
        assert await seen()
    await reported(reporters[5], target, target_id)
    if target == "post":
        assert (await reporters[0]("GET", f"/v1/posts/{written['id']}")).status_code == 404
    else:
        assert not await seen()
    assert len(await inbox(author)) == 3


@pytest.mark.parametrize("target", ["post", "comment"])
async def test_other_words_than_those_that_were_dismissed_count_anew(writer, people, target):
    author, reporters = await writer(), await people(3)
    written = await post(author)
    said = await comment(author, written["id"])
    target_id = written["id"] if target == "post" else said["id"]
    await all_report(reporters, target, target_id)
    await resolve(target, UUID(target_id), "dismissed")
    await author.ok("PATCH", f"/v1/{target}s/{target_id}", json={"body": "Now it is bad"})
    await all_report(reporters, target, target_id)
    assert [case.hidden for case in await open_cases(10)] == [True]


@pytest.mark.parametrize("reporters_before", [1, 3])
async def test_upheld_keeps_it_out_of_sight_and_the_author_hears_why(writer, people, reporters_before):
    author, reporters = await writer(), await people(3)
    written = await post(author, "Unspeakable words")
    await all_report(reporters[:reporters_before], "post", written["id"], "harassment")
    assert await resolve("post", UUID(written["id"]), "upheld") == reporters_before
    for reader in reporters:
        assert (await reader("GET", f"/v1/posts/{written['id']}")).status_code == 404
    assert (await author.ok("GET", f"/v1/posts/{written['id']}"))["hidden"]
    told = (await inbox(author))[0]
    assert told["title"] == "Your post was taken out of sight"
    for part in ("harassment", "community rules", "One of us", "Contact"):
        assert part in told["body"]
    assert "Unspeakable" not in str(told)
    # Its author can still delete it.
    assert (await author("DELETE", f"/v1/posts/{written['id']}")).status_code == 204


async def test_dismissing_what_was_never_hidden_is_no_news_for_its_author(writer, people):
    author, [reporter] = await writer(), await people(1)
    written = await post(author)
    await reported(reporter, "post", written["id"])
    await resolve("post", UUID(written["id"]), "dismissed")
    assert await inbox(author) == []
    assert (await report(reporter, "post", written["id"])).status_code == 201


@pytest.mark.parametrize(
    ("outcome", "title"), [("upheld", "Thank you for your report"), ("dismissed", "Your report was reviewed")]
)
async def test_everybody_who_reported_hears_the_outcome_once(writer, people, drain, outcome, title):
    reporters, bystander = await people(3), await writer()
    written = await post(await writer(), "Unspeakable words")
    await all_report(reporters, "post", written["id"])
    await resolve("post", UUID(written["id"]), outcome)
    await drain()
    for reporter in reporters:
        [told] = await inbox(reporter)
        assert told["title"] == title
        assert "Unspeakable" not in str(told)
    assert await inbox(bystander) == []
    assert {row["state"] for row in await rows(written["id"])} == {outcome}


async def test_people_groups_and_anchor_have_outcomes_too(writer, people):
    author, [reporter], group = await writer(), await people(1), await make_group()
    target = (await post(author))["author"]["id"]
    for target_type, target_id in (("user", target), ("group", group)):
        await reported(reporter, target_type, target_id)
        assert await resolve(target_type, UUID(target_id), "upheld") == 1
    assert len(await inbox(reporter)) == 2
    assert "out of sight" not in str(await inbox(reporter))
    # What is done to a person is told where it is done.
    assert await inbox(author) == []


async def test_fifty_decisions_at_once_are_one(writer, people):
    author, reporters = await writer(), await people(5)
    written = await post(author)
    await all_report(reporters, "post", written["id"])

    async def decide(number):
        try:
            return await resolve("post", UUID(written["id"]), "upheld" if number % 2 else "dismissed")
        except NotFound:
            return 0

    assert sorted(await asyncio.gather(*(decide(number) for number in range(50)))) == [0] * 49 + [5]
    for reporter in reporters:
        assert len(await inbox(reporter)) == 1
    assert len(await inbox(author)) == 2
    [state] = {row["state"] for row in await rows(written["id"])}
    visible = (await reporters[0]("GET", f"/v1/posts/{written['id']}")).status_code == 200
    assert visible is (state == "dismissed")


async def test_reports_while_it_is_decided_wait_for_the_next_review(writer, people, monkeypatch):
    author, reporters = await writer(), await people(6)
    written = await post(author)
    await all_report(reporters[:3], "post", written["id"])
    real, outside, more = review.tell_reporters, copy_context(), []

    async def tell_reporters(*arguments):
        # The old reports have ended, and the post is still hidden.
        await real(*arguments)
        more.append(asyncio.create_task(all_report(reporters[3:], "post", written["id"]), context=outside))
        while not more[0].done() and not await fetch_value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0)

    with monkeypatch.context() as patches:
        patches.setattr(review, "tell_reporters", tell_reporters)
        assert await resolve("post", UUID(written["id"]), "dismissed") == 3
    assert await more[0] == [201] * 3
    # They count as three new ones.
    [case] = await open_cases(10)
    assert (case.reporters, case.hidden) == (3, True)
    assert (await reporters[0]("GET", f"/v1/posts/{written['id']}")).status_code == 404


async def test_what_is_not_reported_cannot_be_decided(app):
    with pytest.raises(NotFound):
        await resolve("post", uuid4(), "upheld")


async def test_a_muted_kind_stands_in_the_inbox_without_a_push(writer, people, drain, sandbox):
    from tests.push.phones import iphone, pushes

    reporters = await people(2)
    for reporter in reporters:
        await reporter.ok("PUT", "/v1/me/devices/phone", json=iphone(token=f"{reporters.index(reporter):064x}"))
    await reporters[0].ok("PATCH", "/v1/me/preferences", json={"push": {"report_outcome": False}})
    written = await post(await writer())
    await all_report(reporters, "post", written["id"])
    await resolve("post", UUID(written["id"]), "upheld")
    await drain()
    assert [state for state, _ in await pushes()] == ["sent"]
    assert [len(await inbox(reporter)) for reporter in reporters] == [1, 1]


# -- how long they are kept ----------------------------------------------------------------------------------------


async def test_reviewed_reports_go_after_180_days_and_open_ones_wait(writer, people):
    reporters = await people(2)
    author = await writer()
    done, waiting = await post(author), await post(author)
    for one in (done, waiting):
        await reported(reporters[0], "post", one["id"])
    with clock.frozen(NOON):
        await resolve("post", UUID(done["id"]), "dismissed")
    with clock.frozen(NOON + timedelta(days=180) - timedelta(seconds=1)):
        assert await forget_old() == 0
    with clock.frozen(NOON + timedelta(days=180)):
        assert await forget_old() == 1
        assert await forget_old() == 0
    assert await fetch_value("SELECT target_id FROM reports") == UUID(waiting["id"])


async def test_the_clock_removes_them(app):
    from tasks import actors

    assert forget_old in [work for _, _, work in actors.PERIODIC]
    assert "reports_forget" in "\n".join(
        row[0] for row in await fetch("SELECT indexdef FROM pg_indexes WHERE tablename = 'reports'")
    )
