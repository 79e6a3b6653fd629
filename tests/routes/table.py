"""Who gets what at which route. A new route needs a row here, or tests/routes/test_identities.py fails.

A row says how to make a call that works, and which status it gets from the person whose things it touches (`owner`),
from another person who makes the very same call (`other`), and whether it is `open` to all. The rest follows:
without a token, or with one of an ended session, a route that is not open answers 401 and nothing else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from tests.conftest import PASSWORD, Api

Ids = dict[str, str]


@dataclass(frozen=True)
class World:
    """What a row may use to make what its call needs."""

    stranger: Api
    drain: Callable[..., Awaitable[Any]]


@dataclass(frozen=True, kw_only=True)
class Row:
    owner: int = 200
    # The same as the owner where the call touches only what belongs to whoever calls.
    other: int = 200
    open: bool = False
    # Makes, as the owner, what the call needs, and returns the ids for the path. Consents for both go to `consents`.
    make: Callable[[Api, World], Awaitable[Ids]] | None = None
    path: Ids = field(default_factory=dict)
    body: Callable[[Api], dict[str, Any]] | None = None
    consents: tuple[str, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    # What stands behind the ? of the address, where it cannot be left out.
    query: dict[str, str] = field(default_factory=dict)
    # The answer goes on until the server stops; so it is stopped.
    endless: bool = False


def today() -> str:
    """A day that everybody in Berlin may still report on."""
    return str(datetime.now(UTC).date())


async def another_session(person: Api, world: World) -> Ids:
    login = {"email": person.user["email"], "password": PASSWORD}
    await world.stranger.ok("POST", "/v1/auth/login", json=login)
    page = await person.ok("GET", "/v1/auth/sessions")
    return {"session_id": next(item["id"] for item in page["items"] if not item["current"])}


async def notification(person: Api, world: World) -> Ids:
    from domain.kit.database import transaction
    from domain.push.notifications import notify

    async with transaction():
        notification_id = await notify(
            UUID(person.user["id"]), kind="anchor_daily", cause="table", title="Anchor", body="A note",
            discreet_body="Anchor has a note for you", deep_link="kuitter://anchor",
            expires_at=datetime.now(UTC) + timedelta(days=1),
        )  # fmt: skip
    return {"notification_id": str(notification_id)}


async def answered_message(person: Api, world: World) -> Ids:
    exchange = await person.ok("POST", "/v1/anchor/messages", json={"body": "Good morning"})
    await world.drain()
    return {"message_id": exchange["reply"]["id"]}


async def own_memory(person: Api, world: World) -> Ids:
    return {"memory_id": (await person.ok("POST", "/v1/anchor/memories", json={"body": "Works nights."}))["id"]}


_numbers = count(1)


def registration(_: Api) -> dict[str, Any]:
    return {
        "email": f"table{next(_numbers)}@example.org", "password": PASSWORD, "birth_date": "1990-05-17",
        "timezone": "Europe/Berlin", "accepted_terms": True,
    }  # fmt: skip


def own_login(person: Api) -> dict[str, Any]:
    return {"email": person.user["email"], "password": PASSWORD}


def own_email(person: Api) -> dict[str, Any]:
    return {"email": person.user["email"]}


def guessed_reset(person: Api) -> dict[str, Any]:
    return {**own_email(person), "code": "000000", "new_password": "another good one"}


async def own_identity(person: Api, world: World) -> Ids:
    from domain.kit.database import execute

    await execute(
        """INSERT INTO identities (id, user_id, provider, subject, client_id, created_at)
           VALUES (gen_random_uuid(), $1, 'google', $2, 'an app', now()) ON CONFLICT DO NOTHING""",
        UUID(person.user["id"]), person.user["id"],
    )  # fmt: skip
    return {"provider": "google"}


def own_refresh(person: Api) -> dict[str, Any]:
    assert person.signed_in
    return {"refresh_token": person.signed_in["refresh_token"]}


def constant(**body: Any) -> Callable[[Api], dict[str, Any]]:
    return lambda _: body


def phone(person: Api) -> dict[str, Any]:
    return {
        "platform": "android", "transport": "fcm", "token": "t" * 40, "token_kind": "fcm", "environment": "production",
        "app_version": "1.4.0",
    }  # fmt: skip


async def own_phone(person: Api, world: World) -> Ids:
    await person.ok("PUT", "/v1/me/devices/phone-1", json=phone(person))
    return {"installation_id": "phone-1"}


async def third_person(_: Api, world: World) -> Ids:
    """The public id of somebody else again."""
    from domain.kit.database import fetch_value

    answer = await world.stranger.ok("POST", "/v1/auth/register", json=registration(world.stranger))
    return {"id": str(await fetch_value("SELECT persona_id FROM users WHERE id = $1", answer["user"]["id"]))}


async def own_block(person: Api, world: World) -> Ids:
    author = (await third_person(person, world))["id"]
    return {"id": (await person.ok("PUT", f"/v1/me/blocks/{author}"))["id"]}


async def own_urge(person: Api, world: World) -> Ids:
    return {"urge_id": (await person.ok("POST", "/v1/urges", json={"intensity": 6, "outcome": "ongoing"}))["id"]}


async def own_entry(person: Api, world: World) -> Ids:
    return {"entry_id": (await person.ok("POST", "/v1/journal", json={"body": "A quiet day."}))["id"]}


async def own_slip(person: Api, world: World) -> Ids:
    return {"slip_id": (await person.ok("POST", "/v1/slips", json={}))["id"]}


async def own_export(person: Api, world: World) -> Ids:
    answer = await person("POST", "/v1/me/export")
    # A second one within the hour is refused, with the id of the first.
    return {"export_id": answer.json()["id" if answer.status_code == 202 else "export_id"]}


async def own_goal(person: Api, world: World) -> Ids:
    return {"goal_id": (await person.ok("POST", "/v1/goals", json={"kind": "custom", "target": 5}))["id"]}


async def may_write(person: Api, world: World) -> Ids:
    """As if they had confirmed their e-mail address; the other has not."""
    from domain.kit.database import execute

    await execute("UPDATE users SET email_verified_at = now() WHERE id = $1", UUID(person.user["id"]))
    return {}


async def own_post(person: Api, world: World) -> Ids:
    await may_write(person, world)
    return {"post_id": (await person.ok("POST", "/v1/posts", json={"body": "A quiet day"}))["id"]}


async def own_comment(person: Api, world: World) -> Ids:
    post_id = (await own_post(person, world))["post_id"]
    written = await person.ok("POST", f"/v1/posts/{post_id}/comments", json={"body": "Still quiet"})
    return {"comment_id": written["id"]}


async def group(person: Api, world: World) -> Ids:
    """One that nobody is in yet."""
    from domain.kit.database import execute
    from domain.kit.ids import new_id

    group_id = new_id()
    await execute(
        "INSERT INTO groups (id, slug, name, description, created_at) VALUES ($1, $2, 'Evenings', 'After work', now())",
        group_id, str(group_id),
    )  # fmt: skip
    return {"group_id": str(group_id)}


async def joined_group(person: Api, world: World) -> Ids:
    ids = await group(person, world)
    await person.ok("PUT", f"/v1/groups/{ids['group_id']}/membership")
    return ids


async def talk_of_own(person: Api, world: World) -> Ids:
    """The partnership with a third person."""
    from domain.kit.database import fetch_value

    third = (await third_person(person, world))["id"]
    partnership_id = await fetch_value(
        """INSERT INTO partnerships (id, from_id, to_id, state, requested_at, expires_at, accepted_at)
           SELECT gen_random_uuid(), $1, user_id, 'partners', now(), now(), now() FROM personas WHERE id = $2
           RETURNING id""",
        UUID(person.user["id"]), UUID(third),
    )  # fmt: skip
    return {"partnership_id": str(partnership_id)}


async def _between(person: Api, world: World, side: str, state: str) -> str:
    """What is between the person, who is `side`, and somebody else again, made as it stands in the end; its id."""
    from domain.kit.database import execute
    from domain.kit.ids import new_id

    await may_write(person, world)
    third, made = (await third_person(person, world))["id"], new_id()
    other_side = "to" if side == "from" else "from"
    await execute(
        f"""INSERT INTO partnerships (id, {side}_id, {side}_persona_id, {other_side}_id, {other_side}_persona_id, state,
                                      requested_at, expires_at, accepted_at)
            SELECT $1, me.id, me.persona_id, other.id, other.persona_id, $4, now(), now() + interval '30 days',
                   CASE WHEN $4 = 'partners' THEN now() END
            FROM users AS me, users AS other WHERE me.id = $2 AND other.persona_id = $3""",
        made, UUID(person.user["id"]), UUID(third), state,
    )  # fmt: skip
    return str(made)


async def incoming_request(person: Api, world: World) -> Ids:
    return {"request_id": await _between(person, world, "to", "pending")}


async def outgoing_request(person: Api, world: World) -> Ids:
    return {"request_id": await _between(person, world, "from", "pending")}


async def own_partnership(person: Api, world: World) -> Ids:
    return {"partnership_id": await _between(person, world, "from", "partners")}


def purchase(_: Api) -> dict[str, Any]:
    return {"store": "google_play", "product_id": "kuitter_plus", "token": "no-such-token"}


async def own_purchase(person: Api, world: World) -> Ids:
    return {"claim_id": (await person.ok("POST", "/v1/billing/purchases", json=purchase(person)))["id"]}


_AI = ("third_party_ai",)
_RULES = ("community_rules",)

TABLE: dict[str, Row] = {
    # Accounts and sign-in
    "POST /v1/auth/register": Row(open=True, owner=201, other=201, body=registration),
    "POST /v1/auth/login": Row(open=True, body=own_login),
    "POST /v1/auth/refresh": Row(open=True, body=own_refresh),
    "POST /v1/auth/logout": Row(owner=204, other=204),
    "POST /v1/auth/logout-all": Row(owner=204, other=204),
    "GET /v1/auth/sessions": Row(),
    "DELETE /v1/auth/sessions/{session_id}": Row(owner=204, other=404, make=another_session),
    # With tokens that no provider made; with good ones: tests/accounts/test_google.py and test_apple.py.
    "POST /v1/auth/google": Row(open=True, owner=401, other=401, body=constant(id_token="no.such.token")),
    "POST /v1/auth/apple": Row(open=True, owner=401, other=401, body=constant(identity_token="no.such.token")),
    "POST /webhooks/apple-account": Row(open=True, owner=401, other=401, body=constant(payload="no.such.token")),
    # Signed by Apple: tests/billing/test_app_store_webhook.py.
    "POST /webhooks/app-store": Row(open=True, owner=401, other=401, body=constant(signedPayload="no.such.token")),
    # With the tokens of Google's push service: tests/billing/test_google_push.py.
    "POST /webhooks/google-play": Row(open=True, owner=401, other=401, body=constant(message={})),
    "POST /v1/auth/email/verify": Row(owner=422, other=422, body=constant(code="000000")),
    "POST /v1/auth/email/resend": Row(owner=202, other=202),
    "POST /v1/auth/email/change": Row(
        owner=202, other=202, body=constant(new_email="another@example.org", password=PASSWORD)
    ),
    "POST /v1/auth/password/forgot": Row(open=True, owner=202, other=202, body=own_email),
    "POST /v1/auth/password/reset": Row(open=True, owner=422, other=422, body=guessed_reset),
    "PUT /v1/auth/password": Row(body=constant(current_password=PASSWORD, new_password="another good one")),
    "GET /v1/auth/identities": Row(),
    "DELETE /v1/auth/identities/{provider}": Row(owner=204, other=404, make=own_identity),
    "GET /v1/me": Row(),
    "PATCH /v1/me": Row(body=constant(why="For my family")),
    "GET /v1/me/consents": Row(),
    "PUT /v1/me/consents/{kind}": Row(path={"kind": "partner_sharing"}, body=constant(granted=True)),
    "GET /v1/me/dashboard": Row(),
    "PUT /v1/me/visibility": Row(body=constant(visibility="anonymous")),
    "GET /v1/me/blocks": Row(),
    "PUT /v1/me/blocks/{id}": Row(make=third_person, body=constant(note="for peace")),
    "DELETE /v1/me/blocks/{id}": Row(owner=204, other=404, make=own_block),
    "GET /v1/me/preferences": Row(),
    "PATCH /v1/me/preferences": Row(body=constant(discreet_push=False)),
    "PUT /v1/me/devices/{installation_id}": Row(path={"installation_id": "phone-1"}, body=phone),
    "DELETE /v1/me/devices/{installation_id}": Row(owner=204, other=204, make=own_phone),
    # Leaving
    "DELETE /v1/me": Row(body=constant(password=PASSWORD)),
    "POST /v1/me/restore": Row(open=True, owner=401, other=401, body=constant(restore_token="no.such.token")),
    "POST /v1/me/export": Row(owner=202, other=202),
    "GET /v1/me/exports/{export_id}": Row(other=404, make=own_export),
    # By a signed link alone: tests/leaving/test_export.py.
    "GET /v1/exports/{export_id}": Row(open=True, owner=404, other=404, path={"export_id": "x"}),
    "GET /account-deletion": Row(open=True),
    # It takes a form: tests/leaving/test_deletion_page.py.
    "POST /account-deletion": Row(open=True, owner=400, other=400),
    # Recovery
    "PUT /v1/check-ins/{date}": Row(path={"date": today()}, body=constant(mood=4, urge_level=2)),
    "GET /v1/check-ins": Row(),
    "GET /v1/streak": Row(),
    "PATCH /v1/streak": Row(body=constant(started_on="2026-01-01")),
    "POST /v1/slips": Row(owner=201, other=201, body=constant(triggers=["boredom"])),
    "GET /v1/slips": Row(),
    "GET /v1/slips/{slip_id}": Row(other=404, make=own_slip),
    "PATCH /v1/slips/{slip_id}": Row(other=404, make=own_slip, body=constant(reflection="I was tired.")),
    "DELETE /v1/slips/{slip_id}": Row(owner=204, other=404, make=own_slip),
    "POST /v1/journal": Row(owner=201, other=201, body=constant(body="A quiet day.")),
    "GET /v1/journal": Row(),
    "GET /v1/journal/{entry_id}": Row(other=404, make=own_entry),
    "PATCH /v1/journal/{entry_id}": Row(other=404, make=own_entry, body=constant(title="Evening")),
    "DELETE /v1/journal/{entry_id}": Row(owner=204, other=404, make=own_entry),
    "POST /v1/urges": Row(owner=201, other=201, body=constant(intensity=6, outcome="ongoing")),
    "GET /v1/urges": Row(),
    "GET /v1/urges/{urge_id}": Row(other=404, make=own_urge),
    "PATCH /v1/urges/{urge_id}": Row(other=404, make=own_urge, body=constant(outcome="resisted")),
    "DELETE /v1/urges/{urge_id}": Row(owner=204, other=404, make=own_urge),
    "GET /v1/triggers": Row(),
    "GET /v1/insights/triggers": Row(),
    "GET /v1/insights/mood": Row(),
    "GET /v1/goal-kinds": Row(),
    "POST /v1/goals": Row(owner=201, other=201, body=constant(kind="clean_days", target=30)),
    "GET /v1/goals": Row(),
    "GET /v1/goals/{goal_id}": Row(other=404, make=own_goal),
    "PATCH /v1/goals/{goal_id}": Row(other=404, make=own_goal, body=constant(target=10)),
    "DELETE /v1/goals/{goal_id}": Row(owner=204, other=404, make=own_goal),
    "GET /v1/goals/{goal_id}/history": Row(other=404, make=own_goal),
    "GET /v1/achievements": Row(),
    "POST /v1/sos": Row(),
    "GET /v1/quizzes": Row(),
    "GET /v1/quizzes/{slug}": Row(path={"slug": "onboarding"}),
    "PUT /v1/quizzes/{slug}/answers": Row(
        path={"slug": "onboarding"}, body=constant(answers=[{"question_id": "frequency", "value": "weekly"}])
    ),
    "GET /v1/me/quiz-answers": Row(),
    # Anchor
    "POST /v1/anchor/messages": Row(owner=202, other=202, consents=_AI, body=constant(body="Good morning")),
    "GET /v1/anchor/messages": Row(),
    "GET /v1/anchor/messages/{message_id}": Row(other=404, make=answered_message, consents=_AI),
    "GET /v1/anchor/messages/{message_id}/stream": Row(other=404, make=answered_message, consents=_AI),
    "PUT /v1/anchor/messages/{message_id}/feedback": Row(
        other=404, make=answered_message, consents=_AI, body=constant(helpful=True)
    ),
    "DELETE /v1/anchor/messages": Row(owner=204, other=204, make=answered_message, consents=_AI),
    "GET /v1/anchor/memories": Row(),
    "POST /v1/anchor/memories": Row(owner=201, other=201, consents=_AI, body=constant(body="Works nights.")),
    "DELETE /v1/anchor/memories": Row(owner=204, other=204, make=own_memory, consents=_AI),
    "DELETE /v1/anchor/memories/summary": Row(owner=204, other=204, consents=_AI),
    "GET /v1/anchor/memories/{memory_id}": Row(other=404, make=own_memory, consents=_AI),
    "PATCH /v1/anchor/memories/{memory_id}": Row(
        other=404, make=own_memory, consents=_AI, body=constant(body="Works days now.")
    ),
    "DELETE /v1/anchor/memories/{memory_id}": Row(owner=204, other=404, make=own_memory, consents=_AI),
    "GET /v1/anchor/quota": Row(),
    "GET /v1/anchor/today": Row(),
    # Subscriptions; with purchases that a store has made: tests/billing
    "GET /v1/billing/products": Row(),
    "POST /v1/billing/purchases": Row(owner=202, other=202, body=purchase),
    "GET /v1/billing/purchases/{claim_id}": Row(other=404, make=own_purchase),
    "GET /v1/billing/subscription": Row(),
    "POST /v1/billing/restore": Row(owner=202, other=202, body=lambda person: {**purchase(person), "confirm": True}),
    # Community: what others wrote can be seen and liked, not changed
    "GET /v1/feed": Row(),
    "POST /v1/posts": Row(owner=201, other=403, make=may_write, consents=_RULES, body=constant(body="A quiet day")),
    "GET /v1/posts/{post_id}": Row(make=own_post, consents=_RULES),
    "PATCH /v1/posts/{post_id}": Row(other=403, make=own_post, consents=_RULES, body=constant(sensitive=True)),
    "DELETE /v1/posts/{post_id}": Row(owner=204, other=403, make=own_post, consents=_RULES),
    "PUT /v1/posts/{post_id}/like": Row(make=own_post, consents=_RULES),
    "DELETE /v1/posts/{post_id}/like": Row(make=own_post, consents=_RULES),
    "GET /v1/posts/{post_id}/comments": Row(make=own_post, consents=_RULES),
    "POST /v1/posts/{post_id}/comments": Row(
        owner=201, other=403, make=own_post, consents=_RULES, body=constant(body="Still quiet")
    ),
    "PATCH /v1/comments/{comment_id}": Row(other=403, make=own_comment, consents=_RULES, body=constant(body="Loud")),
    "DELETE /v1/comments/{comment_id}": Row(owner=204, other=403, make=own_comment, consents=_RULES),
    "PUT /v1/comments/{comment_id}/like": Row(make=own_comment, consents=_RULES),
    "DELETE /v1/comments/{comment_id}/like": Row(make=own_comment, consents=_RULES),
    "GET /v1/groups": Row(),
    "GET /v1/groups/{group_id}": Row(make=group),
    "PUT /v1/groups/{group_id}/membership": Row(make=group),
    "DELETE /v1/groups/{group_id}/membership": Row(owner=204, other=204, make=group),
    "GET /v1/groups/{group_id}/posts": Row(other=403, make=joined_group),
    "POST /v1/reports": Row(
        owner=404,
        other=404,
        body=constant(target_type="post", target_id="01990000-0000-7000-8000-000000000000", reason="spam"),
    ),
    # The talk of partners
    "GET /v1/partners/{partnership_id}/messages": Row(other=404, make=talk_of_own),
    "POST /v1/partners/{partnership_id}/messages": Row(
        owner=201, other=404, make=talk_of_own, body=constant(body="How are you?")
    ),
    "PUT /v1/partners/{partnership_id}/read": Row(other=404, make=talk_of_own, body=constant(up_to=0)),
    # Partners: nobody else knows of them. With somebody to ask: tests/partners/test_requests.py.
    "GET /v1/partners/search": Row(query={"q": "mara"}),
    "POST /v1/partners/requests": Row(
        owner=404,
        other=403,
        make=may_write,
        consents=_RULES,
        body=constant(to="0199f0c5-0000-4000-8000-000000000000"),
    ),
    "GET /v1/partners/requests": Row(make=incoming_request),
    "POST /v1/partners/requests/{request_id}/accept": Row(other=404, make=incoming_request, consents=_RULES),
    "POST /v1/partners/requests/{request_id}/decline": Row(other=404, make=incoming_request),
    "DELETE /v1/partners/requests/{request_id}": Row(owner=204, other=404, make=outgoing_request),
    "GET /v1/partners": Row(make=own_partnership),
    "GET /v1/partners/{partnership_id}": Row(other=404, make=own_partnership),
    "DELETE /v1/partners/{partnership_id}": Row(owner=204, other=404, make=own_partnership),
    # Notifications
    "GET /v1/notifications": Row(),
    "PUT /v1/notifications/{notification_id}/read": Row(other=404, make=notification),
    "POST /v1/notifications/read-all": Row(),
    "GET /v1/events": Row(endless=True),
    # Legal
    "GET /legal/{page}": Row(open=True, path={"page": "terms"}),
    # Reference and health
    "GET /openapi.json": Row(open=True),
    "GET /docs": Row(open=True),
    "GET /health/live": Row(open=True),
    "GET /health/ready": Row(open=True),
}
