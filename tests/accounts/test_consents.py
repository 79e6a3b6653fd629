"""Consents."""

import asyncio

import pytest

from domain.accounts.consents import CURRENT, has_consent, require_consent
from domain.kit.database import fetch, fetch_value
from domain.kit.errors import ConsentRequired

KINDS = ["terms", "community_rules", "third_party_ai", "sensitive_data", "partner_sharing"]


async def consents(person):
    return {item["kind"]: item for item in (await person.ok("GET", "/v1/me/consents"))["items"]}


async def give(person, kind, granted=True, **fields):
    return await person("PUT", f"/v1/me/consents/{kind}", json={"granted": granted, **fields})


async def test_all_kinds_are_listed_with_the_text_in_force(person):
    listed = await consents(person)
    assert sorted(listed) == sorted(KINDS)
    for item in listed.values():
        assert item["current_version"]
        assert item["text"]
    assert listed["terms"]["granted"] is listed["sensitive_data"]["granted"] is True
    for kind in ("community_rules", "third_party_ai", "partner_sharing"):
        assert (listed[kind]["granted"], listed[kind]["version"], listed[kind]["changed_at"]) == (False, None, None)


async def test_the_text_on_third_party_ai_names_the_provider(person):
    assert "DeepSeek" in (await consents(person))["third_party_ai"]["text"]


@pytest.mark.parametrize("kind", KINDS)
async def test_given_and_withdrawn_at_once(person, kind):
    for granted in (True, False, True):
        response = await give(person, kind, granted)
        assert response.status_code == 200
        assert response.json()["granted"] is granted
        assert (await consents(person))[kind] == response.json()
        assert await has_consent(person.user["id"], kind) is granted


async def test_without_it_the_error_names_the_kind(person):
    with pytest.raises(ConsentRequired) as caught:
        await require_consent(person.user["id"], "third_party_ai")
    assert caught.value.status == 403
    assert caught.value.code == "consent_required"
    assert caught.value.extra == {"kind": "third_party_ai"}
    await give(person, "third_party_ai")
    await require_consent(person.user["id"], "third_party_ai")


async def test_every_change_is_kept_with_its_time(person):
    for granted in (True, False):
        await give(person, "third_party_ai", granted)
    rows = await fetch("SELECT granted, version, changed_at FROM consents WHERE kind = 'third_party_ai' ORDER BY seq")
    assert [row["granted"] for row in rows] == [True, False]
    assert all(row["version"] == CURRENT["third_party_ai"][0] for row in rows)
    assert rows[0]["changed_at"] < rows[1]["changed_at"]


async def test_the_version_in_force_is_meant_if_none_is_named(person):
    current = CURRENT["third_party_ai"][0]
    assert (await give(person, "third_party_ai")).json()["version"] == current
    assert (await give(person, "third_party_ai", version=current)).json()["version"] == current
    assert (await give(person, "third_party_ai", version=None)).json()["version"] == current


async def test_a_version_that_is_not_in_force_is_400(person):
    for version in ("2020-01", "", "x\u0000"):
        response = await give(person, "third_party_ai", version=version)
        assert response.status_code == 400
        assert response.json()["errors"][0]["field"] == "version"
    assert await has_consent(person.user["id"], "third_party_ai") is False


@pytest.mark.parametrize("kind", ["nothing", "TERMS", "terms%00", "third_party_ai%20", "é"])
async def test_an_unknown_kind_is_404(person, kind):
    assert (await give(person, kind)).status_code == 404


@pytest.mark.parametrize("body", [{}, {"granted": "yes"}, {"granted": 1}, {"granted": None}, {"granted": True, "a": 1}])
async def test_granted_is_a_boolean_and_nothing_else_is_taken(person, body):
    response = await person("PUT", "/v1/me/consents/terms", json=body)
    assert response.status_code == 400
    assert response.json()["errors"]


async def test_one_person_s_consent_is_not_another_s(person, sign_up):
    other = await sign_up(consents=("third_party_ai",))
    assert (await consents(other))["third_party_ai"]["granted"] is True
    assert (await consents(person))["third_party_ai"]["granted"] is False


async def test_twenty_at_once_end_in_one_of_them(person):
    answers = await asyncio.gather(*(give(person, "partner_sharing", bool(number % 2)) for number in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    newest = await fetch_value("SELECT granted FROM consents WHERE kind = 'partner_sharing' ORDER BY seq DESC LIMIT 1")
    assert (await consents(person))["partner_sharing"]["granted"] is newest
