"""The sandbox's daily messages: about the angle, short, and no two of a month alike."""

from datetime import date, timedelta

from domain.anchor.similarity import alike, too_like
from ops.sandbox.companion import Turn, reply

ANGLES = [
    "an open door",
    "when it rains",
    "bread has to rise",
    "letters never sent",
    "the next stair",
    "look at it like a thief",
]


def prompt(day: int, angle: str, *, rule: str = "") -> list[Turn]:
    today = date(2026, 11, 23) + timedelta(days=day)
    data = f'{{"check_in":{{"current_days":3}},"clean":{{"current_days":{day}}},"today":"{today}"}}'
    return [
        Turn("system", "You are Anchor."),
        Turn("system", f"The angle of today: {angle}.\nSay something. {rule}"),
        Turn("system", f"<data>\n{data}\n</data>"),
        Turn("user", "Write the message for today."),
    ]


def test_a_month_of_messages_reads_differently_each_day() -> None:
    notes = [reply(prompt(day, ANGLES[day % len(ANGLES)])) for day in range(30)]
    assert alike(notes) == []
    assert all(len(note) <= 220 for note in notes)
    assert all(ANGLES[day % len(ANGLES)][1:] in note for day, note in enumerate(notes))
    assert any(f"{day} clean days" in note for day, note in enumerate(notes))


def test_a_second_try_says_something_else() -> None:
    first = reply(prompt(4, ANGLES[0]))
    assert reply(prompt(4, ANGLES[0])) == first
    again = reply([*prompt(4, ANGLES[0]), Turn("assistant", first), Turn("user", "Once more.")])
    assert not too_like(again, [first])


def test_no_number_where_none_is_wanted() -> None:
    assert not any("clean day" in reply(prompt(day, ANGLES[0], rule="Name no number.")) for day in range(30))


def test_an_answer_in_a_talk_stays_what_it_was() -> None:
    turns = [Turn("system", 'How to talk: warmly. {"clean":{"current_days":5}}'), Turn("user", "Hello there")]
    assert "Hello there" in reply(turns)
