"""A partner: found, asked, talked with live, and there on a bad evening."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from ops.demo.life import ZONE, Life
from ops.demo.telling import chapter, holds, quote, until


def find_a_partner(life: Life) -> Life:
    """Mara and Tom, who is returned. Raises StepFailed at the first step that does not hold."""
    chapter("A partner")
    tom = life.somebody_else()
    tom.sign_up(
        email="tom@example.org", password="one day after another", birth_date="1988-11-20", timezone=ZONE,
        accepted_terms=True, username="tom_walks",
    )  # fmt: skip
    tom.register_phones()
    for person, email in ((life, "mara@example.org"), (tom, "tom@example.org")):
        person.call("POST", "/v1/auth/email/verify", {"code": _code(person, email)})
        person.call("PUT", "/v1/me/consents/community_rules", {"granted": True})
    (found,) = life.call("GET", "/v1/partners/search?q=tom_w")["items"]
    asked = life.call(
        "POST", "/v1/partners/requests", {"to": found["id"], "message": "Shall we keep each other company?"}
    )
    holds("Mara finds Tom by the beginning of his name, and asks", asked["status"] == "pending", asked)
    (request,) = tom.call("GET", "/v1/partners/requests")["items"]
    alias = life.call("GET", "/v1/me")["public_name"]
    holds(f"Tom is asked by {request['author']['name']}: she is still anonymous",
          request["author"]["name"] == alias, request)  # fmt: skip
    tom.call("POST", f"/v1/partners/requests/{request['id']}/accept")
    (partner,) = life.call("GET", "/v1/partners")["items"]
    holds("he accepts, and they are partners", partner["partner"]["name"] == "tom_walks", partner)
    _talk(life, tom, partner["id"])
    _share(life, tom)
    _bad_evening(life, tom, partner["id"])
    return tom


def _code(life: Life, email: str) -> str:
    """The code in the newest mail to her or him."""

    def look() -> str | None:
        mails = [mail["body"] for mail in life.sent("smtp") if email in str(mail["body"]["to"])]
        codes = [found[0] for mail in mails if (found := re.findall(r"\b\d{6}\b", mail["text"]))]
        return codes[-1] if codes else None

    life.call("POST", "/v1/auth/email/resend")
    return until(f"a code for {email}", look)


def _talk(life: Life, tom: Life, talk: str) -> None:
    with tom.events() as events:
        holds("Tom's app listens", next(events)[0] == "hello")
        words = "Evenings are hard for me. And for you?"
        quote("Mara", words)
        life.call("POST", f"/v1/partners/{talk}/messages", {"body": words, "client_id": "demo-partner-1"})
        told = next(data for name, data in events if name == "partner.message")
    holds("it arrives live", told["message"]["body"] == words, told)
    path = f"/v1/partners/{talk}"
    holds("until he reads it, it is unread", tom.call("GET", path)["unread_count"] == 1)
    tom.call("PUT", f"{path}/read", {"up_to": told["message"]["seq"]})
    holds("then it is not", tom.call("GET", path)["unread_count"] == 0)
    quote("Tom", "Mornings. Let us trade.")
    tom.call("POST", f"{path}/messages", {"body": "Mornings. Let us trade."})


def _share(life: Life, tom: Life) -> None:
    def shown() -> Any:
        return tom.call("GET", "/v1/partners")["items"][0]["streak"]

    holds("what she has not agreed to share he does not see", shown() is None)
    life.call("PUT", "/v1/me/consents/partner_sharing", {"granted": True})
    streak = shown()
    days = life.call("GET", "/v1/streak")["clean"]["current_days"]
    holds(f"once she agrees, he sees her {days} clean days", streak["clean"]["current_days"] == days, streak)


def _bad_evening(life: Life, tom: Life, talk: str) -> None:
    answer = life.call("POST", "/v1/sos")
    holds("she presses the panic button again: one partner is told", answer["partners_told"] == 1, answer)
    for provider in ("apns", "fcm"):
        until(f"the call on Tom's phone ({provider})", partial(_called, tom, provider, talk))
    holds("his phones say that somebody needs him, and not who", True)


def _called(tom: Life, provider: str, talk: str) -> Any:
    told = [item for item in tom.call("GET", "/v1/notifications")["items"] if item["kind"] == "partner_sos"]
    return told and tom.pushes(provider, f"kuitter://partners/{talk}")
