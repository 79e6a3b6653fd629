"""Reports of people who leave: the evidence stays for its time, and nobody's id with it (semantics, Deletion)."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID

import pytest

from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value
from domain.leaving import purge
from domain.reports.review import forget_old, open_cases, resolve
from tests.community.conftest import post
from tests.leaving.conftest import GRACE, NOON, leave
from tests.leaving.exporting import exported, unpacked
from tests.reports.conftest import inbox, reported
from tests.reports.test_reporting import anchor_message

PURGED = NOON + GRACE
KEPT = timedelta(days=180)


@pytest.fixture(autouse=True)
def _mail(sandbox) -> None:
    """Whoever drains sends mail."""


async def purge_now(person, drain):
    """They leave at NOON, and are purged when the grace is over."""
    with clock.frozen(NOON):
        await leave(person)
    with clock.frozen(PURGED):
        await purge.plan_purges()
        await drain(allow=("skipped",))
    assert await fetch_value("SELECT count(*) FROM users WHERE id = $1", UUID(person.user["id"])) == 0


async def test_of_a_purged_author_the_words_stay_and_nothing_that_says_whose(writer, people, drain):
    author, [reporter] = await writer(username="anna_a"), await people(1)
    written = await post(author, "Bad words")
    await author.ok("PUT", "/v1/me/visibility", json={"visibility": "anonymous"})
    alias = (await post(author))["author"]["id"]
    ids = [str(row["id"]) for row in await fetch("SELECT id FROM personas WHERE user_id = $1", UUID(author.user["id"]))]
    assert {written["author"]["id"], alias} <= set(ids)
    # By two names of one person: two reports, also after the purge.
    for target_type, target_id in (("post", written["id"]), ("user", written["author"]["id"]), ("user", alias)):
        await reported(reporter, target_type, target_id, details="He did it")
    await purge_now(author, drain)
    kept = await fetch("SELECT reports.*, reports::text AS whole FROM reports ORDER BY id")
    assert [row["target_type"] for row in kept] == ["post", "user", "user"]
    for row in kept:
        assert (row["target_user_id"], row["user_id"]) == (None, UUID(reporter.user["id"]))
        for secret in (author.user["id"], "anna_a", author.user["email"], *ids):
            assert secret not in row["whole"]
    assert json.loads(kept[0]["snapshot"])["text"] == "Bad words"
    # They are cases still, one each, and can be decided.
    cases = await open_cases(10)
    assert len({case.target_id for case in cases}) == 3
    for case in cases:
        assert await resolve(case.target_type, case.target_id, "upheld") == 1
    assert len(await inbox(reporter)) == 3


async def test_of_a_purged_reporter_nothing_stays_but_that_there_was_a_report(writer, people, drain):
    author, [reporter, other] = await writer(), await people(2)
    written = await post(author, "Bad words")
    for one in (reporter, other):
        await reported(one, "post", written["id"], details=f"I am {one.user['id']}")
    await reported(reporter, "anchor_message", await anchor_message(reporter, body="Dear Jonas of Street 5"))
    await purge_now(reporter, drain)
    whole = "\n".join(row[0] for row in await fetch("SELECT reports::text FROM reports"))
    assert reporter.user["id"] not in whole
    assert "Jonas" not in whole
    [case] = [case for case in await open_cases(10) if case.target_type == "post"]
    assert (case.reporters, case.details, [one.text for one in case.snapshots]) == (
        2, [f"I am {other.user['id']}"], ["Bad words"],
    )  # fmt: skip
    assert await resolve("post", case.target_id, "dismissed") == 2
    assert len(await inbox(other)) == 1


@pytest.mark.parametrize("who", ["author", "reporter"])
async def test_unreviewed_it_goes_180_days_after_the_purge(writer, people, drain, who):
    author, [reporter] = await writer(), await people(1)
    await reported(reporter, "post", (await post(author))["id"])
    await purge_now(author if who == "author" else reporter, drain)
    with clock.frozen(PURGED + KEPT - timedelta(seconds=1)):
        assert await forget_old() == 0
    with clock.frozen(PURGED + KEPT):
        assert await forget_old() == 1


async def test_of_a_review_and_a_purge_the_earlier_counts(writer, people, drain):
    author, [reporter] = await writer(), await people(1)
    before, after = await post(author, "First"), await post(author, "Second")
    for one in (before, after):
        await reported(reporter, "post", one["id"])
    with clock.frozen(NOON - timedelta(days=10)):
        await resolve("post", UUID(before["id"]), "upheld")
    await purge_now(author, drain)
    with clock.frozen(PURGED + timedelta(days=20)):
        await resolve("post", UUID(after["id"]), "upheld")
    rows = await fetch("SELECT forget_at FROM reports ORDER BY id")
    assert [row["forget_at"] for row in rows] == [NOON - timedelta(days=10) + KEPT, PURGED + KEPT]


async def test_purged_again_after_a_backup_nothing_is_kept_longer(writer, people, drain):
    author, [reporter] = await writer(), await people(1)
    await reported(reporter, "post", (await post(author))["id"])
    user_id = UUID(author.user["id"])
    with clock.frozen(PURGED + timedelta(days=100)):
        assert await purge.reapply_purges([purge.Purged(user_id, PURGED)]) == 1
    assert await fetch_value("SELECT forget_at FROM reports") == PURGED + KEPT


async def test_during_the_grace_a_report_waits(writer, people):
    author, [reporter] = await writer(), await people(1)
    await reported(reporter, "post", (await post(author, "Bad words"))["id"])
    with clock.frozen(NOON):
        await leave(author)
    [case] = await open_cases(10)
    assert [one.text for one in case.snapshots] == ["Bad words"]


async def test_ones_export_has_ones_reports_and_nothing_of_others(writer, sign_up, drain):
    author, reporter = await writer(username="anna_a"), await sign_up()
    written = await post(author, "Unspeakable words")
    for target_type, target_id in (("post", written["id"]), ("user", written["author"]["id"])):
        await reported(reporter, target_type, target_id, "hate", details="My own details")
    await resolve("post", UUID(written["id"]), "upheld")
    files = await unpacked(reporter, (await exported(reporter, drain))["url"])
    mine = json.loads(files["reports.json"])
    assert [(row["target_type"], row["reason"], row["details"], row["state"]) for row in mine] == [
        ("post", "hate", "My own details", "upheld"), ("user", "hate", "My own details", "open"),
    ]  # fmt: skip
    for secret in (author.user["id"], written["author"]["id"], "anna_a", "Unspeakable"):
        assert [name for name, text in files.items() if secret in text] == []
    # Who was reported does not learn by whom, nor what they said.
    files = await unpacked(author, (await exported(author, drain))["url"])
    for secret in (reporter.user["id"], "My own details"):
        assert [name for name, text in files.items() if secret in text] == []
    assert "reports.json" not in files or json.loads(files["reports.json"]) == []


async def test_no_report_leaves_a_trace_in_jobs_keys_and_logs(writer, people, monkeypatch):
    from domain.reports import reporting, review

    lines = []

    class Log:
        def warning(self, event, **fields):
            lines.append((event, fields))

        info = warning

    for module in (reporting, review):
        monkeypatch.setattr(module, "log", Log)
    author, reporters = await writer(username="anna_a"), await people(3)
    written = await post(author, "Unspeakable words")
    for reporter in reporters:
        await reported(reporter, "post", written["id"], details="Unspeakable details", headers={"Idempotency-Key": "k"})
    await resolve("post", UUID(written["id"]), "upheld")
    assert lines == [
        ("reports.hidden", {"target_type": "post", "reporters": 3}),
        ("reports.resolved", {"target_type": "post", "outcome": "upheld", "reports": 3}),
    ]
    kept = str(await fetch("SELECT * FROM jobs")) + str(await fetch("SELECT * FROM idempotency_keys"))
    assert "Unspeakable" not in kept
    await execute("DELETE FROM jobs")
