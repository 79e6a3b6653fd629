"""Deleting an account without the app: an e-mail address, then the code that was mailed there.

Rules: api, /account-deletion; what the stores ask for (works after uninstalling; says what goes, what stays and for how
long). The code is the authority, so it matters little who sends the form.
"""

from __future__ import annotations

from domain.accounts import letters
from domain.accounts.codes import try_code
from domain.accounts.emails import email_digest, normalize_email
from domain.kit.database import transaction
from domain.kit.errors import TooMany
from domain.kit.limits import Window, limiter
from domain.kit.settings import settings
from domain.leaving import departure
from domain.leaving.departure import Departure

# Mails and tries together. A mailed code allows five tries.
_BY_ACCOUNT = Window("deletion-page", 20, 3600)
_BY_ADDRESS = Window("deletion-page-address", 60, 3600)
_MAILS = Window("deletion-mails", 5, 3600)

# What the page says, and a purge does (purge.py, kept.py).
REMOVED = (
    "your account: e-mail address, password, ways of signing in, usernames and random names",
    "check-ins, streaks, slips, urges, journal, goals, achievements and quiz answers",
    "your talk with Anchor, and everything that Anchor remembers of it",
    "posts, comments, likes, memberships, partner requests and blocks",
    "devices, sessions, notifications, settings and consents",
)
KEPT = (
    ("Purchases, without you", "as long as accounting law asks; a new account of yours can claim a running one"),
    ("The text of something that was reported", "up to 180 days"),
    ("Security events, without text and without you", "up to one year"),
    ("A partner's copy of your talk", "their own messages only; yours are blanked"),
    ("The random number of the deleted account", "so that a restored backup is purged of it again"),
)


async def ask_for_code(email: str, address: str) -> str:
    """Mail a code to `email` if there is an account; returns the address as it is written.

    Known and unknown addresses are the same work and the same answer. Raises InvalidRequest for what is no address,
    TooMany.
    """
    email = normalize_email(email)
    await _admit(email, address)
    if (await limiter().hit(_MAILS, email_digest(email))).allowed:
        # Beyond these the answer is still the same: the last mail has a code.
        async with transaction():
            await letters.post("deletion", email, None)
    return email


async def leave_by_code(email: str, code: str, address: str) -> Departure:
    """Begin the deletion. Raises RuleBroken `invalid_code`, and as ask_for_code."""
    email = normalize_email(email)
    await _admit(email, address)
    tried = await try_code(code, ("deletion",), user_id=None, email=email)
    return await departure.begin(tried.user_id, code=tried)


async def _admit(email: str, address: str) -> None:
    # The address first: whoever may ask no more must not use up the tries of others.
    counted = [(_BY_ADDRESS, address)] if settings().address_limits else []
    counted.append((_BY_ACCOUNT, email_digest(email)))
    for window, who in counted:
        verdict = await limiter().hit(window, who)
        if not verdict.allowed:
            raise TooMany(retry_after=verdict.reset)
