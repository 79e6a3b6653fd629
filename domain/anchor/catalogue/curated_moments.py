"""Prepared daily messages for what the data shows of just now. They hint at it and no more: whoever looks over a
shoulder learns nothing, and they hold true even if the data knows only half of it."""

from __future__ import annotations

from domain.anchor.catalogue.seed import texts

MOMENTS = (
    *texts(
        "gentle",
        {
            "still-here": "You are still here, and so is everything that you have learned. Start with a glass of water "
            "and the next kind thing.",
            "no-verdict": "A hard day is not a verdict. It is a day. This one has not been written yet, and you hold "
            "the pen.",
            "shower-and-bread": "Not the big resolution, not today. A shower, some bread, a bit of sky. The rest can "
            "wait its turn.",
            "not-back-to-start": "Whoever stumbles halfway up a hill does not find themselves at the bottom. Sit for a "
            "moment, then walk on from there.",
            "hide-less": "When everything in you wants to hide, leave the door open by a hand's breadth. A word to "
            "somebody kind would be plenty.",
        },
        when=("slip",),
        weight=2,
    ),
    *texts(
        "hopeful",
        {
            "grows-back": "Trust in yourself grows back the way grass does: nobody sees it happen, and then it is "
            "simply there.",
            "mended": "Things that were mended with care are often strongest along the seam. Be a little proud of "
            "your needlework.",
            "new-bend": "You have seen where the road gives way. That makes you the right person to walk it.",
        },
        when=("week_after", "not slip"),
    ),
    *texts(
        "glad",
        {
            "a-good-mark": "Today is a mark on your way. Stand still for a breath, turn round, and look how far that "
            "is.",
            "quiet-feast": "Something worth celebrating has come together, an hour at a time. Treat yourself to "
            "something good today.",
            "your-doing": "You have come to a special day. It was not luck: it was a great many small decisions, and "
            "all of them were yours.",
            "nobody-clapped": "There was no applause at any of those hours. So here is a little, late and meant: well "
            "done.",
            "worth-a-smile": "Allow yourself a smile at the next mirror. You know what for, and that is enough.",
            "different-now": "What do you notice lately that you would have missed before? Today is a good day to put "
            "it into words.",
        },
        when=("milestone",),
        weight=2,
    ),
    *texts(
        "soft",
        {
            "low-may-be-low": "A low day may be low. You need not paint it. Be as careful with yourself as with "
            "somebody who has a fever.",
            "least-of-all": "Today the least thing counts: a curtain opened, a cup washed, a face turned to the sun. "
            "Choose one and leave the rest.",
            "tell-one": "You could tell somebody today, in so many words, that it is not a good day. They need not fix "
            "it. It only helps to be known.",
            "blanket": "Blanket, something warm to drink, a voice that you like in the background. There are days for "
            "exactly that.",
        },
        when=("low_mood",),
        weight=2,
    ),
    *texts(
        "grounded",
        {
            "it-blew": "It blew hard, and you looked straight at it. Keep whatever held you up within reach today.",
            "clear-the-evening": "While it is quiet, take one stone out of tonight's path. You know which one.",
        },
        when=("strong_urge", "not slip_yesterday"),
    ),
    *texts(
        "welcoming",
        {
            "first-steps": "You do not need to see the whole road. A lamp that lights the next few steps takes people "
            "very far.",
            "odd-at-first": "If you sleep badly or feel thin-skinned at first, that is what beginnings are like. It "
            "settles.",
            "only-notice": "Nothing to master yet. Notice at which hour it gets hard, make a note of it, and call that "
            "a good day's work.",
        },
        when=("new", "not slip"),
    ),
    *texts(
        "easy",
        {
            "door-is-open": "The door here is always on the latch. Come in whenever you like; you need bring no "
            "explanation.",
            "postcard": "Only a postcard: wherever you are, I hope that there is a window with some light in it. No "
            "answer needed.",
            "so-so": "How is today, in a word? So-so is a perfectly good answer. You will be glad of it later, when "
            "you read back.",
            "as-you-left-it": "Everything is as you left it. Pick up whichever end you like, or none. It was good to "
            "think of you.",
        },
        when=("quiet",),
    ),
    *texts(
        "straightforward",
        {
            "nearly-a-goal": "Something that you set out to do is nearly within reach. What would today's share of it "
            "be?",
            "last-stretch": "The last stretch of a thing is seldom pretty. A small step in its direction today is all "
            "that it asks.",
        },
        when=("goal_close", "not slip_yesterday"),
    ),
    *texts(
        "considerate",
        {
            "a-date-comes": "A date that you set yourself is coming up. Do what can be done, and be fair to the person "
            "who set it in good faith.",
        },
        when=("goal_due",),
    ),
    *texts(
        "leisurely",
        {
            "one-fixed-point": "A free day likes to have one fixed point: a market, a walk, a pan of something slow. "
            "All around it may stay loose.",
            "no-plan-is-a-plan": "If the hours lie about loosely today, give the emptiest of them a job before it "
            "finds one for itself.",
        },
        when=("weekend",),
    ),
    *texts(
        "brisk",
        {
            "word-for-the-week": "Pick one word to take along through this week. Write it on your hand, or where you "
            "keep your keys.",
        },
        when=("monday",),
    ),
)
