"""Leaving: purges when the grace is over, and archives for those who asked for their data."""

from __future__ import annotations

from domain.kit.database import transaction
from domain.kit.outbox.rows import Lease
from domain.leaving import export, purge
from domain.leaving.export import BuildExport
from domain.leaving.purge import PurgeAccount
from tasks.actor import outside

_PURGE_SECONDS = 600.0
_EXPORT_SECONDS = 900.0


@outside(PurgeAccount, seconds=_PURGE_SECONDS)
async def purge_account(job: PurgeAccount, lease: Lease) -> None:
    if not await purge.claim(job.user_id):
        return
    await purge.empty_tables(job.user_id)
    async with transaction():
        await lease.settle()
        await purge.remove(job.user_id)


async def _export_gave_up(job: BuildExport, state: str, code: str) -> None:
    await export.fail(job.export_id, code)


@outside(BuildExport, seconds=_EXPORT_SECONDS, gave_up=_export_gave_up)
async def build_export(job: BuildExport, lease: Lease) -> None:
    await export.build(job.export_id, lease)


PERIODIC = [
    ("leaving.plan_purges", 30.0, purge.plan_purges),
    ("leaving.forget_exports", 60.0, export.forget_expired),
]
