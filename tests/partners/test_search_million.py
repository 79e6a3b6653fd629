"""Searching a million names: what PostgreSQL reads for a page does not depend on how many there are.

Nothing is asserted about time; the percentiles are printed. The targets (performance, "Targets") are a p99 below 5 ms
for the beginning of a name and below 50 ms for a near spelling.
"""

from __future__ import annotations

import json
import random
import time

import pytest

from domain.kit.database import execute, fetch_value, transaction
from domain.partners import partnerships, requests, search
from tests.community.test_plans import nodes, sent_by
from tests.partners import crowd

pytestmark = pytest.mark.slow

LARGE = {"personas", "users", "blocks", "preferences", "partnerships"}
PEOPLE = {"normal": crowd.NORMAL, "heavy": crowd.HEAVY, "child": crowd.CHILD}
ROUNDS = 300


@pytest.fixture(scope="module")
async def filled(app):
    """A million people, once for this module; `clean` does not come here."""
    # What the test before this module has left.
    await crowd.empty()
    began = time.perf_counter()
    await crowd.fill()
    print(f"\nfilled in {time.perf_counter() - began:.0f} s")
    yield
    await crowd.empty()


@pytest.fixture(autouse=True)
async def clean():
    """Instead of emptying the tables before each test."""


@pytest.fixture(autouse=True)
def uncounted(monkeypatch):
    """No limit of searches: the domain is asked, without an app around it."""

    async def nobody(viewer):
        pass

    monkeypatch.setattr(search, "_count", nobody)


def misspelt(name, chance):
    """The name with two letters changed places, one left out or one wrong."""
    at = chance.randrange(1, len(name) - 1)
    return chance.choice(
        [name[:at] + name[at + 1] + name[at] + name[at + 2 :], name[:at] + name[at + 1 :],
         name[:at] + chance.choice("aeiou") + name[at + 1 :]]
    )  # fmt: skip


def spread(times):
    times = sorted(times)
    return f"p50 {times[len(times) // 2]:.2f}, p99 {times[int(len(times) * 0.99)]:.2f}, most {times[-1]:.2f} ms"


async def explained(sql, args, mode):
    """As it runs for a statement that is prepared once for everybody, or planned anew for these values: EXPLAIN of the
    statement itself would plan for the values in both cases."""
    values = ", ".join("NULL" if arg is None else "'" + str(arg).replace("'", "''") + "'" for arg in args)
    async with transaction():
        await execute(f"SET LOCAL plan_cache_mode = {mode}")
        await execute(f"PREPARE asked AS {sql}")
        [answer] = json.loads(await fetch_value(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE asked({values})"))
        await execute("DEALLOCATE asked")
    return answer["Plan"]


async def timed(viewer, word, limit=20):
    began = time.perf_counter()
    page = await search.search(viewer, word, limit, None)
    return (time.perf_counter() - began) * 1000, page


@pytest.mark.parametrize("who", PEOPLE)
async def test_by_the_beginning(filled, who):
    chance = random.Random(1)
    names = await crowd.sample(5000)
    for letters in (2, 4, 6):
        words = [name[:letters] for name in chance.sample(names, ROUNDS)]
        answers = [await timed(PEOPLE[who], word) for word in words]
        full = [one for one, page in answers if len(page.items) == 20]
        print(f"{who:7} {letters} letters: {spread([one for one, _ in answers])}; full pages {len(full)}")
        assert all(item.name.lower().startswith(word) for (_, page), word in zip(answers, words, strict=True)
                   for item in page.items[:1] if page.next_cursor)  # fmt: skip


async def test_where_nearly_all_are_blocked(filled):
    print(f"heavy, among 2,000 blocked: {spread([(await timed(crowd.HEAVY, crowd.CALLED))[0] for _ in range(50)])}")


@pytest.mark.parametrize("who", PEOPLE)
async def test_nearly_spelled_so(filled, who):
    chance = random.Random(2)
    names = [name for name in await crowd.sample(5000) if len(name) >= 6]
    searched = [(name, misspelt(name, chance)) for name in chance.sample(names, ROUNDS)]
    answers = [await timed(PEOPLE[who], word) for _, word in searched]
    found = sum(name in {item.name.lower() for item in page.items}
                for (name, _), (_, page) in zip(searched, answers, strict=True))  # fmt: skip
    print(f"{who:7} near spelling: {spread([one for one, _ in answers])}; found {found} of {ROUNDS}")
    if who == "normal":
        assert found > ROUNDS * 0.7


@pytest.mark.parametrize("who", PEOPLE)
async def test_a_page_reads_little_by_every_kind_of_plan(filled, monkeypatch, who):
    [name] = await crowd.sample(1)
    deep = (await search.search(PEOPLE[who], name[:3], 100, None)).next_cursor
    for word, cursor in ((name[:2], None), (name[:3], deep), (misspelt(name, random.Random(3)), None)):

        async def read(viewer, word=word, cursor=cursor):
            return await search.search(viewer, word, 20, cursor)

        sent = await sent_by(read, PEOPLE[who], monkeypatch)
        for mode in ("force_generic_plan", "force_custom_plan"):
            buffers = []
            for sql, args in sent:
                plan = await explained(sql, args, mode)
                whole = [node["Relation Name"] for node in nodes(plan) if node["Node Type"] == "Seq Scan"]
                assert not LARGE & set(whole), f"{whole} from end to end for {sql}"
                buffers.append(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
            print(f"{who:7} {word:14} {mode:18} buffers {buffers}")
            # A page of 20, of which a child can see every hundredth. Near spellings look through their candidates.
            assert buffers[0] < (40_000 if who == "child" else 2_000)
            assert buffers[1:] < [20_000]


@pytest.mark.parametrize("who", ["normal", "heavy"])
async def test_lists_of_one_person_among_a_million(filled, monkeypatch, who):
    async def read(viewer):
        await requests.list_requests(viewer, "incoming", 20, None)
        await requests.list_requests(viewer, "outgoing", 20, None)
        await partnerships.list_partnerships(viewer, "partners", 20, None)
        await partnerships.list_partnerships(viewer, "ended", 20, None)

    for sql, args in await sent_by(read, PEOPLE[who], monkeypatch):
        for mode in ("force_generic_plan", "force_custom_plan"):
            plan = await explained(sql, args, mode)
            whole = [node["Relation Name"] for node in nodes(plan) if node["Node Type"] == "Seq Scan"]
            assert not LARGE & set(whole), f"{whole} from end to end for {sql}"
            buffers = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
            print(f"{who:7} list {mode:18} rows {plan['Actual Rows']:.0f}, buffers {buffers}")
            assert buffers < 1_000
