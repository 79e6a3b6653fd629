"""What helps while an urge is strong: steps written by people, for any habit. The app shows them one by one.

After urge surfing and relapse prevention (Marlatt and Gordon, 1985), delay and distraction, stimulus control (change
the room), paced breathing and grounding by the senses.
"""

from __future__ import annotations

import msgspec


class Step(msgspec.Struct, frozen=True):
    """`seconds` is how long the app may count along, null where there is nothing to count."""

    title: str
    text: str
    seconds: int | None


STEPS = [
    Step(
        "You did well to press this",
        "Nothing has to be decided now. An urge is a wave: it rises, it peaks, and it goes down by itself, mostly "
        "within minutes. All you have to do is to stay with these steps.",
        None,
    ),
    Step(
        "Leave the place",
        "Stand up and go to another room, or outside, to where other people are if you can. Leave the phone's other "
        "apps, the computer, whatever is tied to the urge, behind you. A different place is a different situation.",
        60,
    ),
    Step(
        "Breathe in a square",
        "Breathe in while you count to four. Hold for four. Breathe out for four. Hold for four. Go round eight times; "
        "your body will follow your breath.",
        128,
    ),
    Step(
        "Ride the wave",
        "Look for where you feel the urge: the chest, the hands, the stomach. Watch it as if from the shore. Is it "
        "growing, staying, fading? You need neither fight it nor obey it. Let it move through.",
        180,
    ),
    Step(
        "Come back to where you are",
        "Name five things that you see, four that you can touch, three that you hear, two that you smell, one that you "
        "taste. Slowly. This is now, and now you are all right.",
        90,
    ),
    Step(
        "Only ten minutes",
        "You do not have to promise anything for ever. Put it off for ten minutes and give your hands something to do: "
        "cold water over the wrists, dishes, push-ups, a walk around the block. Then look again.",
        600,
    ),
    Step(
        "Reach out",
        "Write or call one person, even if only to say hello. You need not explain. If it is more than an urge, if you "
        "are thinking of hurting yourself, call one of the numbers here: somebody answers.",
        None,
    ),
    Step(
        "Afterwards",
        "When the wave is through, write down what brought it and what carried you. It will be shorter next time, and "
        "if it was too strong today, you begin again from further along.",
        None,
    ),
]
