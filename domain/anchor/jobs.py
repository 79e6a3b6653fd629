"""The jobs of Anchor. Apart from what they do, so that asking for one does not load the model's client."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.kit.outbox import Job


class WriteReply(Job, frozen=True, kw_only=True):
    """Write the answer that was asked for."""

    name: ClassVar[str] = "anchor.reply"
    queue: ClassVar[str] = "interactive"

    reply_id: UUID


class WriteDailyMessages(Job, frozen=True, kw_only=True):
    """Write and send the daily messages of some people; `ids` are rows of daily_messages."""

    name: ClassVar[str] = "anchor.daily"
    queue: ClassVar[str] = "bulk"

    ids: tuple[UUID, ...]
