"""The outbox: jobs are rows that commit with their cause; a message in Redis is only a hint to look at the row."""

from domain.kit.outbox.jobs import Job, enqueue

__all__ = ["Job", "enqueue"]
