"""Around accounts: mail goes out, Apple's tokens are got and revoked, and what has had its time is forgotten."""

from __future__ import annotations

from domain.accounts import addresses, apple_access, apple_auth, audit, codes, letters, mail_server, one_time, sessions
from domain.accounts.apple_access import ExchangeAppleCode, RevokeApple
from domain.accounts.apple_auth import Granted
from domain.accounts.letters import SendMail
from domain.kit.database import transaction
from domain.kit.idempotency import forget_old
from domain.kit.log import log
from domain.kit.outbox.rows import Lease
from domain.kit.providers import Answer, Outcome
from tasks.actor import outside
from tasks.answers import retry_unless_final


async def _mail_gave_up(job: SendMail, state: str, code: str) -> None:
    await letters.remove(job.mail_id)


@outside(SendMail, gave_up=_mail_gave_up)
async def send_mail(job: SendMail, lease: Lease) -> None:
    letter = await letters.prepare(job.mail_id)
    if letter is not None:
        answer = await mail_server.send(letter)
        _check(answer, "mail")
    async with transaction():
        await lease.settle()
        await letters.remove(job.mail_id)


async def _exchange_gave_up(job: ExchangeAppleCode, state: str, code: str) -> None:
    await apple_access.drop_code(job.identity_id)


@outside(ExchangeAppleCode, gave_up=_exchange_gave_up)
async def exchange_apple_code(job: ExchangeAppleCode, lease: Lease) -> None:
    code = await apple_access.read_code(job.identity_id)
    granted = await apple_auth.exchange(code.code, code.client_id) if code else None
    if isinstance(granted, Answer):
        _check(granted, "apple")
    async with transaction():
        await lease.settle()
        if code and isinstance(granted, Granted) and granted.subject == code.subject:
            await apple_access.keep_token(job.identity_id, code.client_id, granted.refresh_token)
        else:
            # Without a token the account works as well; only its consent at Apple then has to be ended by the person.
            await apple_access.drop_code(job.identity_id)


async def _revocation_gave_up(job: RevokeApple, state: str, code: str) -> None:
    # A dead job can be tried again by hand, which needs the row.
    log().error("apple.not_revoked", code=code)


@outside(RevokeApple, gave_up=_revocation_gave_up)
async def revoke_apple(job: RevokeApple, lease: Lease) -> None:
    revocation = await apple_access.read_revocation(job.revocation_id)
    if revocation is not None:
        _check(await apple_auth.revoke(revocation.token, revocation.client_id), "apple")
    async with transaction():
        await lease.settle()
        await apple_access.forget_revocation(job.revocation_id)


def _check(answer: Answer, provider: str) -> None:
    """Raises Retry; what was refused for good is only worth a line."""
    retry_unless_final(answer, provider)
    if answer.outcome is not Outcome.OK:
        log().warning(f"{provider}.refused", code=answer.code)


PERIODIC = [
    ("forget_idempotency_keys", 600.0, forget_old),
    ("accounts.forget_sessions", 3600.0, sessions.forget_old),
    ("accounts.forget_used_tokens", 600.0, one_time.forget_old),
    ("accounts.forget_codes", 600.0, codes.forget_old),
    ("accounts.forget_audit_events", 3600.0, audit.forget_old),
    ("accounts.forget_addresses", 3600.0, addresses.forget_old),
]
