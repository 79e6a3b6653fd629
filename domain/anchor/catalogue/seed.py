"""One entry of the catalogue, as it is delivered."""

from __future__ import annotations

import msgspec

# Stands before the name of a situation in which a prompt is out of place.
NOT = "not "

# What every daily message keeps to, whatever its angle; added when an angle is read, so that nobody who writes a new
# angle can forget it.
_DAILY_FORM = """

The form: write the daily message that Anchor sends on its own. One to three sentences, at most 220 characters, plain
text without a greeting by name, without emojis, hashtags, lists or quotation marks. It stands on a phone's screen among
other messages, so somebody looking over a shoulder must not learn what it is about: no word for pornography, sex,
addiction or relapse. A number or a date only if the data holds it just so, and only if it does somebody good."""


class Seed(msgspec.Struct, frozen=True, kw_only=True):
    """One prompt. `conditions` are names of situation.py that must all hold, or must not, with "not " before the name;
    the heavier of two that fit alike comes more often. A text that changes gets a higher version."""

    slug: str
    version: int = 1
    kind: str
    tone: str
    technique: str
    conditions: tuple[str, ...] = ()
    weight: int = 1
    body: str


def form_of(kind: str) -> str:
    """What is added to each body of `kind` when the model is told it."""
    return _DAILY_FORM if kind == "daily" else ""


def angle(
    slug: str, body: str, *, tone: str, technique: str, when: tuple[str, ...] = (), weight: int = 1, version: int = 1
) -> Seed:
    """A seed of what a daily message may be about. `body` begins with the name of the angle."""
    return Seed(
        slug=f"daily-{slug}", version=version, kind="daily", tone=tone, technique=technique, conditions=when,
        weight=weight, body=f"The angle of today: {body}",
    )  # fmt: skip


def texts(tone: str, bodies: dict[str, str], when: tuple[str, ...] = (), weight: int = 1) -> tuple[Seed, ...]:
    """Seeds of prepared texts, by name, which are sent as they stand: true of anyone, and without any number."""
    return tuple(
        Seed(
            slug=f"curated-{name}", kind="curated", tone=tone, technique="prepared text", conditions=when,
            weight=weight, body=body,
        )
        for name, body in bodies.items()
    )  # fmt: skip
