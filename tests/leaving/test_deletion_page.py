"""GET and POST /account-deletion: the public page that the stores ask for; it works without the app."""

from __future__ import annotations

import asyncio
import html
import re

import pytest

from domain.accounts.codes import code_of
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value
from tests.accounts.conftest import setting  # noqa: F401  a fixture
from tests.leaving.conftest import GRACE, NOON, log_in, restore, state_of

PATH = "/account-deletion"


async def submit(stranger, **fields):
    return await stranger("POST", PATH, data=fields)


async def code_for(email, stranger, drain):
    """The code that was mailed to `email`."""
    assert (await submit(stranger, email=email)).status_code == 200
    await drain(allow=("skipped",))
    return code_of(
        await fetch_value(
            """SELECT codes.id FROM codes JOIN users ON users.id = user_id
               WHERE users.email = $1 AND purpose = 'deletion' AND used_at IS NULL""",
            email,
        )
    )


async def test_anybody_can_read_it_and_it_needs_nothing_from_elsewhere(stranger):
    answer = await stranger("GET", PATH)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "<script" not in answer.text
    assert not re.search(r"(?:src|action)=['\"]?https?:", answer.text)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"


async def test_it_says_what_is_deleted_what_is_kept_and_for_how_long(stranger):
    text = html.unescape((await stranger("GET", PATH)).text)
    for part in ("30 days", "journal", "check-ins", "180 days", "one year", "Anchor", "Purchases"):
        assert part in text


async def test_it_says_that_a_subscription_goes_on_billing_and_where_to_cancel_it(stranger):
    text = (await stranger("GET", PATH)).text
    assert "goes on billing" in text
    assert "https://apps.apple.com/account/subscriptions" in text
    assert "https://play.google.com/store/account/subscriptions" in text


async def test_the_first_step_answers_alike_for_known_and_unknown_addresses_and_does_the_same(stranger, person):
    async def traces():
        return [(row["name"], row["queue"]) for row in await fetch("SELECT name, queue FROM jobs ORDER BY id")]

    before = await traces()
    known = await submit(stranger, email=person.user["email"])
    after_known = await traces()
    unknown = await submit(stranger, email="nobody@example.org")
    after_unknown = await traces()
    assert known.status_code == unknown.status_code == 200
    assert known.text.replace(person.user["email"], "X") == unknown.text.replace("nobody@example.org", "X")
    assert after_known[len(before) :] == after_unknown[len(after_known) :]
    assert await fetch_value("SELECT count(*) FROM codes WHERE purpose = 'deletion'") == 0


async def test_a_code_goes_only_to_an_address_with_an_account(stranger, person, drain, sandbox):
    await drain()
    await sandbox.delete("/_control")
    await submit(stranger, email=person.user["email"].upper())
    await submit(stranger, email="nobody@example.org")
    await drain()
    mails = (await sandbox.get("/_control/sent", params={"provider": "smtp"})).json()["items"]
    assert len(mails) == 1
    assert person.user["email"] in str(mails[0])
    [row] = await fetch("SELECT id FROM codes WHERE purpose = 'deletion'")
    assert code_of(row["id"]) in str(mails[0])


async def test_the_code_begins_the_deletion(stranger, person, drain):
    email = person.user["email"]
    with clock.frozen(NOON):
        code = await code_for(email, stranger, drain)
        answer = await submit(stranger, email=email, code=f" {code[:3]} {code[3:]} ")
    assert answer.status_code == 200
    assert "Your account is closed" in answer.text
    assert "31 December 2026" in answer.text
    row = await state_of(email)
    assert (row["state"], row["purges_at"]) == ("deleting", NOON + GRACE)
    assert (await person("GET", "/v1/me")).status_code == 401


async def test_it_can_be_taken_back_by_signing_in(stranger, person, drain):
    email = person.user["email"]
    await submit(stranger, email=email, code=await code_for(email, stranger, drain))
    token = (await log_in(stranger, email)).json()["restore_token"]
    assert (await restore(stranger, token)).status_code == 200


async def test_a_wrong_code_deletes_nothing_and_asks_again(stranger, person, drain):
    email = person.user["email"]
    code = await code_for(email, stranger, drain)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    answer = await submit(stranger, email=email, code=wrong)
    assert answer.status_code == 422
    assert 'name="code"' in answer.text
    assert 'role="alert"' in answer.text
    assert (await state_of(email))["state"] == "active"


async def test_a_wrong_code_answers_alike_for_an_unknown_address(stranger, person, drain):
    await code_for(person.user["email"], stranger, drain)
    known = await submit(stranger, email=person.user["email"], code="abc")
    unknown = await submit(stranger, email="nobody@example.org", code="abc")
    assert known.status_code == unknown.status_code == 422
    assert known.text.replace(person.user["email"], "X") == unknown.text.replace("nobody@example.org", "X")


async def test_after_five_tries_the_right_code_is_worth_nothing(stranger, person, drain):
    email = person.user["email"]
    code = await code_for(email, stranger, drain)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    assert [(await submit(stranger, email=email, code=wrong)).status_code for _ in range(5)] == [422] * 5
    assert (await submit(stranger, email=email, code=code)).status_code == 422
    assert (await state_of(email))["state"] == "active"


async def test_a_code_for_something_else_deletes_nothing(stranger, sign_up, drain):
    person = await sign_up(mail=True)
    await drain()
    [row] = await fetch("SELECT id FROM codes WHERE purpose = 'verify'")
    assert (await submit(stranger, email=person.user["email"], code=code_of(row["id"]))).status_code == 422


async def test_a_code_opens_only_the_account_that_it_was_mailed_to(stranger, person, sign_up, drain):
    other = await sign_up()
    code = await code_for(person.user["email"], stranger, drain)
    assert (await submit(stranger, email=other.user["email"], code=code)).status_code == 422
    assert (await state_of(other.user["email"]))["state"] == "active"


async def test_a_code_is_good_once(stranger, person, drain):
    email = person.user["email"]
    code = await code_for(email, stranger, drain)
    answers = await asyncio.gather(*(submit(stranger, email=email, code=code) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422]
    await restore(stranger, (await log_in(stranger, email)).json()["restore_token"])
    assert (await submit(stranger, email=email, code=code)).status_code == 422
    assert (await state_of(email))["state"] == "active"


async def test_asking_again_during_the_grace_changes_no_date(stranger, person, drain):
    email = person.user["email"]
    with clock.frozen(NOON):
        await submit(stranger, email=email, code=await code_for(email, stranger, drain))
    with clock.frozen(NOON + GRACE / 2):
        again = await submit(stranger, email=email, code=await code_for(email, stranger, drain))
    assert "31 December 2026" in again.text
    assert (await state_of(email))["purges_at"] == NOON + GRACE


async def test_whoever_is_suspended_can_have_their_data_deleted_too(stranger, person, drain):
    email = person.user["email"]
    await execute("UPDATE users SET state = 'suspended'")
    answer = await submit(stranger, email=email, code=await code_for(email, stranger, drain))
    assert answer.status_code == 200
    row = await state_of(email)
    assert (row["state"], row["state_before"]) == ("deleting", "suspended")


@pytest.mark.parametrize("email", ["", "not an address", "<b>@x", "a" * 300 + "@example.org"])
async def test_what_is_no_address_is_said_so(stranger, email):
    answer = await submit(stranger, email=email)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert "<b>@x" not in answer.text


async def test_what_was_typed_is_shown_as_text(stranger):
    answer = await submit(stranger, email="\"><i>'x'@example.org")
    assert "<i>" not in answer.text


async def test_an_account_gets_at_most_five_mails_an_hour_and_nobody_notices(stranger, person, drain):
    answers = [await submit(stranger, email=person.user["email"]) for _ in range(8)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert await fetch_value("SELECT count(*) FROM mails WHERE kind = 'deletion'") == 5


async def test_the_page_is_limited_per_account(stranger):
    answers = [await submit(stranger, email="me@example.org") for _ in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    assert answers[-1].headers["content-type"].startswith("text/html")
    assert int(answers[-1].headers["retry-after"]) > 0
    assert (await submit(stranger, email="you@example.org")).status_code == 200


async def test_the_page_is_limited_per_address(stranger, setting):  # noqa: F811
    setting(ADDRESS_LIMITS="on")
    answers = [(await submit(stranger, email=f"p{number}@example.org")).status_code for number in range(61)]
    assert answers == [200] * 60 + [429]


async def test_a_body_that_is_no_form_is_refused(stranger):
    assert (await stranger("POST", PATH, json={"email": "me@example.org"})).status_code == 400
    assert (await stranger("POST", PATH)).status_code == 400
