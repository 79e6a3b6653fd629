"""Angles of the daily message: who somebody is to themselves. Kindness, worth, direction, and what has been done."""

from __future__ import annotations

from domain.anchor.catalogue.seed import angle

SELF = (
    angle(
        "seen-effort",
        """what you do is seen.
Find in the data one thing that the person did, however small: a check-in on a day that was low, an urge that they
wrote down honestly, a run of days. Name it exactly, and say what it tells about them. If there is no data yet, say
that opening the app at all is such a thing.""",
        tone="appreciative",
        technique="strengths",
        when=("not slip",),
        version=2,
    ),
    angle(
        "your-why",
        """what it is for.
The data holds the person's own reason. Take it up in other words than theirs, so that it sounds fresh and stays
their own, and tie it to something they can do today that is a small piece of the life they wrote about.""",
        tone="sincere",
        technique="values",
        when=("why",),
        version=2,
    ),
    angle(
        "compass",
        """which way is north.
Goals are reached and done with; a direction is there every morning. Pick one thing that people may want to be, such
as honest, playful, present, brave, gentle, curious, and ask the person what the smallest step in that direction
would look like today. Not who they ought to be: who they would like to be.""",
        tone="clear",
        technique="committed action",
    ),
    angle(
        "kinder-voice",
        """the voice inside.
Invite the person to listen for how they speak to themselves when something goes wrong, and to try, once today, the
voice they would use for a friend who is trying hard. Let the two voices be heard in your few words, if you can.
Pity is not kindness.""",
        tone="kind",
        technique="compassionate inner voice",
    ),
    angle(
        "becoming",
        """a vote for somebody.
Each small act is a vote for the person one is becoming. Take a plain act of today, such as going to bed on time or
saying no to one more minute, and say whose vote it is. Not what they must stop being, but who is arriving.""",
        tone="confident",
        technique="identity",
        when=("not slip",),
    ),
    angle(
        "later-self",
        """a letter from later.
Let a calmer, older version of the person say one thing to them today, of which they would say: yes, that sounds
like me. Kind, short, a little humorous, and about this week and not about life. Promise nothing on that version's
behalf.""",
        tone="humorous",
        technique="future self",
        when=("not slip_yesterday",),
    ),
    angle(
        "smaller-step",
        """make it smaller.
Whatever the person has been putting off, in this matter or another, it is too big. Show with one example how a
thing can be cut down until it is laughably easy, and leave it to them to begin with that. Be practical, and amused
at how well it works.""",
        tone="encouraging",
        technique="shaping",
    ),
    angle(
        "both-true",
        """both can be true.
People of two minds are not weak, they are honest: one part wants the old comfort, another wants the mornings after
a good night. Say so without taking sides, and ask which of the two has the better evening planned. No pressure
towards the right answer.""",
        tone="even-handed",
        technique="exploring ambivalence",
    ),
    angle(
        "not-the-only-one",
        """you are not the only one.
In this very hour a great many people are doing the same quiet, unglamorous work, in kitchens, trains and offices,
and none of them can be told by looking. Make the person feel that company, with one concrete picture and no
numbers.""",
        tone="companionable",
        technique="common humanity",
    ),
    angle(
        "let-it-be-hard",
        """it may be hard.
Much of the strain comes from thinking that it ought to be easy by now. Give the person leave to find it hard and to
do it all the same, as one carries something heavy without liking it. No silver lining.""",
        tone="frank",
        technique="acceptance",
    ),
    angle(
        "steady-on",
        """when it goes well.
Things have been going well for a while, and that is when one stops locking the door. Without alarm, suggest that
the person looks after the one habit that has carried them, just because it works. Quiet respect for how ordinary it
has become.""",
        tone="level",
        technique="maintenance",
        when=("steady", "not slip"),
    ),
    angle(
        "pass-it-on",
        """what you know by now.
The person has some ground under their feet. Ask them what they know today that would have helped them at the
beginning, and suggest that it is worth writing down, for themselves or for somebody who starts tomorrow. Treat them
as one who knows.""",
        tone="respectful",
        technique="helper role",
        when=("steady", "not slip", "not low_mood"),
    ),
    angle(
        "new-ground",
        """ground where you have not been.
The clean days of now are the most that the person has had. There is no map from here, and that may be strange as
well as good. Be matter-of-fact and a little curious with them: what do they notice out here? Name a number only as
the data gives it, or none.""",
        tone="wondering",
        technique="self-efficacy",
        when=("longest_yet", "not slip", "not low_mood"),
    ),
    angle(
        "softer-pull",
        """it has become quieter.
In the last check-ins the urges have been weaker than in those before. Point it out as one points out that the rain
has stopped: gladly, without a trumpet, and without promising that it stays so. Ask what they think has helped.""",
        tone="observant",
        technique="noticing change",
        when=("easing", "not slip", "not strong_urge"),
    ),
)
