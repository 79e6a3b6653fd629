"""What is confided stays where it was put: in no log, error or job, and whole in the person's own export."""

import json

from domain.kit.database import execute, fetch
from tests.journal.conftest import PATH, write
from tests.leaving.exporting import exported, unpacked
from tests.routes.conftest import problem

SECRET = "unspeakable"
ENTRY = {"body": f"The {SECRET} evening", "title": f"An {SECRET} title", "client_id": "e-1"}


async def test_a_usual_life_leaves_no_trace_in_logs_jobs_and_keys(person, lines, drain):
    entry = await person.ok("POST", PATH, json=ENTRY, headers={"Idempotency-Key": "k-1"})
    await person.ok("PATCH", f"{PATH}/{entry['id']}", json={"body": f"Still {SECRET}"})
    await person.ok("GET", PATH, params={"q": SECRET})
    kept = str(await fetch("SELECT * FROM jobs")) + str(await fetch("SELECT * FROM idempotency_keys"))
    await drain()
    assert len(lines.of("request")) >= 3
    assert SECRET not in lines.text.getvalue() + kept


async def test_refusals_do_not_quote_it(person, lines):
    for method, path, body in (
        ("POST", PATH, {"body": SECRET * 2000}), ("POST", PATH, {"body": "x", "title": SECRET * 30}),
        ("POST", PATH, {"body": "x", "client_id": SECRET * 20}), ("POST", PATH, {"body": [SECRET]}),
        ("POST", PATH, {"body": "x", "share_with_anchor": SECRET}),
    ):  # fmt: skip
        answer = await person(method, path, json=body)
        problem(answer, 400, "invalid_request")
        assert SECRET not in answer.text
    answer = await person("GET", PATH, params={"q": SECRET * 30})
    assert SECRET not in answer.text
    assert SECRET not in lines.text.getvalue()


async def test_an_error_of_the_database_does_not_tell(person, lines):
    """PostgreSQL puts the whole row into the error of a broken CHECK."""
    entry = await write(person)
    await execute("ALTER TABLE journal_entries ADD CONSTRAINT spoilt CHECK (length(body) < 0) NOT VALID")
    try:
        answers = [
            await person("POST", PATH, json=ENTRY),
            await person("PATCH", f"{PATH}/{entry['id']}", json={"body": ENTRY["body"]}),
        ]
    finally:
        await execute("ALTER TABLE journal_entries DROP CONSTRAINT spoilt")
    for answer in answers:
        problem(answer, 500)
        assert SECRET not in answer.text
    assert [line["sqlstate"] for line in lines.of("request.failed")] == ["23514", "23514"]
    assert SECRET not in lines.text.getvalue()


async def test_no_check_can_put_an_entry_into_the_server_s_log(app):
    checks = await fetch(
        "SELECT conname FROM pg_constraint WHERE conrelid = 'journal_entries'::regclass AND contype = 'c'"
    )
    assert [row["conname"] for row in checks] == []


async def test_the_export_holds_the_entries_and_not_the_words_for_the_search(person, sign_up, stranger, drain):
    other = await sign_up()
    await write(other, "Somebody else's")
    entry = await person.ok("POST", PATH, json=ENTRY)
    files = await unpacked(stranger, (await exported(person, drain))["url"])
    (row,) = json.loads(files["journal_entries.json"])
    assert (row["id"], row["title"], row["body"]) == (entry["id"], ENTRY["title"], ENTRY["body"])
    assert "search" not in row
    (table,) = [one for one in json.loads(files["manifest.json"])["tables"] if one["table"] == "journal_entries"]
    assert table["columns_left_out"] == ["search"]
