"""Going through somebody's talk and journal for what is worth remembering: one small call to the model after the other,
each written down by itself, so that nothing is lost or paid twice when it stops in between."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from domain.anchor.again import TryAgain
from domain.anchor.memories import due
from domain.anchor.memories.asking import NotNow, ask, writing_down
from domain.anchor.memories.extraction import Unreadable, entry_prompt, facts_in, talk_prompt
from domain.anchor.memories.keeping import keep_from_entry, keep_from_talk, keep_summary, note_misread
from domain.anchor.memories.material import State, new_in_journal, new_in_talk, out_of_sight, state_of
from domain.anchor.memories.summary import summary_in, summary_prompt
from domain.anchor.tokens import Message, ready
from domain.kit.database import transaction
from domain.kit.log import log

_STEPS_A_RUN = 12
_TRIES = 2
# After a failure of the provider's, and of ours.
_PROVIDER_PAUSE = timedelta(minutes=10)
_PAUSE = timedelta(hours=1)

T = TypeVar("T")


async def remember_all(user_ids: Sequence[UUID]) -> None:
    """Go through what is new with each of some people, all at once. One person's failure is theirs alone: they are due
    again after a while."""
    for user_id, result in zip(
        user_ids, await asyncio.gather(*map(remember, user_ids), return_exceptions=True), strict=True
    ):
        if isinstance(result, TryAgain):
            await due.put_off(user_id, max(_PROVIDER_PAUSE, timedelta(seconds=result.retry_after or 0)))
        elif isinstance(result, Exception):
            log().error("anchor.memory_failed", error=result)
            await due.put_off(user_id, _PAUSE)
        elif isinstance(result, BaseException):
            raise result


async def remember(user_id: UUID) -> None:
    """Go through what is new with one person. Without the consent, or with nothing new, nothing happens.

    Raises TryAgain when the provider fails for a while. Without money it comes back by itself, silently.
    """
    await ready()
    unreadable = 0
    for _ in range(_STEPS_A_RUN):
        # Before a second try too: the first took its time, and what it was about may have been taken back.
        state = await state_of(user_id)
        if state is None:
            return
        go_on = state.held.misread > 0 and unreadable == _TRIES - 1
        try:
            if not (await _read_talk(state, go_on) or await _read_entry(state, go_on) or await _sum_up(state, go_on)):
                return
            unreadable = 0
        except NotNow as not_now:
            await due.put_off(user_id, not_now.pause)
            return
        except Unreadable:
            unreadable += 1
            if unreadable == _TRIES:
                # Until there is something new; what was learned so far is written down.
                await note_misread(user_id)
                log().warning("anchor.memory_unreadable")
                return
    await due.put_off(user_id, timedelta())


async def _read_talk(state: State, go_on: bool) -> bool:
    """Facts from the next messages. False if there are none. `go_on`: see `_learn`."""
    messages = await new_in_talk(state)
    if messages is None:
        return False

    async def keep(facts: Sequence[str] | None) -> bool:
        return await keep_from_talk(state.user_id, state.held, messages.up_to, facts or ())

    prompt = None if messages.are_few_words else talk_prompt(messages.written)
    await _learn(state, prompt, facts_in, keep, go_on)
    return True


async def _read_entry(state: State, go_on: bool) -> bool:
    """Facts from the next journal entry, which the model sees alone. False if there is none that it may see."""
    unread = await new_in_journal(state)
    if unread is None:
        return False

    async def keep(facts: Sequence[str] | None) -> bool:
        return await keep_from_entry(state.user_id, state.held, unread.entry, facts or ())

    prompt = None if unread.text is None else entry_prompt(unread.on, unread.title, unread.text)
    await _learn(state, prompt, facts_in, keep, go_on)
    return True


async def _sum_up(state: State, go_on: bool) -> bool:
    """The summary, for what has fallen out of the talk. False if nothing has."""
    messages = await out_of_sight(state)
    if messages is None:
        return False

    async def keep(body: str | None) -> bool:
        return await keep_summary(state.user_id, state.held, state.summed_up_to, messages.up_to, body)

    prompt = summary_prompt(state.summary, messages.written) if messages.written else None
    await _learn(state, prompt, summary_in, keep, go_on)
    return True


async def _learn(
    state: State,
    prompt: Sequence[Message] | None,
    read: Callable[[str], T],
    keep: Callable[[T | None], Awaitable[bool]],
    go_on: bool,
) -> None:
    """Ask the model, and write down what can be read of its answer. Without a prompt nothing is asked or learned.

    Raises Unreadable if it cannot be read, with the call paid; with `go_on` it is passed over and nothing learned.
    """
    if prompt is None:
        async with transaction():
            await keep(None)
        return
    said = await ask(state.user_id, state.timezone, prompt)
    learned: T | None = None
    try:
        learned = read(said.text)
    except Unreadable:
        if not go_on:
            async with writing_down(said):
                pass  # paid for, and nothing to write
            raise
    async with writing_down(said):
        await keep(learned)
