"""The days of the story: urges that pass, a slip and what comes after it, goals that move."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from ops.demo.life import Life
from ops.demo.telling import holds, quote, tell, until

DAYS = 30
MISSED_DAY = 12
SLIP_DAY = 20
CHECK_INS_WANTED = 20
_ACHIEVEMENT_DAY, _SOS_DAY, _MISTAKE_DAY, _LAST_PAGE_DAY = 8, 10, 16, 17
_URGES = {4: "a walk around the block", 6: "cold water over the wrists", 9: "wrote to a friend", 25: "went to bed"}
_PAGES = {
    3: "Three days. The evenings are long.",
    SLIP_DAY - 9: "I told a friend. It was easier than I thought.",
    _LAST_PAGE_DAY: "I read a whole book this week.",
    SLIP_DAY + 2: "It was the phone in bed again. Now it sleeps in the kitchen.",
}


def set_goals(life: Life) -> None:
    """What she wants to reach."""
    for goal in (
        {"kind": "check_ins", "target": CHECK_INS_WANTED},
        {"kind": "clean_days", "target": 25},
        {"kind": "journal_entries", "target": 3, "title": "Three pages"},
        {"kind": "urges_resisted", "target": len(_URGES)},
    ):
        made = life.call("POST", "/v1/goals", goal)
        holds(f"a goal: {made['title']}, {made['target']} {made['unit']}", made["progress"] == 0, made)


def goals(life: Life) -> dict[str, dict[str, Any]]:
    """Her goals as they are now, by kind."""
    return {goal["kind"]: goal for goal in life.call("GET", "/v1/goals")["items"]}


def live_through(life: Life) -> None:
    """Day after day to the thirtieth."""
    check_ins = 1
    for number in range(2, DAYS + 1):
        life.sleep_until_tomorrow(18)
        for provider in ("apns", "fcm"):
            until(f"day {number}: the daily message on {provider}", partial(_arrived, life, provider, number - 1))
        _what_happens(life, number)
        if number == MISSED_DAY:
            tell(f"day {number:2}  she does not check in")
            continue
        # A little life: moods come and go, urges wane.
        body = {"mood": 2 + number % 4, "urge_level": max(0, 7 - number // 5 + number % 3), "triggers": []}
        streak = life.call("PUT", f"/v1/check-ins/{life.today()}", body)["streak"]
        check_ins += 1
        if number in (2, 3, 8, MISSED_DAY + 1, SLIP_DAY + 1, DAYS):
            note = life.call("GET", "/v1/anchor/today")["message"]["body"]
            _tell_of_the_day(life, number, streak, note)
            wanted = min(100, 100 * check_ins // CHECK_INS_WANTED)
            holds(f"the goal of check-ins is at {wanted} %", goals(life)["check_ins"]["progress"] == wanted)
            if number == SLIP_DAY + 1:
                holds("Anchor's note of the next day speaks of no days that are over",
                      f"{SLIP_DAY} clean" not in note and f"{SLIP_DAY - 1} clean" not in note, note)  # fmt: skip
        if number == MISSED_DAY + 1:
            holds("the missed day was covered by a freeze that seven check-ins had earned",
                  streak["check_in"]["current_days"] == number - 1, streak)  # fmt: skip
            home = life.call("GET", "/v1/me/dashboard")
            missed = str(life.today() - timedelta(days=1))
            holds("the home screen shows that day as covered", home["last_seven_days"]["freeze_days"] == [missed], home)


def _arrived(life: Life, provider: str, number: int) -> bool:
    return len(life.pushes(provider, "kuitter://anchor")) >= number


def _tell_of_the_day(life: Life, number: int, streak: dict[str, Any], body: str) -> None:
    tell(f"day {number:2}  clean {streak['clean']['current_days']}, check-ins in a row "
         f"{streak['check_in']['current_days']}, freezes {streak['check_in']['freezes_left']}")  # fmt: skip
    alert = life.pushes("apns", "kuitter://anchor")[-1]["body"]["aps"]["alert"]
    quote("on the lock screen", f"{alert['title']} · {alert['body']}")
    quote("Anchor", body)


def _what_happens(life: Life, number: int) -> None:
    if number in _URGES:
        _urge(life, number)
    if number in _PAGES:
        life.call("POST", "/v1/journal", {"body": _PAGES[number]})
        tell(f"day {number:2}  a page in her journal: {_PAGES[number]}")
    if number == _ACHIEVEMENT_DAY:
        _achievement(life)
    if number == _SOS_DAY:
        _sos(life)
    if number == _MISTAKE_DAY:
        _mistake(life)
    if number == _LAST_PAGE_DAY:
        _goal_reached(life)
    if number == SLIP_DAY:
        _slip(life)


def _urge(life: Life, number: int) -> None:
    urge = life.call("POST", "/v1/urges", {"intensity": 8 - number // 6, "outcome": "ongoing", "triggers": ["boredom"]})
    change = {"outcome": "resisted", "coping": _URGES[number]}
    passed = life.call("PATCH", f"/v1/urges/{urge['id']}", change)
    holds(f"day {number:2}  an urge comes, and passes: {_URGES[number]}", passed["outcome"] == "resisted", passed)


def _achievement(life: Life) -> None:
    items = life.call("GET", "/v1/achievements")["items"]
    week = next(item for item in items if item["metric"] == "best_clean_days" and item["level"] == 7)
    holds(f"seven clean days are an achievement: {week['title']}", week["earned_at"] is not None, week)
    for provider in ("apns", "fcm"):
        until(f"the achievement on {provider}", partial(life.pushes, provider, "kuitter://achievements"))
    told = [item for item in life.call("GET", "/v1/notifications?limit=100")["items"] if item["kind"] == "achievement"]
    holds("it came as a push, and stands in her inbox",
          len({item["id"] for item in told}) == len(told) > 0, told)  # fmt: skip


def _sos(life: Life) -> None:
    tell(f"day {_SOS_DAY:2}  a bad evening: she presses the panic button")
    answer = life.call("POST", "/v1/sos")
    for step in answer["steps"][:3]:
        quote(step["title"], step["text"])
    helped = [_URGES[number] for number in sorted(_URGES, reverse=True) if number < _SOS_DAY]
    holds("it shows what helped her before, and what it is all for",
          (answer["helped_before"], answer["why"]) == (helped, "I want my evenings back."), answer)  # fmt: skip
    line = answer["resources"][0]
    holds(f"somebody answers where she lives: {line['name']}, {line['phone']}", line["country"] == "DE", line)
    holds("nobody was told, for she has no partner yet", answer["partners_told"] == 0)


def _mistake(life: Life) -> None:
    before = life.call("GET", "/v1/streak")
    slip = life.call("POST", "/v1/slips", {})
    holds(f"day {_MISTAKE_DAY:2}  a slip, pressed by mistake: the clean days are at 0",
          slip["streak"]["clean"]["current_days"] == 0, slip["streak"])  # fmt: skip
    life.call("DELETE", f"/v1/slips/{slip['id']}")
    after = life.call("GET", "/v1/streak")
    holds(f"she undoes it, and all {after['clean']['current_days']} are back exactly", after == before, after)


def _goal_reached(life: Life) -> None:
    goal = goals(life)["journal_entries"]
    for provider in ("apns", "fcm"):
        until(f"the goal on {provider}", partial(life.pushes, provider, f"kuitter://goals/{goal['id']}"))
    holds(f"a goal is reached, and her phones say so: {goal['title']}",
          (goal["progress"], goal["status"]) == (100, "completed"), goal)  # fmt: skip


def _slip(life: Life) -> None:
    before, clean_days = life.call("GET", "/v1/streak"), goals(life)["clean_days"]
    told = life.call("POST", "/v1/slips", {
        "triggers": ["tired"], "feeling": "sad, and tired",
        "reflection": "I took the phone to bed 'for the alarm'.", "plan": "Buy an alarm clock.",
    })  # fmt: skip
    clean = told["streak"]["clean"]
    holds(f"day {SLIP_DAY}  a slip. A new attempt begins today, at 0",
          (clean["current_days"], clean["attempts"]) == (0, 2), clean)  # fmt: skip
    holds(f"her best {clean['best_days']} days and all {clean['total_clean_days']} in sum stay hers",
          clean["best_days"] == clean["total_clean_days"] == before["clean"]["current_days"] == SLIP_DAY - 1,
          clean)  # fmt: skip
    holds("her check-ins in a row go on: the two are never mixed",
          told["streak"]["check_in"] == before["check_in"], told["streak"])  # fmt: skip
    now = goals(life)["clean_days"]
    holds(f"the goal of clean days falls from {clean_days['progress']} % to {now['progress']} %",
          (clean_days["progress"], now["progress"]) == (100 * (SLIP_DAY - 1) // 25, 0), now)  # fmt: skip
    earned = [item for item in life.call("GET", "/v1/achievements")["items"] if item["earned_at"]]
    holds(f"none of her {len(earned)} achievements is taken from her",
          any(item["metric"] == "best_clean_days" and item["level"] == 14 for item in earned), earned)  # fmt: skip
