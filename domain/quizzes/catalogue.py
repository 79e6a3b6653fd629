"""The quizzes as they are delivered. `kuitter seed` writes them to the tables.

Whatever changes here, a comma included, gets the quiz a higher version: people have answered the old one as it stands.
Values of options and ids of questions are for machines and keep their meaning over all versions.
The words fit any habit, blame nobody, and can be read by somebody of thirteen, or over somebody's shoulder.
"""

from __future__ import annotations

import msgspec

from domain.quizzes.questions import Kind

Options = tuple[tuple[str, str], ...]


class QuestionSeed(msgspec.Struct, frozen=True, kw_only=True):
    """One question; `options` are pairs of value and label."""

    id: str
    kind: Kind
    prompt: str
    hint: str | None = None
    required: bool = False
    options: Options = ()
    smallest: int | None = None
    largest: int | None = None


class QuizSeed(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a quiz, with its questions in their order."""

    slug: str
    version: int
    title: str
    intro: str
    questions: tuple[QuestionSeed, ...]


_TRIGGERS: Options = (
    ("boredom", "Boredom"),
    ("stress", "Stress"),
    ("loneliness", "Loneliness"),
    ("tiredness", "Tiredness"),
    ("anxiety", "Worry or anxiety"),
    ("sadness", "Sadness"),
    ("anger", "Anger or frustration"),
    ("conflict", "An argument"),
    ("rejection", "Feeling rejected"),
    ("shame", "Shame"),
    ("being_alone", "Being alone at home"),
    ("phone_in_bed", "My phone in bed"),
    ("social_media", "Scrolling on social media"),
    ("alcohol", "Alcohol"),
    ("celebration", "Celebrating, or a good mood"),
    ("habit", "Nothing special, it just happens"),
    ("other", "Something else"),
)

_HELPERS: Options = (
    ("exercise", "Moving my body"),
    ("going_outside", "Going outside"),
    ("talking", "Talking to somebody"),
    ("keeping_busy", "Keeping busy"),
    ("breathing", "Breathing or meditating"),
    ("writing", "Writing things down"),
    ("prayer", "Prayer or faith"),
    ("blockers", "Blocking apps and websites"),
    ("leaving_the_room", "Leaving the room"),
    ("sleep", "Going to bed on time"),
    ("therapy", "Therapy or counselling"),
    ("group", "A group"),
    ("nothing_yet", "Nothing so far"),
    ("other", "Something else"),
)

ONBOARDING = QuizSeed(
    slug="onboarding",
    version=1,
    title="Getting to know you",
    intro=(
        "A few questions about where you stand and where you want to go. There are no wrong answers, you can leave "
        "out most of them and change all of them later. Nobody else who uses the app can see what you answer."
    ),
    questions=(
        QuestionSeed(
            id="habit",
            kind="choice",
            prompt="What would you like to leave behind?",
            hint="If there are several things, pick the one that matters most to you now.",
            required=True,
            options=(
                ("adult_content", "Adult content"),
                ("social_media", "Social media"),
                ("gaming", "Gaming"),
                ("gambling", "Gambling"),
                ("shopping", "Shopping"),
                ("eating", "A way of eating"),
                ("alcohol", "Alcohol"),
                ("nicotine", "Smoking or vaping"),
                ("cannabis", "Cannabis"),
                ("other_substances", "Other substances"),
                ("other", "Something else"),
                ("not_said", "I would rather not say"),
            ),
        ),
        QuestionSeed(
            id="since",
            kind="choice",
            prompt="How long has it been a part of your life?",
            options=(
                ("under_a_year", "Less than a year"),
                ("one_to_three_years", "One to three years"),
                ("three_to_ten_years", "Three to ten years"),
                ("over_ten_years", "More than ten years"),
                ("not_sure", "I am not sure"),
            ),
        ),
        QuestionSeed(
            id="frequency",
            kind="choice",
            prompt="How often has it come up lately?",
            hint="Think of an ordinary week.",
            required=True,
            options=(
                ("several_times_a_day", "Several times a day"),
                ("daily", "About once a day"),
                ("several_times_a_week", "Several times a week"),
                ("weekly", "About once a week"),
                ("less_often", "Less often"),
                ("already_stopped", "I have already stopped"),
            ),
        ),
        QuestionSeed(
            id="impact",
            kind="scale",
            prompt="How much does it get in the way of the life that you want?",
            hint="1 is hardly, 10 is very much.",
            smallest=1,
            largest=10,
        ),
        QuestionSeed(
            id="triggers",
            kind="choices",
            prompt="What tends to come just before an urge?",
            hint="Pick all that you recognise.",
            required=True,
            options=_TRIGGERS,
        ),
        QuestionSeed(
            id="hardest_time",
            kind="choice",
            prompt="When is it hardest?",
            options=(
                ("morning", "In the morning"),
                ("daytime", "During the day"),
                ("evening", "In the evening"),
                ("night", "Late at night"),
                ("weekend", "At the weekend"),
                ("no_pattern", "There is no pattern"),
            ),
        ),
        QuestionSeed(
            id="motives",
            kind="choices",
            prompt="What do you hope to gain?",
            hint="Pick all that matter to you.",
            required=True,
            options=(
                ("health", "Better health"),
                ("energy", "More energy"),
                ("focus", "A clearer head"),
                ("mood", "A lighter mood"),
                ("sleep", "Better sleep"),
                ("self_respect", "Self-respect"),
                ("relationship", "A closer relationship"),
                ("family", "Being there for my family"),
                ("work", "School, studies or work"),
                ("time", "More time"),
                ("money", "More money"),
                ("faith", "Living by my faith"),
                ("freedom", "Feeling free"),
                ("other", "Something else"),
            ),
        ),
        QuestionSeed(
            id="why_now",
            kind="text",
            prompt="In your own words: why now?",
            hint="One sentence is plenty. You may be glad to read it on a hard day.",
        ),
        QuestionSeed(
            id="earlier_attempts",
            kind="choice",
            prompt="Have you tried to change this before?",
            hint="Every attempt has taught you something.",
            required=True,
            options=(
                ("first_time", "This is the first time"),
                ("once_or_twice", "Once or twice"),
                ("several_times", "Several times"),
                ("many_times", "More often than I can count"),
            ),
        ),
        QuestionSeed(
            id="longest_days",
            kind="number",
            prompt="What is the longest that you have gone without it, in days?",
            hint="A rough guess will do, and 0 is a fine answer.",
            smallest=0,
            largest=36500,
        ),
        QuestionSeed(
            id="helped_before",
            kind="choices",
            prompt="What has helped you before, even a little?",
            options=_HELPERS,
        ),
        QuestionSeed(
            id="goal",
            kind="choice",
            prompt="What would you like to reach?",
            required=True,
            options=(
                ("stop", "To stop for good"),
                ("long_break", "To take a long break"),
                ("cut_down", "To cut down"),
                ("understand", "To understand it better first"),
                ("not_sure", "I am still finding out"),
            ),
        ),
        QuestionSeed(
            id="confidence",
            kind="scale",
            prompt="How confident are you that you can get there?",
            hint="1 is not at all, 10 is completely. It may change from day to day.",
            smallest=1,
            largest=10,
        ),
        QuestionSeed(
            id="support",
            kind="choice",
            prompt="Is there somebody at home or close to you who stands by you in this?",
            options=(
                ("knows_and_helps", "Yes, somebody knows and helps"),
                ("knows", "Somebody knows, but we hardly talk about it"),
                ("would_help", "Not yet, but there is somebody I could tell"),
                ("nobody", "Nobody at the moment"),
                ("alone_by_choice", "I would rather do this on my own"),
            ),
        ),
        QuestionSeed(
            id="best_time",
            kind="choice",
            prompt="When in the day would a few quiet minutes suit you best?",
            options=(
                ("morning", "In the morning"),
                ("midday", "Around midday"),
                ("afternoon", "In the afternoon"),
                ("evening", "In the evening"),
                ("night", "Before I sleep"),
                ("varies", "It varies"),
            ),
        ),
    ),
)

WEEKLY_REVIEW = QuizSeed(
    slug="weekly-review",
    version=1,
    title="Your week",
    intro=(
        "Two minutes to look back at the last seven days, whatever they were like, and to choose one thing for the "
        "next. You can do this as often as you like."
    ),
    questions=(
        QuestionSeed(
            id="week",
            kind="scale",
            prompt="How was your week, all in all?",
            hint="1 is very hard, 5 is very good.",
            required=True,
            smallest=1,
            largest=5,
        ),
        QuestionSeed(
            id="hard_moments",
            kind="choices",
            prompt="What was there in the hard moments?",
            hint="Leave this out if there were none.",
            options=_TRIGGERS,
        ),
        QuestionSeed(
            id="helped",
            kind="choices",
            prompt="What helped you this week?",
            options=_HELPERS,
        ),
        QuestionSeed(
            id="good_moment",
            kind="text",
            prompt="What are you glad about, however small?",
        ),
        QuestionSeed(
            id="confidence",
            kind="scale",
            prompt="How confident do you feel about the coming week?",
            hint="1 is not at all, 10 is completely.",
            smallest=1,
            largest=10,
        ),
        QuestionSeed(
            id="next_step",
            kind="choice",
            prompt="What would you like to give a little more room next week?",
            required=True,
            options=(
                ("rest", "Rest and sleep"),
                ("movement", "Moving my body"),
                ("people", "Time with people"),
                ("quiet", "Quiet moments"),
                ("something_i_enjoy", "Something that I enjoy"),
                ("a_plan", "A plan for hard moments"),
                ("keep_going", "Just keep going"),
            ),
        ),
    ),
)

QUIZZES = (ONBOARDING, WEEKLY_REVIEW)
