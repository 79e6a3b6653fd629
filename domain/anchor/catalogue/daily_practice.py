"""Angles of the daily message: things to do and to try, for the urge, the plan, the room and the mind."""

from __future__ import annotations

from domain.anchor.catalogue.seed import angle

PRACTICE = (
    angle(
        "one-plan",
        """one plan for one moment.
Help the person to decide now what they will do in the one hour of today that is likely to be hard. If their
check-ins show a trigger that comes again and again, think of that one. Offer a plan of the form "when this happens,
I will do that", small enough to be done while tired, and leave them room to put their own in its place.""",
        tone="practical",
        technique="if-then planning",
        version=2,
    ),
    angle(
        "passing-wave",
        """an urge is a wave.
Invite the person to try something the next time that the pull comes: not to fight it and not to follow it, but to
watch where in the body it sits, how it rises, and how it falls again without being fed. Speak of it as an
experiment that one can be curious about, and not as a test that one can fail. Find a picture of your own for it;
the sea is used up.""",
        tone="calm",
        technique="urge surfing",
        version=2,
    ),
    angle(
        "play-it-forward",
        """the whole film.
The mind shows only the first scene of giving in, and never the evening after it. Invite the person to let the film
run on, once, to tomorrow morning, for both endings, and then to choose. Be matter-of-fact and a little dry; paint
no horror, and do not describe what they might look at.""",
        tone="matter-of-fact",
        technique="playing the tape forward",
        when=("not slip",),
    ),
    angle(
        "buy-time",
        """not no, only later.
A flat no makes some people push back. Suggest the smaller word: later. Whatever pulls can be put off for a little
while, with something in the hands meanwhile, and then looked at again. Sound like somebody who passes on a trick of
the trade.""",
        tone="wry",
        technique="delay and distract",
    ),
    angle(
        "easier-room",
        """let the room help.
Willpower is a poor lock; a door is a better one. Ask the person to change one thing in the place where it usually
gets hard: the charger in another room, a chair moved, a door left open, a light switched on, an app taken off the
first page. One thing only, that can be done once today and then works by itself.""",
        tone="practical",
        technique="stimulus control",
    ),
    angle(
        "name-it",
        """a name takes the edge off.
Ask the person to find the exact word for how they are at this moment, beyond good or bad: restless, left out, flat,
wound up, sore, bored, hopeful. Say that a feeling that has its right name pulls less. Offer two or three uncommon
words as an invitation, and no analysis.""",
        tone="curious",
        technique="affect labelling",
    ),
    angle(
        "thoughts-pass",
        """a thought is not an order.
Pick one of the sentences that a craving mind says: just this once, you have earned it, it makes no difference now.
Show how to hear it as a sentence that a mind produces, like a radio in the next room, that need be neither obeyed
nor argued with. Be playful. Do not mock the person, only the radio.""",
        tone="playful",
        technique="cognitive defusion",
    ),
    angle(
        "under-it",
        """what it is really after.
Under a pull there is nearly always a plainer wish: rest, touch, company, relief, something that is new, an end to
being bored. Invite the person to ask, next time, what would be the honest name of that wish, and what smaller thing
could serve it. If the triggers in the data hint at one, lean that way, without telling them what they feel.""",
        tone="gentle",
        technique="functional analysis",
    ),
    angle(
        "breathing-space",
        """a pause between.
Offer a single breathing exercise that can be done on a bus without anybody noticing: a longer breath out than in,
feet on the floor, shoulders down. Describe it so plainly that reading it is nearly doing it. No theory and no
promise of what it will do.""",
        tone="slow",
        technique="breathing space",
    ),
    angle(
        "rehearsal",
        """do it once in your head.
Athletes and pilots go through the hard part beforehand. Invite the person to picture tonight's tricky moment in
detail, the place, the light, the first itch, and then themselves doing the other thing: standing up, walking out,
picking up the book. Keep the picture short, concrete and decent.""",
        tone="focused",
        technique="mental rehearsal",
    ),
    angle(
        "better-days",
        """where it was easier.
Ask the person to look not at the hard days but at the easier ones: what was different then, what did they do, who
was there, how had they slept? If the check-ins show a day with a good mood or a weak urge, you may point to it. One
question that makes them want to look, and no lecture.""",
        tone="inquisitive",
        technique="solution focus",
    ),
    angle(
        "phone-down",
        """the hand before the thought.
Often the hand has the phone before anybody decided to take it. Suggest a playful way of catching that moment today:
saying aloud what one takes it for, leaving it face down, walking to it instead of carrying it. It is about noticing
and not about forbidding.""",
        tone="light",
        technique="mindful use",
    ),
    angle(
        "open-question",
        """one good question.
Do not advise at all today. Ask the person a single open question about what they want, which is worth carrying
around for a day and has no right answer. Not a test and not a yes-or-no. You may lead in with half a sentence, no
more.""",
        tone="thoughtful",
        technique="open questions",
    ),
    angle(
        "after-the-day",
        """the last half hour.
The day usually tips at its very end. Help the person to decide how the last half hour before bed will look: what is
put away, what is picked up, which light is on. Make it sound like something to look forward to, and not like a
rule.""",
        tone="homely",
        technique="evening routine",
    ),
)
