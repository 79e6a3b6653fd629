"""Whether anything of a person may go to the model's provider: the one rule for answers, daily messages and memory."""

from __future__ import annotations

from domain.accounts.consents import SENSITIVE_DATA, TERMS, THIRD_PARTY_AI, missing_sql


def lacking_sql(user_sql: str) -> str:
    """A subselect with the first consent that the person lacks for it, or null: then it may.

    One of those that signing up gives may have been withdrawn; the one to Anchor's provider is given or not.
    """
    return f"""coalesce({missing_sql(user_sql, TERMS, SENSITIVE_DATA)},
        CASE WHEN (SELECT granted FROM consents WHERE consents.user_id = {user_sql} AND kind = '{THIRD_PARTY_AI}'
                   ORDER BY seq DESC LIMIT 1) IS NOT TRUE THEN '{THIRD_PARTY_AI}' END)"""
