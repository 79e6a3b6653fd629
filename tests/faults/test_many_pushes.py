"""Ten thousand notifications at once, through a real worker into both push services. The rate is printed (seen with
`pytest -m slow -s`); a benchmark is no test, so nothing here fails on it."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from tests.faults.conftest import World

pytestmark = pytest.mark.slow

PEOPLE = 10_000

# Every other person has an iPhone on APNs, the others an Android phone on FCM.
BUILD = f"""
CREATE TEMP TABLE made AS SELECT gen_random_uuid() AS id, n FROM generate_series(1, {PEOPLE}) AS n;
INSERT INTO users (id, email, visibility, birth_date, timezone, store_account_token, created_at)
SELECT id, 'many' || n || '@example.org', 'anonymous', '1990-01-01', 'Europe/Berlin', id, now() FROM made;
INSERT INTO sessions (id, user_id, rotated_at, created_at, expires_at)
SELECT id, id, now(), now(), now() + interval '1 day' FROM made;
INSERT INTO devices (id, user_id, session_id, installation_id, platform, transport, token, token_hash, token_kind,
                     environment, app_version, registered_at)
SELECT gen_random_uuid(), id, id, 'phone', CASE n % 2 WHEN 0 THEN 'ios' ELSE 'android' END,
       CASE n % 2 WHEN 0 THEN 'apns' ELSE 'fcm' END, token, sha256(token::bytea),
       CASE n % 2 WHEN 0 THEN 'apns' ELSE 'fcm' END, 'production', '1.0', now()
FROM made, encode(sha256(id::text::bytea), 'hex') AS token;
"""
TELL = """
WITH told AS (
    INSERT INTO notifications (id, user_id, kind, cause, title, body, discreet_body, deep_link, collapse_id, created_at,
                               expires_at)
    SELECT made.id, made.id, 'anchor_daily', 'many', 'Anchor', 'A text', 'Anchor has a note for you', 'kuitter://anchor',
           made.id::text, now(), now() + interval '1 hour' FROM users AS made WHERE email LIKE 'many%'
    RETURNING id
)
INSERT INTO jobs (id, name, args, queue, run_at, sends, next_send_at)
SELECT gen_random_uuid(), 'push.notification', jsonb_build_object('notification_id', id), 'push', now(), 0, now()
FROM told"""


async def sent_to(world: World) -> Counter[str]:
    """How many pushes reached each phone, by what keeps a repeat from being shown twice."""
    apns = [push["headers"]["apns-id"] for push in await world.sent("apns")]
    fcm = [push["body"]["message"]["android"]["collapse_key"] for push in await world.sent("fcm")]
    return Counter(apns + fcm)


async def states(world: World) -> dict[str, int]:
    rows = await world.sql("SELECT state, count(*) FROM pushes GROUP BY state")
    return {row["state"]: row["count"] for row in rows}


async def test_ten_thousand_notifications(world: World) -> None:
    world.sandbox.timeout = 60
    await world.script(BUILD)
    began = time.monotonic()
    await world.sql(TELL)
    await world.until_no_jobs(300)
    seconds = time.monotonic() - began
    print(f"\n{PEOPLE} notifications in {seconds:.1f} s: {PEOPLE / seconds:.0f} a second")
    assert await states(world) == {"sent": PEOPLE}
    sent = await sent_to(world)
    assert len(sent) == PEOPLE
    assert set(sent.values()) == {1}


async def test_a_worker_killed_among_ten_thousand(world: World) -> None:
    """What was on its way may go out once more, under the same id: no phone shows it twice."""
    await world.sql("DELETE FROM notifications")
    await world.sql(TELL)

    async def a_third() -> bool:
        return (await states(world)).get("sent", 0) > PEOPLE / 3

    await world.until("a third was sent", a_third, 300)
    world.stack.child("worker").kill()
    world.stack.child("worker").restart()
    await world.until_no_jobs(300)
    assert await states(world) == {"sent": PEOPLE}
    sent = await sent_to(world)
    assert len(sent) == PEOPLE
    # No more than were being sent at that moment.
    assert sum(sent.values()) - PEOPLE <= 32
