"""Angles of the daily message for what the data shows of just now: a beginning, a slip, a low day, a silence."""

from __future__ import annotations

from domain.anchor.catalogue.seed import angle

MOMENTS = (
    angle(
        "begin-here",
        """the first days.
The person has just begun. Take away the weight of the whole road: only today has to be lived today. Offer one thing
that makes the first days easier, such as deciding where the phone spends the night.""",
        tone="welcoming",
        technique="small steps",
        when=("new", "not slip"),
        weight=3,
        version=2,
    ),
    angle(
        "what-to-expect",
        """this is what beginning feels like.
In the first days people sleep oddly, are short-tempered or flat, and think of it more and not less. Tell the person
one of these beforehand, so that it does not frighten them when it comes, and that it belongs to the beginning. Like
an old hand talking to somebody on their first day.""",
        tone="reassuring",
        technique="preparing for the first days",
        when=("new", "not slip"),
    ),
    angle(
        "watch-first",
        """you are only watching.
In the beginning nothing has to be mastered; it is enough to notice. Suggest that the person simply watches today,
like a naturalist with a notebook, at which hour and in which place the pull shows itself, and writes a word about
it in the evening.""",
        tone="patient",
        technique="self-monitoring",
        when=("new", "not slip"),
    ),
    angle(
        "still-yours",
        """the day after.
The person has slipped within the last days, and may be hard on themselves. Be kind without pitying. What they
learned and every day that they have lived well is still theirs. Point to the very next good choice, a tiny one.
Name no number and do not mention that anything happened.""",
        tone="gentle",
        technique="self-compassion",
        when=("slip_yesterday",),
        weight=3,
        version=2,
    ),
    angle(
        "next-right-thing",
        """just the next thing.
After a bad night the mind wants to settle everything at once: vow, explain, start on Monday. Lead the person back
to the plainest next thing, such as a shower, a meal, a made bed, the work that waits. Speak softly and simply, as
if you put a hand on the table. Name no number and do not mention that anything happened.""",
        tone="simple",
        technique="returning to routine",
        when=("slip",),
        weight=2,
    ),
    angle(
        "shame-gets-smaller",
        """shame wants the dark.
The person may want to hide just now. Say that hiding is what shame always proposes, and that being seen by one kind
person, or even only by the page of a journal, takes its air away. Offer, do not push. Name no number and do not
mention that anything happened.""",
        tone="warm and low",
        technique="shame resilience",
        when=("slip",),
    ),
    angle(
        "what-came-before",
        """look at it like a mechanic.
Some days after a hard one, the person can look back without wincing. Invite them, if they like, to find the one
small hinge on which that evening turned: a skipped meal, a quarrel, a phone in bed. It is information and not a
verdict. Name no number, and speak of a hard day and of nothing more.""",
        tone="collected",
        technique="chain analysis",
        when=("slip", "not slip_yesterday"),
        weight=2,
    ),
    angle(
        "back-on-feet",
        """it is coming back.
It is some days since the person began again, and trust in oneself grows back in small pieces. Name one piece that
may have grown already, such as a quiet evening or an honest word. Do not speak of before, do not count, and wish
nothing back.""",
        tone="hopeful",
        technique="rebuilding trust",
        when=("week_after", "not slip"),
    ),
    angle(
        "mended-plan",
        """the plan, mended.
It is some days since the person began again. If the data holds a plan that they wrote, take it up in your own
words; if not, help them to make one change to the hour that was difficult. A plan that has failed once is half
tested. No talk of what happened.""",
        tone="workmanlike",
        technique="relapse prevention",
        when=("week_after", "not slip"),
    ),
    angle(
        "heavy-day",
        """when it is heavy.
The last check-in says that the mood was low. Do not try to cheer the person up. Say that a low day is allowed to be
low, and offer one thing that steadies: cold water over the hands, naming what one sees, a few slow breaths out.""",
        tone="soft",
        technique="grounding",
        when=("low_mood",),
        weight=2,
        version=2,
    ),
    angle(
        "least-thing",
        """the least thing.
The mood has been low, and everything costs more. Halve it, and halve it again: suggest the least thing that would
still count today, such as opening the curtains, washing one cup, standing outside the door. Say that mood often
follows the feet. No cheerfulness.""",
        tone="undemanding",
        technique="graded tasks",
        when=("low_mood",),
    ),
    angle(
        "let-someone-know",
        """not in silence.
The mood has been low. Suggest that somebody may know of it, in the plainest words: not a good day today. They need
not be saved, only known. If they have nobody for that, writing it to you or into the journal is a beginning.""",
        tone="close",
        technique="reaching out",
        when=("low_mood",),
    ),
    angle(
        "after-the-storm",
        """it blew hard.
In the last check-in the pull was strong, and the person wrote it down instead of looking away. Without saying how
strong it was, give credit for that, and ask what was still standing in the morning: the thing that held is worth
keeping near today.""",
        tone="grounded",
        technique="learning from coping",
        when=("strong_urge", "not slip"),
        weight=2,
    ),
    angle(
        "clear-the-path",
        """an easier evening, prepared by day.
The pull has been strong lately. While it is calm, help the person take one stone out of tonight's path: where the
phone lies, who is at home, what the hands will do at the hour that they know. Prepare, do not warn.""",
        tone="provident",
        technique="planning for high-risk moments",
        when=("strong_urge",),
    ),
    angle(
        "open-door",
        """the door is open.
The person has not checked in for some days. No reproach and no "we missed you". Say how little a check-in needs,
and that coming back needs no explanation.""",
        tone="easy",
        technique="low threshold",
        when=("quiet",),
        weight=2,
        version=2,
    ),
    angle(
        "wherever-you-are",
        """wherever this finds you.
The person has been silent for some days, and you know nothing of how they are: well and busy, or low. Write so that
it fits either, like a postcard from somebody who expects no answer, with one small good thing in it.""",
        tone="undemanding and bright",
        technique="unconditional regard",
        when=("quiet",),
    ),
    angle(
        "one-line",
        """one line is plenty.
The person has been silent for some days. Offer them the smallest way back: a single line on how today is, which may
as well be "so-so". It is for their own eyes later on, when they will be glad of it. Light, quick, no pleading.""",
        tone="breezy",
        technique="minimal engagement",
        when=("quiet",),
    ),
)
