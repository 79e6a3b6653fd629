"""What outlives a purge: the written list. A table that is not in it loses every row of the person.

Rules: semantics, "Identity and privacy", Deletion; the public page (api/leaving_page.py) tells people the same.
"""

from __future__ import annotations

import msgspec


class Kept(msgspec.Struct, frozen=True):
    """Rows that stay, without the person: `cleared` is SQL that takes out what could still point to them.

    The person is $1. `days` is how long the rows are kept, None for as long as backups may be restored.
    """

    cleared: str | None
    days: int | None


# Purchases (without the person, so that another account can claim them) and the snapshots of reports (180 days) join
# with their tables.
KEPT: dict[str, Kept] = {
    "audit_events": Kept(
        "UPDATE audit_events SET user_id = NULL, session_id = NULL, details = '{}' WHERE user_id = $1", 365
    ),
    # Nothing but a random id and a day.
    "purges": Kept(None, None),
}
