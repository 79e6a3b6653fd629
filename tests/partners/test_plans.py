"""Every statement about requests and partnerships finds its rows by an index (performance, "SQL shape")."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from domain.kit.database import execute, fetch, fetch_value, transaction
from domain.partners import alerts, answering, asking, ending, expiry, partnerships, requests, search
from domain.partners.between import OPEN_ROW
from tests.accounts.people import worn_by
from tests.community.test_plans import nodes, sent_by
from tests.partners.asking import asked, between, strangers
from tests.partners.talking import block, id_of, pair
from tests.recovery.conftest import plan

# Near spellings: a hundred candidates come from a function, tests/partners/test_search_million.py explains it.
LARGE = {"partnerships", "partner_messages", "users", "personas", "blocks", "preferences", "consents", "notifications"}


async def scans(sql, args):
    """The large tables that the statement would go through from end to end, if every table were large."""
    async with transaction():
        await execute("SET LOCAL enable_seqscan = off")
        [answer] = json.loads(await fetch_value(f"EXPLAIN (FORMAT JSON) {sql}", *args))
    return [
        node["Relation Name"] for node in nodes(answer["Plan"])
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in LARGE
    ]  # fmt: skip


async def test_no_table_is_gone_through(anna, ben, writer, monkeypatch):
    carla, daria = await writer(), await writer()
    a, b = id_of(anna), id_of(ben)
    first = (await asked(anna, ben))["id"]
    talk = await pair(anna, carla)
    names = {person: await worn_by(person) for person in (anna, ben, daria)}

    async def everything(_):
        await requests.list_requests(b, "incoming", 20, None)
        await requests.list_requests(a, "outgoing", 20, None)
        await requests.read_request(a, first)
        await asking.ask(a, names[daria], "Shall we?", None)
        await asking.ask(b, names[anna], None, None)
        await partnerships.list_partnerships(a, "partners", 20, None)
        await partnerships.list_partnerships(a, "ended", 20, None)
        await partnerships.read_partnership(a, first)
        await answering.accept(b, first)
        await ending.end(a, talk)
        await search.search(a, "ma", 20, None)
        await expiry.expire_requests()
        await expiry.part_ages()
        await block(ben, anna)

    sent = await sent_by(everything, a, monkeypatch)
    assert len(sent) > 40
    found = {}
    for sql, args in sent:
        if sql.lstrip().upper().startswith(("SELECT", "WITH", "UPDATE", "DELETE")) and "partner" in sql:
            found[sql] = await scans(sql, args)
    assert len(found) > 15
    assert {sql: tables for sql, tables in found.items() if tables} == {}


async def test_of_two_people_the_open_row_is_found_by_its_constraint(anna, ben):
    shown = await plan(f"SELECT id FROM partnerships WHERE {OPEN_ROW}", id_of(anna), id_of(ben))
    assert "partnerships_one_open" in shown


async def test_of_an_undone_slip_the_notices_are_found_by_their_talk(anna, ben):
    """Whoever is told very much, and whoever had many partners: neither is walked through, nor is everybody."""
    await pair(anna, ben)
    others = await strangers(500)
    await between(id_of(anna), others, "pending")
    await execute("UPDATE partnerships SET state = 'withdrawn', closed_at = requested_at WHERE state = 'pending'")
    await execute(
        """INSERT INTO notifications (id, user_id, kind, cause, title, body, discreet_body, deep_link, collapse_id,
                                      created_at, expires_at)
           SELECT gen_random_uuid(), person, 'partner_slip', 'c:' || n, 't', 'b', 'd', 'l', n::text, now(), now()
           FROM unnest($1::uuid[]) AS person, generate_series(1, 100) AS n""",
        [id_of(ben), *others[:50]],
    )
    await execute("ANALYZE partnerships, notifications")
    shown = [row[0] for row in await fetch(f"EXPLAIN {alerts._WITHDRAW}", id_of(anna))]
    await execute("DELETE FROM notifications")
    assert not [line for line in shown if "Seq Scan on partnerships" in line or "Seq Scan on notifications" in line]
    assert [line for line in shown if "Index Cond: (user_id = CASE" in line or "Index Cond: ((user_id = CASE" in line]


FILL = """
CREATE TEMP TABLE made ON COMMIT DROP AS SELECT gen_random_uuid() AS id, n FROM generate_series(1, 2000) AS n;
INSERT INTO users (id, email, visibility, birth_date, timezone, store_account_token, created_at)
SELECT id, 'plan' || n || '@example.org', 'anonymous', '1990-01-01', 'Europe/Berlin', id, now() FROM made;
INSERT INTO partnerships (id, from_id, to_id, state, requested_at, expires_at, accepted_at)
SELECT gen_random_uuid(), CASE n % 2 WHEN 0 THEN '{one}' ELSE id END, CASE n % 2 WHEN 0 THEN id ELSE '{one}'::uuid END,
       CASE n % 4 WHEN 0 THEN 'pending' WHEN 1 THEN 'pending' ELSE 'partners' END, now(), now(), now() FROM made;
ANALYZE partnerships
"""


@pytest.mark.parametrize(("column", "state"), [("from", "pending"), ("to", "partners")])
async def test_lists_are_in_the_order_of_an_index(anna, column, state):
    class Undone(Exception):
        pass

    # Among so many that the plan is none of an empty table, whatever other tests have left in the statistics.
    with pytest.raises(Undone):
        async with transaction():
            for statement in FILL.format(one=id_of(anna)).split(";"):
                await execute(statement)
            rows = await fetch(
                f"""EXPLAIN SELECT id FROM partnerships WHERE {column}_id = $1 AND state = '{state}' AND id < $2
                    ORDER BY id DESC LIMIT 21""",
                id_of(anna), UUID(int=2**128 - 1),
            )  # fmt: skip
            raise Undone
    shown = "\n".join(row[0] for row in rows)
    assert f"partnerships_{column}" in shown
    assert "Sort" not in shown
