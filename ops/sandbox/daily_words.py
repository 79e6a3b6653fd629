"""Daily messages as the sandbox's model writes them: the angle's own name, and a sentence put together from parts.

Each day takes the next part of each pool. They are longer than a month, so that nothing reads like another
day of it.
"""

from __future__ import annotations

import re
import zlib
from datetime import date

_TODAY = re.compile(r'"today":\s*"(\d{4}-\d\d-\d\d)"')
_ANGLE = re.compile(r"The angle of today: ([^\n.]+)")

_WHEN = (
    "before the first cup of the day", "on your way home", "while the kettle boils", "once the dishes are done",
    "between two errands", "at the next red light", "when the street goes quiet", "after you have eaten",
    "in the first free quarter of an hour", "as soon as your coat is off", "while the bread is in the toaster",
    "when the evening starts to feel long", "just before you switch off the lamp", "during the next pause at work",
    "while you wait for somebody", "when you next pass a window", "with the radio low",
    "by the time the laundry is hung", "at the turn of the stairs", "while others look at their screens",
    "in the minute after a call", "when the shop is nearly empty", "as the tram pulls in", "with your shoes still on",
    "in the gap before supper", "while the shower runs warm", "when your name is called last",
    "at whichever hour drags", "with one lamp burning", "on the bench nearest to your door", "once the post has come",
)  # fmt: skip
_WHAT = (
    "write three words on the back of a receipt", "ring somebody who tells good stories",
    "carry one thing to its place",
    "walk to the farthest corner that you can see", "cut an apple into very small pieces",
    "say aloud what you are up to", "give the plants a drink", "sit on the floor for a song",
    "let your hands get warm under the tap", "read a single page standing up", "take the stairs without hurry",
    "sketch whatever lies on the table", "open a window and count the birds",
    "put the phone where you would have to look for it",
    "ask what you would rather be proud of tonight", "breathe out until nothing is left", "fold one shirt properly",
    "send a line that needs no reply", "stretch like a cat that has all day",
    "hum whatever comes to mind", "polish a pair of shoes", "look up one word that you never understood",
    "draw the view as a child would", "boil an egg exactly as you like it", "ask a neighbour about their week",
    "put a stone from the path into your pocket", "smell the spices one by one", "write tomorrow's list by hand",
    "pick out a shirt for the morning", "rinse a bowl until it squeaks", "leave the lift to the others",
    "learn one line of a song by heart",
)  # fmt: skip
_WHY = (
    "the rest tends to follow.", "it is harder to stay in a tangle that way.", "small things hold larger ones up.",
    "nobody will see it, and it counts.", "your head likes to be led by your feet.", "that is how evenings turn.",
    "you may be surprised how little it takes.", "tomorrow will notice.", "it leaves less room for the old song.",
    "a plain start is still a start.", "kindness works better than force.", "it is yours, whatever else happens.",
    "you have done harder things than this.", "even half of it would be fine.", "calm is made of such crumbs.",
    "there is no wrong way of doing it.", "the mind makes room when the hands are full.", "good evenings begin early.",
    "it asks for no courage at all.", "somebody may smile about it.", "nothing has to come of it.",
    "you will sleep the better for it.", "it was made for people like you.",
    "the clock goes easier on busy hands.", "most of it is showing up.", "the old pull dislikes company.",
    "one brick is already a wall's beginning.", "gentle counts double today.",
    "doubt can come along, if it carries something.",
    "the door closes softly behind it.", "a little is not the same as nothing.", "habits grow where they are watered.",
    "there is time.",
)  # fmt: skip


def angle_of(system: str) -> str | None:
    """The name of the angle that a prompt for a daily message gives; None for any other prompt."""
    found = _ANGLE.search(system)
    return found[1].strip() if found else None


def daily_note(angle: str, data: str, tries: int) -> str:
    """The message on `angle` for the day that `data` names; another one for each of `tries`."""
    today = _TODAY.search(data)
    number = date.fromisoformat(today[1]).toordinal() if today else zlib.crc32(data.encode())
    number += 7 * tries
    when, what, why = (pool[number % len(pool)] for pool in (_WHEN, _WHAT, _WHY))
    first, second = (what, when) if tries % 2 else (when, what)
    return f"{first[0].upper()}{first[1:]}, {second}: {why} {angle[0].upper()}{angle[1:]}."
