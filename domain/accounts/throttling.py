"""How often somebody may guess (api: Conventions, "Rate limits").

Ten failures of an account in 15 minutes, and a hundred of an address. So that a stranger cannot lock somebody out, an
address from which the person has signed in before has ten tries of its own for that account: guesses made elsewhere
do not count there, nor do its guesses count elsewhere. A guesser gains nothing by it, since only the right password
makes an address familiar.
"""

from __future__ import annotations

from uuid import UUID

from domain.accounts.addresses import address_hash, is_familiar
from domain.accounts.emails import email_digest
from domain.kit.errors import TooMany
from domain.kit.limits import Window, limiter
from domain.kit.settings import settings

FAILED_BY_ACCOUNT = Window("sign-in-account", 10, 900)
FAILED_BY_ADDRESS = Window("sign-in-address", 100, 900)


class Attempt:
    """Counted before it is known whether it is right, so that guesses in parallel are counted too."""

    def __init__(self, counted: list[tuple[Window, str]]) -> None:
        self.counted = counted

    async def take_back(self) -> None:
        """It was right, or could not be looked at: only failures count."""
        for window, who in self.counted:
            await limiter().take_back(window, who)


async def attempt_password(email: str, user_id: UUID | None, address: str) -> Attempt:
    """Count one try at the password of `email`, whose owner is `user_id` if there is one. Raises TooMany."""
    who = email_digest(email)
    if await is_familiar(user_id, address):
        who = f"{who}:{address_hash(user_id, address).hex()}"
    return await _attempt([*_by_address(address), (FAILED_BY_ACCOUNT, who)])


async def attempt_by_address(address: str) -> Attempt:
    """Count one try at something that belongs to no known account, as a provider's token. Raises TooMany."""
    return await _attempt(_by_address(address))


async def attempt_again(user_id: UUID) -> Attempt:
    """Count one try of somebody signed in to prove that it is still them. Raises TooMany."""
    return await _attempt([(Window("prove-again", 10, 900), str(user_id))])


def _by_address(address: str) -> list[tuple[Window, str]]:
    return [(FAILED_BY_ADDRESS, address)] if settings().address_limits else []


async def _attempt(counted: list[tuple[Window, str]]) -> Attempt:
    done = Attempt([])
    for window, who in counted:
        verdict = await limiter().hit(window, who)
        if not verdict.allowed:
            # Nobody's tries are used up by somebody who may not try at all.
            await done.take_back()
            raise TooMany("Too many failed sign-ins. Wait a little.", retry_after=verdict.reset)
        done.counted.append((window, who))
    return done
