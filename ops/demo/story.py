"""The story itself."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from ops.demo.life import ZONE, Life
from ops.demo.telling import chapter, holds, quote, spell, tell, until

DAYS = 30
_MISSED_DAY = 12


def play(life: Life) -> None:
    """A month in Mara's life. Raises StepFailed at the first step that does not hold."""
    _sign_up(life)
    _first_day(life)
    _talk(life)
    bodies = _month(life)
    _look_back(life, bodies)


def _sign_up(life: Life) -> None:
    chapter("Mara signs up")
    user = life.sign_up(
        email="mara@example.org", password="a long way to walk", birth_date="1993-04-02", timezone=ZONE,
        accepted_terms=True,
    )  # fmt: skip
    tell(f"She gives no name, so others know her as {user['public_name']}.")
    holds("she is anonymous", user["visibility"] == "anonymous", user)
    life.register_phones()
    life.call("PATCH", "/v1/me", {"why": "I want my evenings back."})
    holds("an iPhone and an Android phone are hers", True)


def _first_day(life: Life) -> None:
    chapter("The first day")
    body = {"mood": 3, "urge_level": 6, "triggers": ["boredom"], "note": "First day. Nervous."}
    answer = life.call("PUT", f"/v1/check-ins/{life.today()}", body)
    holds("her first check-in counts", answer["streak"]["check_in"]["current_days"] == 1, answer["streak"])
    streak = life.call("GET", "/v1/streak")
    holds("clean days begin at 0 and have begun today", streak["clean"]["started_on"] == str(life.today()), streak)


def _talk(life: Life) -> None:
    chapter("A talk with Anchor")
    before = len(life.sent("deepseek"))
    refused = life.try_to("POST", "/v1/anchor/messages", {"body": "Hello?"})
    holds("without her consent Anchor says so and sends nothing",
          refused.status_code == 403 and refused.json()["code"] == "consent_required"
          and len(life.sent("deepseek")) == before, refused.text)  # fmt: skip
    life.call("PUT", "/v1/me/consents/third_party_ai", {"granted": True})
    question = "The evenings are the hardest. What could I do tonight?"
    quote("Mara", question)
    asked = life.call("POST", "/v1/anchor/messages", {"body": question, "client_id": "demo-1"})
    holds("the answer is a job for a worker: 202 and pending", asked["reply"]["status"] == "pending", asked["reply"])
    spell("    Anchor: ")
    streamed, pieces, finished = "", 0, None
    for event, data in life.listen(asked["reply"]["id"]):
        if event == "token":
            spell(data["text"])
            streamed, pieces = streamed + data["text"], pieces + 1
        elif event == "reset":
            streamed = ""
        else:
            finished = event, data
            break
    spell("\n")
    holds(
        f"it streamed in, in {pieces} pieces", finished is not None and finished[0] == "done" and pieces > 1, finished
    )
    saved = life.call("GET", f"/v1/anchor/messages/{asked['reply']['id']}")
    holds("what streamed is what was saved", saved["body"] == streamed, saved["body"])
    quota = life.call("GET", "/v1/anchor/quota")
    day = quota["day"]
    holds(f"one of her {day['limit']} free replies of the day is used", day["used"] == 1, quota)
    again = life.call("POST", "/v1/anchor/messages", {"body": question, "client_id": "demo-1"})
    holds("a retry by the phone is the same message", again["message"]["id"] == asked["message"]["id"])


def _month(life: Life) -> list[str]:
    chapter(f"{DAYS} days")
    bodies: list[str] = []
    seen = {"apns": 0, "fcm": 0}
    for number in range(2, DAYS + 1):
        life.sleep_until_tomorrow(18)
        arrived = {}
        for provider in ("apns", "fcm"):
            items = until(
                f"day {number}: the daily message on {provider}", partial(life.sent, provider, seen[provider])
            )
            seen[provider] = items[-1]["seq"]
            arrived[provider] = items
        if number == _MISSED_DAY:
            tell(f"day {number:2}  she does not check in")
            continue
        # A little life: moods come and go, urges wane.
        body = {"mood": 2 + number % 4, "urge_level": max(0, 7 - number // 5 + number % 3), "triggers": []}
        answer = life.call("PUT", f"/v1/check-ins/{life.today()}", body)
        streak = answer["streak"]
        if number in (2, 3, 8, _MISSED_DAY + 1, 21, DAYS):
            message = life.call("GET", "/v1/anchor/today")["message"]
            bodies.append(message["body"])
            tell(f"day {number:2}  clean {streak['clean']['current_days']}, check-ins in a row "
                 f"{streak['check_in']['current_days']}, freezes {streak['check_in']['freezes_left']}")  # fmt: skip
            quote("on the lock screen", _alert(arrived["apns"][-1]))
            quote("Anchor", message["body"])
        if number == _MISSED_DAY + 1:
            holds("the missed day was covered by a freeze that seven check-ins had earned",
                  streak["check_in"]["current_days"] == number - 1, streak)  # fmt: skip
    return bodies


def _alert(item: dict[str, Any]) -> str:
    alert = item["body"]["aps"]["alert"]
    return f"{alert['title']} · {alert['body']}"


def _look_back(life: Life, bodies: list[str]) -> None:
    chapter("Looking back")
    streak = life.call("GET", "/v1/streak")
    holds(f"{streak['clean']['current_days']} clean days", streak["clean"]["current_days"] >= DAYS - 1, streak)
    holds("her best is what she has now", streak["clean"]["best_days"] == streak["clean"]["current_days"], streak)
    for provider in ("apns", "fcm"):
        items = life.sent(provider)
        ids = [_identity(provider, item) for item in items]
        holds(f"{provider}: {len(items)} daily messages, each shown once", len(set(ids)) == DAYS - 1, len(set(ids)))
    holds("no two of the messages that were looked at read alike", len(set(bodies)) == len(bodies), bodies)
    prompts = {item["body"]["messages"][1]["content"] for item in life.sent("deepseek")}
    holds(f"{len(prompts)} different prompts were in use", len(prompts) >= 2)
    private = [item for item in life.sent("deepseek") if "mara@example.org" in str(item["body"])]
    holds("her e-mail address never reached the model", not private)
    home = life.call("GET", "/v1/me/dashboard")
    holds("the home screen knows it all in one answer", home["streak"] == streak, home)
    since = life.today() - timedelta(days=DAYS + 5)
    days = life.call("GET", f"/v1/check-ins?from={since}&to={life.today()}&limit=100")["items"]
    holds(f"{len(days)} check-ins are in her calendar", len(days) == DAYS - 1, len(days))


def _identity(provider: str, item: dict[str, Any]) -> str:
    """What makes a repeat of a push invisible on the phone."""
    if provider == "apns":
        return str(item["headers"]["apns-collapse-id"])
    return str(item["body"]["message"]["android"]["collapse_key"])
