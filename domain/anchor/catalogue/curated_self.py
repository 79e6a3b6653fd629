"""Prepared daily messages for any day: kindness, direction, patience."""

from __future__ import annotations

from domain.anchor.catalogue.seed import texts

SELF = (
    *texts(
        "kind",
        {
            "small-and-near": "You do not have to win the whole week today. Pick the next hour, make it a decent one, "
            "and let that be enough.",
            "kind-voice": "Listen for a moment to how you talk to yourself today. Would you talk to a good friend like "
            "that? You may borrow the kinder voice.",
            "weather": "A mood is weather, and you are not the weather. Let it pass over, and do the next small thing "
            "anyway.",
            "begin-again": "Beginning again is not going back. You begin from further along, with all that you have "
            "learned.",
            "proud-quietly": "Something that you did lately took more strength than anyone could see. It counts all "
            "the same.",
            "allowed-to-be-hard": "It is allowed to be hard. You are not doing it wrong; you are doing something "
            "difficult.",
            "patience": "Trees are not ashamed of winter. Some growing happens where nobody looks, you included.",
            "apology": "If you owe yourself an apology for something, make it short and sincere today. Then have "
            "something nice for dinner.",
            "good-enough": "A day need not shine to be a good one. Kept your word once, laughed once, went to bed: "
            "that will do.",
            "no-audience": "Nobody is grading today. You can try a thing, find it awkward, and try it again with your "
            "sleeves rolled up.",
            "worth": "You were worth caring for before you achieved anything. That has not changed overnight.",
            "own-side": "Be on your own side today, as you would be at the edge of a field when somebody you love "
            "plays badly.",
        },
    ),
    *texts(
        "sincere",
        {
            "ordinary-choices": "Most of what changes a life looks like nothing: a walk, an early night, an honest "
            "word. You can do one of these today.",
            "why-at-all": "Somewhere in you there is a reason why you began. Take it out for a minute, look at it in "
            "daylight, and put it in your pocket.",
            "vote": "Whatever you do next is a small vote for somebody you are becoming. No campaign needed, one vote "
            "at a time.",
            "compass-not-map": "You may not have a map for this, but you know roughly where north is. Take one step "
            "that way today.",
            "two-minds": "Being of two minds is not weakness. Ask both what they had in mind for tomorrow morning, and "
            "listen to the better plan.",
            "promise-small": "Make yourself a promise today that is so small it is nearly silly. Then keep it. Trust "
            "is built of such bricks.",
            "question-of-the-day": "A question to carry about with you: what would you do with this evening if nothing "
            "pulled at you?",
            "later-you": "Imagine that you are older and rather content, looking back at this very week. What are you "
            "glad that you kept doing?",
            "brave-is-quiet": "Courage often looks like closing a laptop and going to brush your teeth.",
            "attention": "Attention is the most valuable thing you own, and a great many people want it for nothing. "
            "Spend some on what you love.",
            "slow-change": "You will not notice the day on which it gets easier. You will only notice, some time "
            "later, that it has.",
            "both-hands": "Hold today with both hands: one for what is hard, one for what is good. Neither has to let "
            "go.",
        },
    ),
    *texts(
        "bright",
        {
            "laugh": "When did you last laugh until it hurt a little? Think of who was there. They may have time this "
            "week.",
            "learn-something": "Learn one useless and delightful fact today, and tell it to somebody at dinner.",
            "unfinished": "There is surely something that you began and liked and left lying. It bears you no grudge. "
            "Pick it up for a song's length.",
            "taste": "Eat the next thing slowly enough to describe it to a person from another planet.",
            "look-up": "Look up today, above the shop signs and the screens. Most people never see the second floors "
            "of their own street.",
            "small-luck": "Keep an eye out for one small stroke of luck today: a green light, a warm seat, the last "
            "roll. They come to those who watch.",
        },
    ),
)
