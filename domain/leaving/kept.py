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


KEPT: dict[str, Kept] = {
    "audit_events": Kept(
        "UPDATE audit_events SET user_id = NULL, session_id = NULL, details = '{}' WHERE user_id = $1", 365
    ),
    # What was reported, and what it looked like: evidence of what was done to others. Neither side's id stays. A person
    # is reported by a public id of theirs: another random one takes its place, so that the reports stay one case. What
    # Anchor said to somebody is their own talk, and goes with them.
    "reports": Kept(
        """WITH renamed AS MATERIALIZED (
               SELECT target_id, gen_random_uuid() AS stands_for FROM reports
               WHERE target_user_id = $1 AND target_type = 'user' GROUP BY target_id
           )
           UPDATE reports SET user_id = CASE WHEN user_id <> $1 THEN user_id END,
                              details = CASE WHEN user_id <> $1 THEN details END,
                              target_user_id = CASE WHEN target_user_id <> $1 THEN target_user_id END,
                              target_id = COALESCE((SELECT stands_for FROM renamed
                                                    WHERE renamed.target_id = reports.target_id), target_id),
                              snapshot = CASE WHEN target_user_id = $1 THEN snapshot - 'author_id' - 'author_name'
                                              WHEN target_type = 'anchor_message' THEN snapshot - 'text'
                                              ELSE snapshot END,
                              forget_at = LEAST(forget_at, (SELECT purged_at + interval '180 days' FROM purges
                                                            WHERE purges.user_id = $1))
           WHERE user_id = $1 OR target_user_id = $1""",
        180,
    ),
    # The other's copy of a talk: that there was one and what they wrote themselves. Before the partnerships, which know
    # whose the messages are.
    "partner_messages": Kept(
        "UPDATE partner_messages SET body = '', client_id = NULL, sender_id = NULL WHERE sender_id = $1", None
    ),
    # Nobody keeps a request that came to nothing, nor a partnership that both have left.
    "partnerships": Kept(
        """WITH gone AS (
               DELETE FROM partnerships
               WHERE (from_id = $1 OR to_id = $1)
                 AND (state NOT IN ('partners', 'ended') OR from_id IS NULL OR to_id IS NULL)
           )
           UPDATE partnerships SET from_id = CASE WHEN from_id <> $1 THEN from_id END,
                                   to_id = CASE WHEN to_id <> $1 THEN to_id END,
                                   from_persona_id = CASE WHEN from_id <> $1 THEN from_persona_id END,
                                   to_persona_id = CASE WHEN to_id <> $1 THEN to_persona_id END,
                                   message = CASE WHEN from_id <> $1 THEN message END,
                                   from_read = CASE WHEN from_id <> $1 THEN from_read ELSE 0 END,
                                   to_read = CASE WHEN to_id <> $1 THEN to_read ELSE 0 END,
                                   state = 'ended',
                                   closed_at = COALESCE(closed_at, (SELECT purged_at FROM purges
                                                                    WHERE purges.user_id = $1), accepted_at)
           WHERE (from_id = $1 OR to_id = $1) AND state IN ('partners', 'ended')
             AND from_id IS NOT NULL AND to_id IS NOT NULL""",
        None,
    ),
    # Without the person, so that another account of theirs can claim a subscription that goes on billing. One that
    # moved from them to somebody else stays there.
    "purchases": Kept(
        """UPDATE purchases SET user_id = NULLIF(user_id, $1),
               account_token = NULLIF(account_token, (SELECT store_account_token FROM users WHERE id = $1))
           WHERE user_id = $1 OR account_token = (SELECT store_account_token FROM users WHERE id = $1)""",
        None,
    ),
    # What the stores said of them, and how often they moved.
    "purchase_changes": Kept(None, None),
    "purchase_transfers": Kept(
        """UPDATE purchase_transfers SET from_id = NULLIF(from_id, $1), to_id = NULLIF(to_id, $1)
           WHERE from_id = $1 OR to_id = $1""",
        None,
    ),
    # Nothing but a random id and a day.
    "purges": Kept(None, None),
}
