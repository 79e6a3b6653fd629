"""Daily messages written by people, sent as they stand: without the consent nothing of a person leaves the system, and
when the model is away somebody may be waiting. They hold no number and nothing that could be untrue of anyone."""

from __future__ import annotations

from domain.anchor.catalogue import Seed

_TEXTS = {
    "small-and-near": (
        "You do not have to win the whole week today. Pick the next hour, make it a decent one, and let that be enough."
    ),
    "waves-end": (
        "A strong pull feels as if it would last for ever. It never has. Stay with your breath until it turns, "
        "the way a wave turns."
    ),
    "phone-sleeps": (
        "Tonight, let your phone sleep in another room. Tomorrow's you will find the morning a little wider."
    ),
    "kind-voice": (
        "Listen for a moment to how you talk to yourself today. Would you talk to a good friend like that? You "
        "may borrow the kinder voice."
    ),
    "ordinary-choices": (
        "Most of what changes a life looks like nothing: a walk, an early night, an honest word. You can do one "
        "of these today."
    ),
    "somebody": (
        "Think of one person whose voice does you good. A short message is enough: you need not explain anything."
    ),
    "under-the-urge": (
        "When the pull comes, ask it what it really wants: rest, company, relief? Often there is a shorter way to that."
    ),
    "weather": (
        "A mood is weather, and you are not the weather. Let it pass over, and do the next small thing anyway."
    ),
    "begin-again": ("Beginning again is not going back. You begin from further along, with all that you have learned."),
    "hands": ("Give your hands something to do today: cook, fix, draw, plant. They are good at leading the mind home."),
    "plan-of-a-calm-hour": ("Now, while it is calm, decide what you will do when it is not. One sentence is a plan."),
    "proud-quietly": (
        "Something that you did lately took more strength than anyone could see. It counts all the same."
    ),
    "outside": ("A few minutes of daylight, wherever you are. Look at something far away and let your shoulders drop."),
    "not-alone": (
        "Right now many people are on the same road, each on their own stretch of it. You are not walking alone."
    ),
}

CURATED = tuple(
    Seed(slug=f"curated-{name}", kind="curated", tone="warm", technique="prepared text", body=text)
    for name, text in _TEXTS.items()
)
