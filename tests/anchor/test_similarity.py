"""Texts that a reader would call the same, and texts that only speak of the same thing."""

import time

import pytest

from domain.anchor.similarity import alike, likeness, too_like

ALIKE = [
    ("Put the phone in the kitchen tonight.", "Put the phone in the kitchen tonight!"),
    # Only the number has changed.
    ("You have 12 clean days behind you, and each was yours.",
     "You have 13 clean days behind you, and each was yours."),
    # A word or two have changed.
    ("When the pull comes tonight, stand up and put the kettle on.",
     "When the pull comes this evening, stand up and put the kettle on."),
    # The halves have changed places.
    ("Breathe out slowly. Then put the phone in the other room and open a window.",
     "Put the phone in the other room and open a window. Then breathe out slowly."),
    # The old text stands within a longer one.
    ("Most of what changes a life looks like nothing at all.",
     "Good morning. Most of what changes a life looks like nothing at all. What small thing could you do before noon?"),
    # Accents, case and signs.
    ("Un pas après l'autre, et une tasse de thé.", "UN PAS APRES L'AUTRE ET UNE TASSE DE THE"),
    # The same beginning, day after day.
    ("I was thinking of how you keep going. The library closes late tonight.",
     "I was thinking of how you keep going. Soup tastes better when somebody stirs it."),
    # The same frame with little in it.
    ("One small thing for today: ring somebody whose voice you like.", "One small thing for today: an early night."),
    ("Heute Abend schläft das Handy in der Küche, und du schläfst besser.",
     "Heute Abend schläft das Handy im Flur, und du schläfst besser."),
    ("今晚把手机放在厨房里，早点休息。", "今晚把手机放在客厅里，早点休息。"),
]  # fmt: skip

UNLIKE = [
    # The same advice, in other words.
    ("Put the phone in the kitchen tonight.", "Tonight, let your phone sleep in another room."),
    ("When the pull comes, watch it rise and fall like a wave.",
     "The next time it tugs at you, be a bird-watcher: where does it land, how big is it, when does it fly off?"),
    # A common turn of phrase, other content.
    ("One small thing for today: ring somebody whose voice you like, about nothing at all.",
     "If today has room for one small thing, let it be an early night."),
    ("You have 12 clean days behind you. What has become easier?",
     "12 days ago you chose this, and you keep choosing it in the small hours."),
    ("Name three things that you can see.", "Name the feeling as exactly as you can."),
    ("Geh heute einmal um den Block, ohne Handy.", "Ruf heute jemanden an, dessen Stimme du magst."),
    ("今晚把手机放在厨房里。", "给一位老朋友打个电话吧。"),
    ("Yes.", "No."),
]  # fmt: skip


@pytest.mark.parametrize(("one", "two"), ALIKE)
def test_alike(one: str, two: str) -> None:
    assert too_like(one, [two])
    assert too_like(two, ["Something else altogether.", one])
    assert likeness(one, two) == likeness(two, one)


@pytest.mark.parametrize(("one", "two"), UNLIKE)
def test_unlike(one: str, two: str) -> None:
    assert not too_like(one, [two])
    assert not too_like(two, [one])


def test_the_two_sorts_lie_apart() -> None:
    lowest = min(likeness(*pair) for pair in ALIKE)
    highest = max(likeness(*pair) for pair in UNLIKE)
    print(f"\nalike from {lowest:.2f}, unlike up to {highest:.2f}")
    assert highest < 0.4 < 0.5 <= lowest


def test_nothing_is_like_nothing() -> None:
    assert not too_like("A word.", [])
    assert not too_like("A word.", ["", "…", "\u200b"])
    assert not too_like("", ["A word."])
    assert likeness("A word.", "a WORD") == 1.0


def test_all_pairs_of_many() -> None:
    assert alike(["One thing.", "Quite another.", "One thing!"]) == [("One thing.", "One thing!")]
    assert alike([]) == []


def test_a_text_that_is_far_too_long_takes_no_time() -> None:
    began = time.perf_counter()
    too_like("word " * 20_000, ["other words " * 20_000, "x" * 100_000])
    assert time.perf_counter() - began < 2
