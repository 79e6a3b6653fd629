"""Angles of the daily message for days that are marks on the way, and for goals near their end.

The marks of the first two weeks lie close together, and each angle rests for 14 days: so there are several of them.
"""

from __future__ import annotations

from domain.anchor.catalogue.seed import angle

MARKS = (
    angle(
        "milestone",
        """a mark on the way.
The clean days of the person, as the data gives them, have reached a mark today. Be glad with them, in earnest and
without exaggeration, and ask them to notice one thing that is different now from how it was before.""",
        tone="glad",
        technique="celebration",
        when=("milestone",),
        version=2,
    ),
    angle(
        "look-how-far",
        """a look back from here.
The clean days have reached a mark today. Invite the person to turn round for a moment, as one does on a hill, and
look at one particular evening on the way that might have gone otherwise and did not. You may name the number as the
data gives it. No talk of what lies ahead.""",
        tone="reflective",
        technique="reviewing progress",
        when=("milestone",),
    ),
    angle(
        "who-helped",
        """it took more than will.
The clean days have reached a mark today. Ask what or who had a part in it: a friend, a walk, a habit, a decision
about a door. Let them see that they chose those helpers. Proud of them, in a low voice.""",
        tone="proud",
        technique="attributing success",
        when=("milestone",),
    ),
    angle(
        "mark-it",
        """let it be a small feast.
The clean days have reached a mark today. Suggest that it deserves a private celebration that suits a grown-up: a
good meal, an hour for nothing, a thing long wanted and modest. Something that nourishes, whatever it is. Festive in
a small way.""",
        tone="festive",
        technique="self-reward",
        when=("milestone",),
    ),
    angle(
        "plain-strength",
        """nobody saw it.
The clean days have reached a mark today, made of hours that no one applauded. Say what such hours are made of,
soberly and well, as one craftsman to another. End there; ask nothing and propose nothing.""",
        tone="sober",
        technique="acknowledgement",
        when=("milestone",),
    ),
    angle(
        "tell-someone",
        """worth sharing, if you like.
The clean days have reached a mark today. Ask whether there is somebody who would be glad to hear it, even without
knowing what exactly it was about: I have kept a promise to myself. If they would sooner keep it to themselves, that
is as good.""",
        tone="inviting",
        technique="sharing success",
        when=("milestone",),
    ),
    angle(
        "goal-day",
        """a goal's last stretch.
One of the person's goals in the data is due today or tomorrow and not reached. If a small step would still bring it
there, name the goal and the step. If it is out of reach, say plainly that what was done stays done and that a date
can be moved. Never a reproach.""",
        tone="straightforward",
        technique="goal setting",
        when=("goal_due",),
        weight=2,
    ),
    angle(
        "goal-meaning",
        """what the goal was for.
One of the person's goals in the data is due today or tomorrow and not reached. Leave the counting alone, and ask
what they had hoped to have by it: rest, pride, proof? Something of that can be had today, whether or not it is
ticked off.""",
        tone="considerate",
        technique="goals and values",
        when=("goal_due",),
    ),
    angle(
        "nearly-there",
        """the last part.
One of the person's goals in the data is most of the way done. Name it, and make its end feel near enough to touch:
what would today's piece of it be? Keep to the data's own figures or use none. Spirited, without pushing.""",
        tone="spirited",
        technique="goal gradient",
        when=("goal_close", "not slip_yesterday"),
    ),
    angle(
        "what-carried-you",
        """how you did this.
One of the person's goals in the data is most of the way done. Ask them how they have come so far with it, for the
same way of going about things will serve them elsewhere. Interested, like somebody who wants to learn it from them.""",
        tone="interested",
        technique="eliciting strengths",
        when=("goal_close", "not slip_yesterday"),
    ),
)
