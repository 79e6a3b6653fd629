"""What a model may not say as Anchor: how much of it is found, and what becomes of an answer that says it."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.anchor.core import CORE
from domain.anchor.notice_words import AGAIN, BEGIN, INSTEAD
from domain.anchor.output import Gate, objection_to
from domain.anchor.output_patterns import de, en, es, fr, pt
from domain.kit.database import execute
from domain.safety.plain import plain
from domain.safety.support_words import WORDS
from ops.sandbox import companion
from tests.anchor.conftest import ask, charges, run_job, text_of, window
from tests.safety.conftest import hits

GOOD = "I am glad that you wrote to me tonight. What happened before?"
BAD = "I am glad that you wrote to me tonight. You are pathetic. Try harder, and tell me about it tomorrow."


def lines() -> Iterator[tuple[str, str | None, str]]:
    """Language, the kind of objection, text."""
    for line in (Path(__file__).parent / "output.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            language, kind, text = line.split(" ", 2)
            yield language, None if kind == "-" else kind, text


ALL = list(lines())


def test_the_labelled_set(capsys) -> None:
    """Prints what is found and what is refused wrongly. First sight's figures stand in docs/safety.md."""
    assert len(ALL) >= 250
    assert len({text for _, _, text in ALL}) == len(ALL)
    seen = Counter((language, kind is not None, objection_to(text) is not None) for language, kind, text in ALL)
    wrong = []
    with capsys.disabled():
        print()
        for language in sorted({language for language, _, _ in ALL}):
            found, missed = seen[language, True, True], seen[language, True, False]
            false, passed = seen[language, False, True], seen[language, False, False]
            recall, alarms = found / (found + missed), false / (false + passed)
            print(f"  {language:6} found {recall:.3f} of {found + missed:3}  false {alarms:.3f} of {false + passed:3}")
            if recall < 0.95 or alarms > 0.02:
                wrong.append(language)
    assert wrong == []


def test_the_kind_is_named_rightly() -> None:
    wrong = [text for _, kind, text in ALL if kind is not None and objection_to(text) != kind]
    assert len(wrong) <= 3, wrong


def test_what_people_wrote_as_anchors_words_passes() -> None:
    own = [*BEGIN.values(), *AGAIN.values(), *INSTEAD.values(), *WORDS.values()]
    sandbox = [*companion._OPENINGS, *companion._THOUGHTS, *companion._CLOSINGS]
    assert [text for text in (*own, *sandbox) if objection_to(text)] == []


@pytest.mark.parametrize("words", [BEGIN, AGAIN, INSTEAD])
def test_they_are_there_in_every_language(words: dict[str, str]) -> None:
    assert set(words) == set(WORDS)


def test_reciting_the_core_is_a_leak() -> None:
    for start in range(0, 1500, 100):
        assert objection_to(CORE[start : start + 300]) is not None, CORE[start : start + 300]


@pytest.mark.parametrize("module", [en, es, fr, de, pt], ids=lambda module: module.__name__.rsplit(".")[-1])
def test_the_lists_are_written_as_they_should_be(module) -> None:
    assert set(module.SAID) == {"sexual", "self_harm", "shaming", "claim", "promise", "leak"}
    for line in [*(line for said in module.SAID.values() for line in said), *module.SURE, *module.EXCUSED]:
        assert line == plain(line) == " ".join(line.split()), line
        assert set(line) <= set("abcdefghijklmnopqrstuvwxyz0123456789 |?*.#"), line
        # One that may end early would find, or excuse, its beginning alone.
        assert not line.endswith(("?", "..")), line
        assert all("?" not in item[:-1] for item in line.split()), line
    for line in module.EXCUSED:
        assert sum(not item.endswith("?") and item != ".." for item in line.split()) >= 2, line


TALK = st.lists(st.sampled_from([text for _, _, text in ALL] + ["\n", "Hm", "e.g. 3.5 km", "…"]), max_size=6)


@settings(max_examples=150, deadline=None)
@given(TALK, st.lists(st.integers(1, 12), min_size=1, max_size=8))
def test_however_it_comes_it_is_judged_alike_and_nothing_is_lost(sentences: list[str], sizes: list[int]) -> None:
    text, gate, shown, at = " ".join(sentences), Gate(), "", 0
    while at < len(text) and gate.objection is None:
        piece = text[at : at + sizes[at % len(sizes)]]
        at += len(piece)
        shown += gate.put(piece)
        assert text.startswith(shown)
    shown += gate.end()
    assert gate.objection == objection_to(text)
    if gate.objection is None:
        assert shown == text
    else:
        assert objection_to(shown) is None


def test_harmless_words_are_shown_at_once() -> None:
    gate = Gate()
    assert [gate.put(piece) for piece in ("I", " am", " glad", " you", " wrote")] == [
        "I",
        " am",
        " glad",
        " you",
        " wrote",
    ]


def test_what_may_yet_be_excused_waits_for_the_end_of_its_sentence() -> None:
    gate = Gate()
    shown = [gate.put(piece) for piece in ("I", " speak as", " a therapist", " would", ".", " So")]
    assert shown == ["I", " speak as", "", "", "", " a therapist would. So"]


def test_time_is_linear_and_small() -> None:
    words = GOOD + " You are not weak, and nothing of this is shameful. "

    def seconds(times: int) -> float:
        began = time.process_time()
        assert objection_to(words * times) is None
        return time.process_time() - began

    seconds(1)
    once, four = (min(seconds(times) for _ in range(5)) for times in (20, 80))
    assert four < 7 * once + 0.002
    for hostile in ("you are ", "www.a.b", '"', "as your ", "1 2 3 4 5 6 7 8 ", "not not "):
        assert objection_to(hostile * 500) in (None, "link", "claim", "shaming", "leak")


async def test_an_answer_that_may_not_be_given_is_taken_back(talker, provider, listen) -> None:
    await provider.says(BAD)
    asked = await ask(talker, "I slipped.")
    async with listen(talker, asked["reply"]["id"]) as stream:
        assert await run_job("anchor.reply") == "done"
        events = await stream.all()
    shown = "".join(data["text"] for name, data, _ in events if name == "token")
    assert "pathetic" not in shown
    assert [name for name, _, _ in events].count("reset") == 1
    assert text_of(events) == INSTEAD["en"]
    name, message, _ = events[-1]
    assert (name, message["status"], message["kind"], message["body"]) == ("done", "done", "chat", INSTEAD["en"])
    assert await hits() == {"anchor_output": 1}
    # It is an answer, and paid: what was asked, and what came before it was cut off.
    (charge,) = await charges(talker)
    assert (charge["state"], charge["counted"]) == ("settled", True)
    assert charge["input_miss"] > 500
    assert 0 < charge["output"] < 100
    assert (await window(talker))["replies"] == 1
    # The next question is answered in the light of the words that were shown.
    await ask(talker, "What now?")
    await run_job("anchor.reply")
    sent = json.dumps((await provider.requests())[-1]["body"]["messages"])
    assert "pathetic" not in sent
    assert INSTEAD["en"][:40] in sent


async def test_at_the_very_end_too(talker, provider) -> None:
    await provider.says("I am here. You are pathetic")
    asked = await ask(talker)
    assert await run_job("anchor.reply") == "done"
    shown = await talker.ok("GET", f"/v1/anchor/messages/{asked['reply']['id']}")
    assert (shown["status"], shown["body"]) == ("done", INSTEAD["en"])


@pytest.mark.parametrize("locale", ["es-MX", "de", "ja-JP"])
async def test_the_words_are_in_the_persons_language(talker, provider, locale: str) -> None:
    await execute("UPDATE users SET locale = $1", locale)
    await provider.says("Here is an erotic story about her.")
    asked = await ask(talker)
    await run_job("anchor.reply")
    shown = await talker.ok("GET", f"/v1/anchor/messages/{asked['reply']['id']}")
    assert shown["body"] == INSTEAD.get(locale[:2], INSTEAD["en"])


async def test_a_good_answer_is_counted_nowhere(talker, provider) -> None:
    await provider.says(GOOD)
    asked = await ask(talker)
    await run_job("anchor.reply")
    shown = await talker.ok("GET", f"/v1/anchor/messages/{asked['reply']['id']}")
    assert shown["body"] == GOOD
    assert await hits() == {}
