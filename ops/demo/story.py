"""The story itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ops.demo.friend import find_a_partner
from ops.demo.life import ZONE, Life
from ops.demo.messages import look_at_messages
from ops.demo.month import DAYS, SLIP_DAY, goals, live_through, set_goals
from ops.demo.purchases import buy_subscriptions
from ops.demo.telling import chapter, holds, quote, spell, tell


def play(life: Life) -> None:
    """A month in Mara's life. Raises StepFailed at the first step that does not hold."""
    # Whatever the hour is now: no day ends while it is told, and the first one's message is not on its way.
    life.sleep_until_tomorrow(18)
    _sign_up(life)
    _quiz(life)
    _first_day(life)
    _talk(life)
    chapter(f"{DAYS} days")
    live_through(life)
    look_at_messages(life, DAYS - 1)
    tom = find_a_partner(life)
    buy_subscriptions(life, tom)
    _look_back(life)


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


def _quiz(life: Life) -> None:
    chapter("Getting to know her")
    home = life.call("GET", "/v1/me/dashboard")
    (waiting,) = home["quizzes_waiting"]
    quiz = life.call("GET", f"/v1/quizzes/{waiting['slug']}")
    holds(f"a quiz waits for her: {quiz['title']}, {len(quiz['questions'])} questions", not waiting["started"], quiz)
    said = [{"question_id": each["id"], "value": _first_answer(each)} for each in quiz["questions"]]
    path = f"/v1/quizzes/{waiting['slug']}/answers"
    half = life.call("PUT", path, {"answers": said[: len(said) // 2]})
    holds("half of it is saved when the phone rings", half["state"] == "started", half["state"])
    done = life.call("PUT", path, {"answers": said[len(said) // 2 :]})
    holds("later she answers the rest", done["state"] == "completed", done["state"])
    holds("nothing waits any more", life.call("GET", "/v1/me/dashboard")["quizzes_waiting"] == [])


def _first_answer(question: dict[str, Any]) -> Any:
    if question["kind"] in ("choice", "choices"):
        value = question["options"][0]["value"]
        return value if question["kind"] == "choice" else [value]
    return "I want to sleep again." if question["kind"] == "text" else question["smallest"]


def _first_day(life: Life) -> None:
    chapter("The first day")
    set_goals(life)
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


def _look_back(life: Life) -> None:
    chapter("Looking back")
    streak = life.call("GET", "/v1/streak")
    clean = streak["clean"]
    holds(f"{clean['current_days']} clean days since the slip, {clean['total_clean_days']} in sum",
          (clean["current_days"], clean["total_clean_days"]) == (DAYS - SLIP_DAY, DAYS - 1), streak)  # fmt: skip
    holds(f"her best is still {clean['best_days']}", clean["best_days"] == SLIP_DAY - 1, streak)
    for provider in ("apns", "fcm"):
        items = life.pushes(provider, "kuitter://anchor")
        ids = [_identity(provider, item) for item in items]
        holds(f"{provider}: {len(items)} daily messages, each shown once", len(set(ids)) == DAYS - 1, len(set(ids)))
    private = [item for item in life.sent("deepseek") if "mara@example.org" in str(item["body"])]
    holds("her e-mail address never reached the model", not private)
    home = life.call("GET", "/v1/me/dashboard")
    holds("the home screen knows it all in one answer", home["streak"] == streak, home)
    now = goals(life)
    same = [goal for goal in home["goals"] if goal == now[goal["kind"]]]
    holds("its goals are those of the list, as of now", same == home["goals"] and len(same) >= 2, home["goals"])
    completed = [goal["title"] for goal in now.values() if goal["status"] == "completed"]
    holds(f"goals reached: {', '.join(completed)}", len(completed) == 3, now)
    insights = life.call("GET", "/v1/insights/triggers?days=30")
    holds("what brings her urges on is counted", bool(insights), insights)
    since = life.today() - timedelta(days=DAYS + 5)
    days = life.call("GET", f"/v1/check-ins?from={since}&to={life.today()}&limit=100")["items"]
    holds(f"{len(days)} check-ins are in her calendar", len(days) == DAYS - 1, len(days))


def _identity(provider: str, item: dict[str, Any]) -> str:
    """What makes a repeat of a push invisible on the phone."""
    if provider == "apns":
        return str(item["headers"]["apns-collapse-id"])
    return str(item["body"]["message"]["android"]["collapse_key"])
