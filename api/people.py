"""How others see the person, and whom the person does not want to see."""

from typing import Annotated

import msgspec
from litestar import delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from api.person import Person
from domain.accounts import blocks, visibility
from domain.accounts.blocks import Block
from domain.accounts.visibility import Shown, Visibility
from domain.kit.ids import parse_id
from domain.kit.pagination import Page, page_limit
from domain.partners.ending import part

_TAGS = ["Accounts and sign-in"]


class VisibilityChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    visibility: Visibility


class BlockNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`note` is for oneself, to know later whom one meant; the list shows no name."""

    note: Annotated[str, Meta(description="Up to 200 characters")] | None = None


@put("/v1/me/visibility", operation_id="changeVisibility", tags=_TAGS, summary="Become public or anonymous")
async def change_visibility(person: NamedDependency[Person], data: JSONBody[VisibilityChange]) -> Shown:
    """Answers with the new persona. Each time one becomes anonymous, name and public id are fresh.

    At most five changes in 24 hours; the present value again is none. Public needs a username (`username_required`).
    """
    return await visibility.change_visibility(person.user_id, data.visibility)


@get("/v1/me/blocks", operation_id="listBlocks", tags=_TAGS, summary="Blocks")
async def list_blocks(
    person: NamedDependency[Person], limit: FromQuery[int | None] = None, cursor: FromQuery[str | None] = None
) -> Page[Block]:
    """Newest first, without names: a name moves with its person."""
    return await blocks.list_blocks(person.user_id, page_limit(limit), cursor)


# One path for the router: PUT takes the id of an author, DELETE that of a block.
@put("/v1/me/blocks/{id:str}", operation_id="blockPerson", tags=_TAGS, summary="Block an author")
async def block_person(
    person: NamedDependency[Person], id: FromPath[str], data: JSONBody[BlockNote | None] = None
) -> Block:
    """Takes the `id` of an `author`, a former one too. From then on neither sees the other, whatever they are called.

    Again it is the same block; a note replaces the earlier one.
    """
    return await blocks.block(person.user_id, parse_id(id), data.note if data else None, part)


@delete("/v1/me/blocks/{id:str}", operation_id="endBlock", tags=_TAGS, summary="End a block")
async def end_block(person: NamedDependency[Person], id: FromPath[str]) -> None:
    """Takes the `id` of a block, from the list. What the block has ended stays ended."""
    await blocks.unblock(person.user_id, parse_id(id))


HANDLERS = [change_visibility, list_blocks, block_person, end_block]
