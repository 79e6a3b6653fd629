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
    """Have the model write the daily messages of some people, and send those whose time has come; `ids` are rows of
    daily_messages."""

    name: ClassVar[str] = "anchor.daily"
    queue: ClassVar[str] = "bulk"

    ids: tuple[UUID, ...]


class SendDailyMessages(Job, frozen=True, kw_only=True):
    """Send daily messages whose time has come. Among the pushes, to be well ahead of those that are being written."""

    name: ClassVar[str] = "anchor.send_daily"
    queue: ClassVar[str] = "push"

    ids: tuple[UUID, ...]
