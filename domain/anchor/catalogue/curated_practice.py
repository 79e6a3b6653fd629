"""Prepared daily messages for any day: small things to do and to try."""

from __future__ import annotations

from domain.anchor.catalogue.seed import texts

PRACTICE = (
    *texts(
        "practical",
        {
            "plan-of-a-calm-hour": "Now, while it is calm, decide what you will do when it is not. One sentence is a "
            "plan.",
            "phone-sleeps": "Tonight, let your phone sleep in another room. Tomorrow's you will find the morning a "
            "little wider.",
            "charger": "Where does your charger live? Move it one door further from your bed and see what the night "
            "does with the gap.",
            "first-minute": "The first minute decides more than the hour after it. Choose beforehand where your feet "
            "will go.",
            "one-door": "A closed door asks for willpower; an open one hardly any. Which door in your home could "
            "stay open this evening?",
            "bag-packed": "Pack tomorrow's bag tonight, put out the clothes, fill the bottle. You will meet yourself "
            "in the morning like a good host.",
            "home-screen": "Look at the first page of your phone as a stranger would. Is there something on it that "
            "could move to a drawer?",
            "what-for": "Before you pick up the phone next time, say aloud what for. If there is no answer, leave it "
            "where it is.",
            "lights-on": "Some rooms are harder in the dark. Turn a lamp on early tonight and let the corners be just "
            "corners.",
            "written-beats-thought": "A thought goes round in circles; on paper it has to stop somewhere. Give it a "
            "line and see where it stops.",
            "the-usual-hour": "You know the hour. Put something in it today before it comes: a pot on the stove, a "
            "call, a pair of shoes by the door.",
            "tiny-habit": "If it feels too big, halve it. If it still feels too big, halve it again, and then do that.",
        },
    ),
    *texts(
        "calm",
        {
            "waves-end": "A strong pull feels as if it would last for ever. It never has. Stay with your breath until "
            "it turns, the way a wave turns.",
            "under-the-urge": "When the pull comes, ask it what it really wants: rest, company, relief? Often there is "
            "a shorter way to that.",
            "later-is-a-word": "You need not say never. Later is a good word too. Say it, wash a few dishes, and look "
            "again.",
            "hands-in-water": "Warm water over your hands, slowly, until you feel each finger. It is hard to be "
            "somewhere else meanwhile.",
            "long-breath": "Breathe out as if you were cooling soup. Again, a little longer. Nothing else is needed of "
            "you just now.",
            "radio": "The voice that says it makes no difference is like a radio next door. You can hear it and go on "
            "cooking.",
            "name-the-weather": "Find the exact word for how you are: frayed, flat, jumpy, wistful? A feeling with the "
            "right name pulls less hard.",
            "feet": "Put both feet on the floor and let the chair hold the rest. You have arrived in this minute; it "
            "can be managed.",
            "watch-it": "Next time, be a bird-watcher: where does it land, how big is it, when does it fly off? You "
            "are only looking.",
            "let-it-ring": "Not every call needs to be taken. Let the old habit ring for a while. It does stop.",
            "cold-glass": "A glass of cold water, standing up, at a window. By the time it is empty, the moment will "
            "be a different one.",
            "end-of-the-film": "The mind likes to show the first scene only. Let the film run on to tomorrow's "
            "breakfast, then choose.",
        },
    ),
)
