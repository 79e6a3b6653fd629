"""Prepared daily messages for any day: body, sleep, people, work and play."""

from __future__ import annotations

from domain.anchor.catalogue.seed import texts

LIFE = (
    *texts(
        "light",
        {
            "hands": "Give your hands something to do today: cook, fix, draw, plant. They are good at leading the mind "
            "home.",
            "outside": "A few minutes of daylight, wherever you are. Look at something far away and let your shoulders "
            "drop.",
            "round-the-block": "Once around the block, without earphones. Bring back a detail that nobody else "
            "noticed today.",
            "boredom-knocks": "If boredom knocks today, let it in and give it a task. It peels potatoes surprisingly "
            "well.",
            "bad-drawing": "Draw the thing in front of you, badly and with care. Nobody will see it, and your eyes "
            "will have had a holiday.",
            "one-drawer": "Tidy a single drawer today. Not the cupboard, not the room. There is a peculiar peace in "
            "one good drawer.",
            "old-song": "Put on a song that you loved at school and do nothing else until it is over. Dancing is "
            "permitted.",
            "slow-food": "Make something today that takes its time: a soup, a dough, a proper pot of tea. Waiting can "
            "taste good.",
            "other-way-home": "Take another way home, if you can. A changed street makes for a changed evening more "
            "often than one thinks.",
            "plant": "Water something, even if it is only yourself. Then see what else around you could do with a "
            "little care.",
            "paper-book": "Find a book with pages and give it the time of a cup of tea. You may stop after that. You "
            "may also not.",
            "good-deed": "Do something kind today that nobody will find out about. It is oddly warming to have a "
            "secret like that.",
        },
    ),
    *texts(
        "homely",
        {
            "early-night": "An early night is no defeat. Tired people say yes to everything; rested ones get to "
            "choose.",
            "eat-first": "Have you eaten something decent? Many a hard evening was really a skipped lunch.",
            "last-half-hour": "Think of the last half hour before bed as a small room. What would you like to stand "
            "in it?",
            "shoulders": "Your shoulders may come down now. Your jaw as well. There, that was work that nobody paid "
            "you for.",
            "rest-is-allowed": "You are allowed to rest before you are worn out. Find a quarter of an hour today that "
            "belongs to nobody.",
            "curtains": "Open a window for as long as it takes to think of somebody you like. Fresh air does the rest.",
            "clean-sheets": "Clean sheets, a dark room, a dull book: some of the best company for the end of a day.",
            "morning-slow": "Leave the phone alone until you have looked out of the window and had something warm. The "
            "world will keep.",
        },
    ),
    *texts(
        "friendly",
        {
            "somebody": "Think of one person whose voice does you good. A short message is enough: you need not "
            "explain anything.",
            "not-alone": "Right now many people are on the same road, each on their own stretch of it. You are not "
            "walking alone.",
            "call-while-cooking": "Ring somebody while you cook. It need not be about anything. Half of friendship is "
            "the sound of a spoon in a pot.",
            "small-talk": "A few words with whoever sells you your bread count as company. Try it today; they may need "
            "it too.",
            "true-compliment": "Tell somebody today what you like about the way they do a thing. Be exact. It will do "
            "both of you good.",
            "ask-them": "Ask somebody how they are, and then wait longer than usual for the answer. That is a present.",
            "sit-with-others": "If the evening feels long, spend part of it where other people are: a library, a "
            "bench, a café. Nobody need know why.",
            "honest-sentence": "There may be one honest sentence waiting for the right person. No hurry. You could "
            "write it down first, only to see it.",
        },
    ),
)
