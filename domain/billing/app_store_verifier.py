"""What the App Store has signed, checked by Apple's own library against pinned roots (spec: providers.md 7).

Checking takes milliseconds of CPU, and in production now and then a question to Apple's certificate service that may
hang for a minute. So it happens on threads of its own: those of the event loop are there for passwords too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar

import jwt
from appstoreserverlibrary.models.Environment import Environment as AppleEnvironment
from appstoreserverlibrary.models.JWSRenewalInfoDecodedPayload import JWSRenewalInfoDecodedPayload as Renewal
from appstoreserverlibrary.models.JWSTransactionDecodedPayload import JWSTransactionDecodedPayload as Transaction
from appstoreserverlibrary.models.ResponseBodyV2DecodedPayload import ResponseBodyV2DecodedPayload as Payload
from appstoreserverlibrary.signed_data_verifier import SignedDataVerifier, VerificationException, VerificationStatus

from domain.billing.report import Environment
from domain.kit.settings import settings

T = TypeVar("T")

# Xcode and LocalTesting are not among them: there the library takes whatever anybody signed.
_ENVIRONMENTS: dict[Environment, AppleEnvironment] = {
    "production": AppleEnvironment.PRODUCTION,
    "sandbox": AppleEnvironment.SANDBOX,
}

_THREADS = 4
# Longer than that neither Apple nor a person waits for us; both come again.
_SECONDS = 8.0
_LONGEST = 65_536


class PurchaseInvalid(Exception):
    """Apple did not sign this, or not for this app. `code` says in a word what is wrong."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class StoreAway(Exception):
    """Whether Apple signed it cannot be found out at the moment."""


class Unreadable(Exception):
    """Apple signed it, but it is nothing that we can read."""


async def on_thread(check: Callable[[], T]) -> T:
    """Run `check` where it holds nobody up. Raises StoreAway when it takes too long, and whatever `check` raises."""
    try:
        async with asyncio.timeout(_SECONDS):
            return await asyncio.get_running_loop().run_in_executor(_threads(), check)
    except TimeoutError:
        raise StoreAway from None


def transaction(signed: str, environment: Environment) -> Transaction:
    """The transaction in a JWS. Blocks. Raises PurchaseInvalid, StoreAway, Unreadable."""
    return _checked(signed, verifier(environment).verify_and_decode_signed_transaction)


def renewal(signed: str, environment: Environment) -> Renewal:
    """The renewal information in a JWS. Blocks. Raises as `transaction`."""
    return _checked(signed, verifier(environment).verify_and_decode_renewal_info)


def notification(signed: str, environment: Environment) -> Payload:
    """A notification; what is signed inside of it is not looked at. Blocks. Raises as `transaction`."""
    return _checked(signed, verifier(environment).verify_and_decode_notification)


def claims(signed: str) -> dict[str, Any]:
    """What stands in a JWS, whoever signed it. Raises PurchaseInvalid for what is none."""
    if len(signed) > _LONGEST:
        raise PurchaseInvalid("too_long")
    try:
        found: dict[str, Any] = jwt.decode(signed, options={"verify_signature": False, "verify_exp": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise PurchaseInvalid("not_signed") from None
    return found


def environment_of(named: object) -> Environment:
    """Ours for Apple's word, which nobody has verified yet: checking with that environment's verifier does.

    Raises PurchaseInvalid for Xcode, for others that there may be, and for one that APP_STORE_ENVIRONMENTS leaves out.
    """
    for ours, theirs in _ENVIRONMENTS.items():
        if named == theirs.value and ours in settings().app_store_environments:
            return ours
    raise PurchaseInvalid("environment")


def _checked(signed: str, check: Callable[[str], T]) -> T:
    if len(signed) > _LONGEST:
        raise PurchaseInvalid("too_long")
    try:
        return check(signed)
    except VerificationException as error:
        if error.status is VerificationStatus.RETRYABLE_VERIFICATION_FAILURE:
            raise StoreAway from None
        raise PurchaseInvalid(error.status.name.lower()) from None
    except Exception:
        # The signature holds when the library begins to read what is in it.
        raise Unreadable from None


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_THREADS, thread_name_prefix="app-store-verifier")


@cache
def verifier(environment: Environment) -> SignedDataVerifier:
    """One for each environment, for it remembers what Apple's certificate service said."""
    chosen = settings()
    return SignedDataVerifier(
        list(chosen.apple_root_certs),
        chosen.apple_online_checks,
        _ENVIRONMENTS[environment],
        chosen.app_store_bundle_id,
        chosen.app_store_app_id if environment == "production" else None,
    )
