"""Blocks: of the account, whatever name it wears, and without a name in the list."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from domain.accounts import blocks
from domain.accounts.blocks import blocked_between, is_blocked, lock_pair
from domain.kit.clock import clock
from domain.kit.database import OutsideTransaction, execute, fetch, fetch_value, transaction
from tests.accounts.people import account, row_of, switch, worn_by

PATH = "/v1/me/blocks"


@pytest.fixture
async def river(sign_up):
    """Public as river_7, whom others block."""
    return await sign_up(username="river_7")


async def block(person, author_id, **body):
    return await person.ok("PUT", f"{PATH}/{author_id}", **({"json": body} if body else {}))


async def blocked(one, other):
    both = await is_blocked(account(one), account(other)), await is_blocked(account(other), account(one))
    assert both[0] == both[1], "a block holds both ways"
    return both[0]


async def test_a_block_shows_its_id_and_date_and_no_name(person, river):
    with clock.frozen(datetime(2026, 11, 23, 12, tzinfo=UTC)):
        item = await block(person, await worn_by(river))
    assert item == {"id": item["id"], "blocked_at": "2026-11-23T12:00:00Z", "note": None}
    assert await person.ok("GET", PATH) == {"items": [item], "next_cursor": None}
    assert item["id"] not in (str(await worn_by(river)), river.user["id"])
    assert await blocked(person, river)


async def test_again_is_the_same_block(person, river):
    first = await block(person, await worn_by(river), note="rude")
    assert await block(person, await worn_by(river)) == first
    assert await block(person, await worn_by(river), note=None) == first
    changed = await block(person, await worn_by(river), note="  very\u200b rude ")
    assert changed == {**first, "note": "very rude"}
    assert (await person.ok("GET", PATH))["items"] == [changed]


async def test_fifty_at_once_are_one_block(person, river):
    author_id = await worn_by(river)
    answers = await asyncio.gather(*(block(person, author_id) for _ in range(50)))
    assert len({answer["id"] for answer in answers}) == 1
    assert await fetch_value("SELECT count(*) FROM blocks") == 1


async def test_both_may_block_each_other_at_once(person, river):
    mine, theirs = await worn_by(person), await worn_by(river)
    await asyncio.gather(*(block(person, theirs) for _ in range(10)), *(block(river, mine) for _ in range(10)))
    assert await fetch_value("SELECT count(*) FROM blocks") == 2
    (item,) = (await person.ok("GET", PATH))["items"]
    await person("DELETE", f"{PATH}/{item['id']}")
    assert await blocked(person, river), "the other's block stays"


async def test_it_follows_the_account_through_every_switch(person, river):
    item = await block(person, await worn_by(river))
    for visibility in ("anonymous", "public", "anonymous"):
        await switch(river, visibility)
        assert await blocked(person, river)
        assert (await person.ok("GET", PATH))["items"] == [item]
    await river.ok("PATCH", "/v1/me", json={"username": "ocean_1"})
    await person.ok("PATCH", "/v1/me", json={"username": "lake_1"})
    await switch(person, "public")
    assert await blocked(person, river)
    assert (await person.ok("GET", PATH))["items"] == [item]


async def test_every_public_id_will_do_a_retired_one_too(person, river):
    ids = [await worn_by(river)]
    await switch(river, "anonymous")
    row = await row_of(river)
    ids += [row["persona_id"], row["mask_id"]]
    await switch(river, "public")
    await river.ok("PATCH", "/v1/me", json={"username": "ocean_1"})
    for author_id in ids:
        item = await block(person, author_id)
        assert await blocked(person, river)
        assert (await person("DELETE", f"{PATH}/{item['id']}")).status_code == 204
        assert not await blocked(person, river)


async def test_no_answer_tells_that_two_ids_are_one_person(person, river, sign_up):
    other = await sign_up(username="ocean_1")
    public = await worn_by(river)
    await switch(river, "anonymous")
    alias = await worn_by(river)
    one = [await block(person, public, note="first"), await block(person, alias)]
    two = await block(person, await worn_by(other))
    # As with two different people: an id, a date and a note each.
    assert len({one[0]["id"], one[1]["id"], two["id"]}) == 3
    assert one[1]["note"] is None
    items = (await person.ok("GET", PATH))["items"]
    assert [item["id"] for item in items] == [two["id"], one[1]["id"], one[0]["id"]]
    await person("DELETE", f"{PATH}/{one[0]['id']}")
    assert await blocked(person, river), "the second block still holds"
    await person("DELETE", f"{PATH}/{one[1]['id']}")
    assert not await blocked(person, river)


async def test_who_is_unknown_is_404(person, river):
    for nobody in (uuid4(), river.user["id"], "nonsense", "%00"):
        response = await person("PUT", f"{PATH}/{nobody}")
        assert response.status_code == 404, nobody
        assert response.json()["code"] == "not_found"
    assert await fetch_value("SELECT count(*) FROM blocks") == 0


async def test_oneself_is_422_under_every_name(river):
    ids = [await worn_by(river)]
    await switch(river, "anonymous")
    row = await row_of(river)
    for author_id in (*ids, row["persona_id"], row["mask_id"]):
        response = await river("PUT", f"{PATH}/{author_id}")
        assert response.status_code == 422
        assert response.json()["code"] == "cannot_block_oneself"


@pytest.mark.parametrize("body", [{"note": 7}, {"note": "x" * 201}, {"reason": "x"}, []])
async def test_a_bad_note_is_refused(person, river, body):
    response = await person("PUT", f"{PATH}/{await worn_by(river)}", json=body)
    assert response.status_code == 400
    assert await fetch_value("SELECT count(*) FROM blocks") == 0


async def test_another_s_block_does_not_exist(person, river, sign_up):
    item = await block(person, await worn_by(river))
    for other in (river, await sign_up()):
        assert (await other("DELETE", f"{PATH}/{item['id']}")).status_code == 404
        assert (await other.ok("GET", PATH))["items"] == []
    assert await blocked(person, river)
    assert (await person("DELETE", f"{PATH}/{item['id']}")).status_code == 204
    assert (await person("DELETE", f"{PATH}/{item['id']}")).status_code == 404


async def test_the_list_is_paged_newest_first_and_stable(person, sign_up):
    made = []
    for number in range(5):
        made.insert(0, (await block(person, await worn_by(await sign_up()), note=str(number)))["id"])
    first = await person.ok("GET", f"{PATH}?limit=2")
    await block(person, await worn_by(await sign_up()))
    second = await person.ok("GET", f"{PATH}?limit=2&cursor={first['next_cursor']}")
    third = await person.ok("GET", f"{PATH}?limit=2&cursor={second['next_cursor']}")
    assert [item["id"] for page in (first, second, third) for item in page["items"]] == made
    assert third["next_cursor"] is None
    for query in ("limit=101", "limit=0", "cursor=x", "cursor=%00"):
        assert (await person("GET", f"{PATH}?{query}")).status_code == 400


async def test_the_sql_says_the_same_for_every_pair(person, river, sign_up):
    third = await sign_up()
    await block(person, await worn_by(river))
    rows = await fetch(
        f"""SELECT one.id AS one, other.id AS other, {blocked_between("one.id", "other.id")} AS blocked
            FROM users AS one, users AS other WHERE one.id <> other.id"""
    )
    pairs = {frozenset((row["one"], row["other"])) for row in rows if row["blocked"]}
    assert len(rows) == 6
    assert pairs == {frozenset((account(person), account(river)))}
    assert not await blocked(person, third)


async def test_what_ends_with_a_block_ends_in_its_transaction(person, river):
    author_id = await worn_by(river)
    told = []

    async def ends(one, other):
        told.append((one, other))
        # Under the pair's lock, with the block already there.
        assert await is_blocked(one, other)
        if len(told) == 1:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await blocks.block(account(person), author_id, None, ends)
    assert not await blocked(person, river)
    await blocks.block(account(person), author_id, None, ends)
    assert told == [(account(person), account(river))] * 2


async def test_one_lock_for_a_pair_whoever_comes_first(person, river, sign_up):
    third = await sign_up()
    mine, theirs, others = account(person), account(river), account(third)
    order, held = [], asyncio.Event()

    async def first():
        async with transaction():
            await lock_pair(mine, theirs)
            held.set()
            await asyncio.sleep(0.2)
            order.append("first")

    async def second(one, other, name):
        await held.wait()
        async with transaction():
            await lock_pair(one, other)
            order.append(name)

    await asyncio.gather(first(), second(theirs, mine, "the same pair"), second(theirs, others, "another pair"))
    assert order == ["another pair", "first", "the same pair"]


async def test_a_block_goes_with_either_account(person, river):
    await block(person, await worn_by(river))
    await execute("DELETE FROM users WHERE id = $1", account(river))
    assert (await person.ok("GET", PATH))["items"] == []


async def test_a_pair_is_locked_inside_a_transaction_only(person, river):
    with pytest.raises(OutsideTransaction):
        await lock_pair(account(person), account(river))
