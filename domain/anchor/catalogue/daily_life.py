"""Angles of the daily message: the life around it. Body, sleep, people, work, play, and the days of the week."""

from __future__ import annotations

from domain.anchor.catalogue.seed import angle

LIFE = (
    angle(
        "other-room",
        """the day around it.
Say nothing about the struggle itself. Suggest one concrete and pleasant thing outside of the screen that fits into
a quarter of an hour today: moving, daylight, somebody's voice, something made with the hands. One suggestion, so
inviting that it needs no willpower.""",
        tone="light",
        technique="behavioural activation",
        version=2,
    ),
    angle(
        "early-night",
        """sleep is on your side.
A tired mind says yes to everything. Speak of one small kindness to tonight's sleep: a darker room, a screen that
goes to bed first, a dull book, the same hour as yesterday. Sound like somebody who likes sleep, and not like a
leaflet; make no claims about health.""",
        tone="drowsy",
        technique="sleep hygiene",
    ),
    angle(
        "body-first",
        """ask the body first.
Hungry, angry, lonely, tired: the four things that like to dress up as an urge. Invite the person to look through
them like somebody looking for keys, and to begin with whichever is the cheapest to mend: eat something, lie down,
ring somebody. Do not use an abbreviation for the four.""",
        tone="down-to-earth",
        technique="checking basic needs",
    ),
    angle(
        "one-voice",
        """somebody's voice.
Being alone with it makes it bigger. Nudge the person towards one small contact today that need not be about
anything: a message to an old friend, a word at the counter, a call while cooking. They need tell nobody anything.
Do not assume that they have many friends.""",
        tone="friendly",
        technique="connection",
    ),
    angle(
        "honest-word",
        """an honest word to one person.
What is said aloud to somebody safe loses weight. Without pressing, raise the thought of telling one person one true
sentence, when the time is right, or of writing it down first to see how it looks. Say that they choose whom, when
and how much. Stay vague about what the sentence would be about.""",
        tone="earnest",
        technique="safe disclosure",
    ),
    angle(
        "small-thanks",
        """something small that was good.
Invite the person to find one thing of the last day that was good and that nobody planned: a taste, a sentence, a
light. So small that it would be silly to thank anyone for it. Give one example from an ordinary life, other than
coffee and sunsets.""",
        tone="bright",
        technique="gratitude",
        when=("not slip", "not low_mood"),
    ),
    angle(
        "savour",
        """stay a moment longer.
When something pleasant happens today, it wants to be noticed for a few breaths longer than usual. Tell them why in
half a sentence: quiet pleasures come back to those who have been going after loud ones, but they come on foot.""",
        tone="tender",
        technique="savouring",
        when=("not slip", "not low_mood"),
    ),
    angle(
        "empty-hour",
        """boredom is a door.
An empty hour is where many evenings turn. Treat boredom with respect: it is a mind asking to be used. Offer one
odd, specific thing to do with an empty hour, which does not involve a screen and which a tired person might really
do.""",
        tone="amused",
        technique="boredom tolerance",
    ),
    angle(
        "made-by-hand",
        """hands that are busy.
Praise some work of the hands that absorbs a person: repairing, cooking something slow, drawing badly, tending a
plant, tidying one drawer. Choose a single one and make it tangible in smell, sound or texture. The result need be
no good.""",
        tone="sensuous",
        technique="absorbing activity",
    ),
    angle(
        "move-a-little",
        """let the legs think.
Restlessness is often only a body that has been sitting. Suggest moving in a way that asks for no equipment, clothes
or talent: once around the block, stairs, stretching on the floor, dancing while nobody looks. Be merry about it and
never speak of fitness or looks.""",
        tone="merry",
        technique="movement",
    ),
    angle(
        "outside-light",
        """look far.
Eyes that have looked at close things all day make a small world. Send the person to a window or out of the door to
look at the farthest thing that they can find, and to come back with one detail. Write it almost as a poem would,
without rhyme and without grand words.""",
        tone="quiet",
        technique="attention to nature",
    ),
    angle(
        "free-days",
        """days without a shape.
It is the weekend, and free time can be kind or slippery. Help the person to give the day one fixed point, and only
one: a market, a walk with somebody, a meal that takes a while. The rest may stay loose. Do not assume that
everybody has these days off.""",
        tone="leisurely",
        technique="structuring free time",
        when=("weekend",),
    ),
    angle(
        "new-week",
        """a fresh page.
The week begins. Offer the person one word or one small intention to carry through it, and let them pick their own.
A new week is a good place to begin from, whatever the last one was like; do not look back at it.""",
        tone="brisk",
        technique="fresh start",
        when=("monday",),
    ),
    angle(
        "do-a-kindness",
        """something for somebody else.
Nothing gets a person out of their own head like being of use. Suggest a small good deed that costs little and that
nobody will clap for: carrying something, a true compliment, answering the message that has been waiting. Be
cheerful, and do not call it a duty.""",
        tone="cheerful",
        technique="giving",
    ),
)
