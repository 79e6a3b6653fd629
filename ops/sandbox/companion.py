"""What the sandbox's model says when no reply is scripted.

It repeats what the prompt tells about the person, so that a wrong or missing context shows at a glance, and varies
with the prompt: the same prompt gives the same answer, another day's prompt another one. It avoids sentences that the
prompt already holds, as a model does that is told not to repeat itself. It never invents a number.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Sequence

import msgspec

from ops.sandbox.daily_words import angle_of, daily_note

_NOT_NOW = r"(?<!best )(?<!best_)(?<!longest )(?<!longest_)(?<!total )(?<!total_)(?<!previous )(?<!last )"
_LINK = r"(?:[\s,:=—–-]|\b(?:is|are|was|now|of|at|today|so far|currently|current|streak|days?)\b)*"


def _numbers(name: str) -> tuple[re.Pattern[str], ...]:
    """How a count of days may be written: nested JSON, a key and a value, or a phrase."""
    return tuple(
        re.compile(pattern, re.IGNORECASE)
        for pattern in (
            rf'"{name}(?:_streak)?"\s*:\s*\{{[^{{}}]*?"(?:current_days|current|days)"\s*:\s*(\d+)',
            rf'{_NOT_NOW}\b{name}(?:[_ -](?:streak|days|current))*"?\s*[:=]\s*"?(\d+)',
            rf"\b(\d+)[ -](?:days?[ -])?{name}\b(?:[ -]days?)?",
            rf"{_NOT_NOW}\b{name}\b{_LINK}(\d+)",
        )
    )


_CLEAN = _numbers("clean")
_CHECK_IN = _numbers("check[_ -]?ins?")
_MOOD = re.compile(r'\bmood"?\s*(?:[:=]|is|was|of)?\s*"?\s*(?:[1-5]\b|[a-z]{3,12})', re.IGNORECASE)
# In the data of a prompt; somebody's own words there have their quotation marks escaped.
_MOOD_FIELD = re.compile(r'"mood":([1-5])\b')
_MOOD_VALUE = re.compile(r"(?:[1-5]|[a-z]+)$", re.IGNORECASE)
_MOODS = {"1": "very low", "2": "low", "3": "in the middle", "4": "good", "5": "very good"}
_NO_MOOD = frozenset(
    ["mood", "null", "none", "and", "the", "before", "after", "unknown", "days", "has", "scale", "from"]
)
_INSTRUCTION = re.compile(
    r"\s*(?:write|compose|create|generate|summari[sz]e|extract|list|update|return|make|give|now write)\b", re.IGNORECASE
)
_SENTENCE_END = re.compile(r"[.!?\n]+")
_FENCED = re.compile(r"<data>\n(.*)\n</data>", re.DOTALL)
_NO_NUMBER = "Name no number"
_TELLS_DAYS = 0.4
# Of a prompt for a daily message; more of them mean that an earlier try was sent back.
_DAILY_TURNS = 4
_OWN_WORDS = re.compile(r"\b(?:I|my|me)\b")

_OPENINGS = (
    "It is good to hear from you.",
    "I am glad that you are here.",
    "Thank you for taking a moment with me.",
    "Hello again. Let us look at where you stand.",
    "You came back, and that already says something.",
    "Take one slow breath before you read on.",
    "Here is something to carry with you.",
    "A quiet word for you.",
    "Let us make this part of the day a little lighter.",
    "I was thinking of how you keep at this.",
    "Good to see you. No hurry here.",
    "This is a small note, meant only for you.",
)
_THOUGHTS = (
    "An urge rises, stands for a while and falls; you need not push it, only outlast it.",
    "Put some distance between you and the screen: another room, a glass of water, the open air.",
    "What you decide in the next ten breaths matters more than what you decided last year.",
    "Tiredness often speaks first and loudest, so an early night can be the braver choice.",
    "The plan that you made on a calm day is there for exactly the other kind of day.",
    "Writing one honest line about how it feels takes some of the weight out of it.",
    "Nobody builds this in one go; it is laid down in plain, unremarkable choices.",
    "Telling one person whom you trust can turn a long evening into a shorter one.",
    "Notice the hour and the place when it gets hard; the pattern is easier to change than the feeling.",
    "You are allowed to find this difficult and to be doing well at the same time.",
    "Move your body for a few minutes, however little, and look again at how strong the pull is.",
    "A setback is information about the situation, not a verdict about you.",
    "Boredom is a door too; choose beforehand what stands behind it.",
    "Be as patient with yourself as you would be with a good friend.",
    "Look for the feeling under the urge: it is usually asking for rest, company or relief.",
    "Leave the phone outside tonight and let the room be quiet.",
)
_CLOSINGS = (
    "What would make the next hour a bit easier?",
    "Which one of these would you like to try first?",
    "What has helped you before, even a little?",
    "Where will you be when the day gets hard, and what is your plan there?",
    "Tell me how it goes; I would like to know.",
    "Is there somebody you could write to today?",
    "What is one thing that you look forward to?",
    "How does that sound to you?",
    "What do you want tomorrow's you to be thankful for?",
    "Pick one small step and keep it small.",
    "I am here when you want to talk it through.",
    "What did you notice today that you would have missed before?",
)
_CLEAN_WORDS = (
    "You have {n} clean {days} behind you",
    "That makes {n} clean {days} now",
    "{n} clean {days} stand to your name",
    "I count {n} clean {days} with you",
)
_CHECK_IN_WORDS = (
    "you have checked in {n} {days} running",
    "your check-in streak is at {n} {days}",
    "there are {n} check-in {days} in a row",
    "you kept up {n} {days} of check-ins",
)


class Turn(msgspec.Struct):
    """One message of the prompt, as text."""

    role: str
    text: str


def reply(turns: Sequence[Turn]) -> str:
    """An answer to the prompt, the same for the same prompt."""
    system = "\n".join(turn.text for turn in turns if turn.role == "system")
    last = next((turn.text for turn in reversed(turns) if turn.role == "user"), "")
    everything = "\n".join(turn.text for turn in turns)
    data = _FENCED.search(system)
    known = data[1] if data else system or everything
    seed = hashlib.sha256(f"{system}\x00{last}\x00{len(turns)}".encode()).digest()
    dice = random.Random(seed)  # noqa: S311 - variety, not secrecy
    angle = angle_of(system)
    if angle is not None:
        return " ".join(
            filter(None, (daily_note(angle, known, len(turns) - _DAILY_TURNS), _clean_days(dice, system, known)))
        )
    sentences = [_echo(last) or _fresh(dice, _OPENINGS, everything), _standing(dice, known), _mood(known)]
    sentences += [_fresh(dice, _THOUGHTS, everything), _fresh(dice, _CLOSINGS, everything)]
    return " ".join(sentence for sentence in sentences if sentence)


def json_reply(turns: Sequence[Turn]) -> str:
    """An answer in JSON: what the person says about themselves as `facts`, and in short what they said as `summary`."""
    last = next((turn.text for turn in reversed(turns) if turn.role == "user"), "")
    texts = _fenced_texts(last)
    sentences = [sentence.strip(" -*:\"'") for text in texts or [last] for sentence in _SENTENCE_END.split(text)]
    own = [sentence[:200] for sentence in sentences if _OWN_WORDS.search(sentence)]
    summary = " ".join(f"{sentence[:150]}." for sentence in sentences[-6:] if sentence) if texts else reply(turns)
    return msgspec.json.encode({"facts": own[:5], "summary": summary}).decode()


def _fenced_texts(text: str) -> list[str]:
    """What somebody wrote, if it stands as JSON between <data> and </data>: every "text", and the summary so far."""
    found = _FENCED.search(text)
    if found is None:
        return []
    try:
        data = msgspec.json.decode(found[1])
    except msgspec.DecodeError:
        return []
    parts = data if isinstance(data, list) else [data]
    messages = [one for part in parts for one in (part.get("messages") or [part])]
    so_far = [part["so_far"] for part in parts if part.get("so_far")]
    return [*so_far, *(one["text"] for one in messages if one.get("text"))]


def reasoning(turns: Sequence[Turn]) -> str:
    """What the model thinks before it answers, when thinking is on."""
    return f"The prompt has {len(turns)} messages. I look for the person's numbers, then for what they asked just now."


def _fresh(dice: random.Random, pool: Sequence[str], said: str) -> str:
    return dice.choice([sentence for sentence in pool if sentence not in said] or pool)


def _echo(message: str) -> str:
    words = " ".join(message.split())
    if not words or len(words) > 2000 or _INSTRUCTION.match(words):
        return ""
    if len(words) > 70:
        words = words[:70].rpartition(" ")[0] or words[:70]
        words += "…"
    return f"You wrote: “{words}”."


def _standing(dice: random.Random, text: str) -> str:
    parts = []
    for patterns, phrases in ((_CLEAN, _CLEAN_WORDS), (_CHECK_IN, _CHECK_IN_WORDS)):
        found = next((match for pattern in patterns if (match := pattern.search(text))), None)
        if found is not None:
            number = int(found[1])
            parts.append(dice.choice(phrases).format(n=number, days="day" if number == 1 else "days"))
    sentence = " and ".join(parts)
    return f"{sentence[0].upper()}{sentence[1:]}." if sentence else ""


def _clean_days(dice: random.Random, system: str, known: str) -> str:
    """Now and then a daily message says how many clean days there are, unless its angle forbids it or there is none."""
    found = next((match for pattern in _CLEAN if (match := pattern.search(known))), None)
    if found is None or found[1] == "0" or _NO_NUMBER in system or dice.random() > _TELLS_DAYS:
        return ""
    days = "day" if found[1] == "1" else "days"
    return dice.choice(_CLEAN_WORDS).format(n=found[1], days=days) + "."


def _mood(text: str) -> str:
    noted = _MOOD_FIELD.search(text)
    if noted is not None:
        return f"Your last mood was {_MOODS[noted[1]]}."
    for found in _MOOD.finditer(text):
        value = _MOOD_VALUE.search(found.group())
        word = value.group().lower() if value else ""
        if word and word not in _NO_MOOD:
            return f"Your last mood was {_MOODS.get(word, word)}."
    return ""
