"""What Anchor remembers: seen, put right, told and forgotten by the person; and forgetting the whole talk."""

from typing import Annotated

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from api.person import Person
from api.urgent import WORDS
from domain.anchor.memories import forgetting, own
from domain.anchor.memories.own import Memories, MemoryView
from domain.kit.idempotency import IdempotencyKey
from domain.kit.ids import parse_id
from domain.kit.pagination import page_limit

_TAGS = ["Anchor"]


class MemoryText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What Anchor is to remember, in the person's own words."""

    body: Annotated[str, Meta(description="1 to 200 characters, on one line")]


@get("/v1/anchor/memories", operation_id="listAnchorMemories", tags=_TAGS, summary="What Anchor remembers")
async def list_memories(
    person: NamedDependency[Person], limit: FromQuery[int | None] = None, cursor: FromQuery[str | None] = None
) -> Memories:
    """Newest first, with the summary of the talk. Learned from the talk and from shared journal entries, some time
    after the talk has rested. Without the consent `third_party_ai` it stays here and is not used."""
    return await own.list_memories(person.user_id, page_limit(limit), cursor)


@post(
    "/v1/anchor/memories", operation_id="addAnchorMemory", tags=_TAGS, summary="Tell Anchor something to remember",
    opt=WORDS,
)  # fmt: skip
async def add_memory(
    person: NamedDependency[Person],
    idempotency_key: NamedDependency[IdempotencyKey | None],
    data: JSONBody[MemoryText],
) -> MemoryView:
    """Needs the consent `third_party_ai`. There is room for 60 things; the oldest that Anchor learned by itself gives
    way. When the person wrote all of them: 409 `memories_full`."""
    return await own.add_memory(person.user_id, data.body, idempotency_key)


@delete("/v1/anchor/memories", operation_id="forgetAnchorMemories", tags=_TAGS, summary="Forget all of it")
async def forget_memories(person: NamedDependency[Person]) -> None:
    """The summary as well. The talk stays, and nothing is learned from what was said so far."""
    await forgetting.forget_memories(person.user_id)


@delete(
    "/v1/anchor/memories/summary", operation_id="forgetAnchorSummary", tags=_TAGS, summary="Forget the summary"
)  # fmt: skip
async def forget_summary(person: NamedDependency[Person]) -> None:
    """The next one begins with what is said from now on."""
    await forgetting.forget_summary(person.user_id)


@get("/v1/anchor/memories/{memory_id:str}", operation_id="readAnchorMemory", tags=_TAGS, summary="One thing")
async def read_memory(person: NamedDependency[Person], memory_id: FromPath[str]) -> MemoryView:
    """One of those that Anchor remembers of the person."""
    return await own.read_memory(person.user_id, parse_id(memory_id))


@patch(
    "/v1/anchor/memories/{memory_id:str}", operation_id="changeAnchorMemory", tags=_TAGS, summary="Put it right",
    opt=WORDS,
)  # fmt: skip
async def change_memory(
    person: NamedDependency[Person], memory_id: FromPath[str], data: JSONBody[MemoryText]
) -> MemoryView:
    """From then on it is the person's own: nothing that Anchor learns replaces it."""
    return await own.change_memory(person.user_id, parse_id(memory_id), data.body)


@delete("/v1/anchor/memories/{memory_id:str}", operation_id="forgetAnchorMemory", tags=_TAGS, summary="Forget it")
async def forget_memory(person: NamedDependency[Person], memory_id: FromPath[str]) -> None:
    """At once and for good, and out of the summary too. The same messages do not teach it again."""
    await forgetting.forget_memory(person.user_id, parse_id(memory_id))


@delete("/v1/anchor/messages", operation_id="forgetAnchorTalk", tags=_TAGS, summary="Delete the whole talk")
async def forget_talk(person: NamedDependency[Person]) -> None:
    """With all that Anchor learned from it, the daily messages and their notifications. An answer under way ends. What
    was used of the limits stays used, and a day that had its message gets no other."""
    await forgetting.forget_talk(person.user_id)


HANDLERS = [
    list_memories, add_memory, forget_memories, forget_summary, read_memory, change_memory, forget_memory, forget_talk,
]  # fmt: skip
