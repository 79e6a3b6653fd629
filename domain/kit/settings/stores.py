"""The two stores that sell subscriptions: how they are asked, what they may tell us, and which products are ours.

What an operator sets up at Apple and Google for them: docs/subscriptions.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from domain.kit.environment import (
    BadValue,
    Reader,
    certificates,
    integer,
    mailbox,
    pem_or_file,
    switch,
    uuid_text,
    words,
)

PLANS = ("monthly", "yearly")
EVERYBODY, NOBODY = "everybody", "nobody"


class Offer(msgspec.Struct, frozen=True):
    """A product of a store, and the plan that it is. `base_plan` is Google's, empty in the App Store."""

    plan: str
    product_id: str
    base_plan: str = ""


_APP_STORE_PRODUCTS = (Offer("monthly", "app.kuitter.plus.monthly"), Offer("yearly", "app.kuitter.plus.yearly"))
_GOOGLE_PLAY_PRODUCTS = (Offer("monthly", "kuitter_plus", "monthly"), Offer("yearly", "kuitter_plus", "yearly"))


@dataclass(frozen=True, kw_only=True)
class StoreSettings:
    google_play_url: str
    google_play_package: str
    google_play_push_audience: str
    google_play_push_account: str
    google_play_products: tuple[Offer, ...]
    app_store_url: str
    app_store_sandbox_url: str
    app_store_environments: tuple[str, ...]
    app_store_key: str
    app_store_key_id: str
    app_store_issuer_id: str
    app_store_bundle_id: str
    app_store_app_id: int
    app_store_products: tuple[Offer, ...]
    apple_root_certs: tuple[bytes, ...]
    apple_online_checks: bool
    sandbox_purchasers: tuple[str, ...]


def offers(text: str) -> tuple[Offer, ...]:
    """Products as they stand in a variable: plan:product or plan:product/base_plan. Raises BadValue."""
    found = []
    for part in text.split(","):
        plan, _, product = part.strip().partition(":")
        product_id, _, base_plan = product.partition("/")
        if plan not in PLANS or not re.fullmatch(r"[\w.-]{1,100}", product_id):
            raise BadValue("must be plan:product pairs, comma-separated")
        found.append(Offer(plan, product_id, base_plan))
    if {offer.plan for offer in found} != set(PLANS) or len(set(found)) != len(found):
        raise BadValue(f"must name products for {' and '.join(PLANS)}, each once")
    return tuple(found)


def _purchasers(text: str) -> tuple[str, ...]:
    if text in (NOBODY, EVERYBODY):
        return () if text == NOBODY else (EVERYBODY,)
    return tuple(mailbox(part.strip()).lower() for part in text.split(","))


def read(r: Reader) -> StoreSettings:
    """Raises SettingError."""
    return StoreSettings(
        google_play_url=r.url(
            "GOOGLE_PLAY_URL", "the Google Play Developer API's address", "https://androidpublisher.googleapis.com",
            "https://androidpublisher.googleapis.com", "https", "http",
        ),
        google_play_package=r.get(
            "GOOGLE_PLAY_PACKAGE", "the package name of the Android app", "app.kuitter.android", str,
            "app.kuitter.android",
        ),
        google_play_push_audience=r.get(
            "GOOGLE_PLAY_PUSH_AUDIENCE", "the audience that the push subscription of Google Play's notifications names",
            "kuitter-google-play", str,
        ),
        google_play_push_account=r.get(
            "GOOGLE_PLAY_PUSH_ACCOUNT", "the service account that pushes Google Play's notifications to us",
            "notifications@kuitter.iam.gserviceaccount.com", mailbox,
        ),
        google_play_products=r.get(
            "GOOGLE_PLAY_PRODUCTS", "the subscriptions of Google Play by plan, with their base plans",
            "monthly:kuitter_plus/monthly,yearly:kuitter_plus/yearly", offers, _GOOGLE_PLAY_PRODUCTS,
        ),
        app_store_url=r.url(
            "APP_STORE_URL", "the App Store's server API", "https://api.storekit.apple.com",
            "https://api.storekit.apple.com", "https", "http",
        ),
        app_store_sandbox_url=r.url(
            "APP_STORE_SANDBOX_URL", "the same for purchases of testers and Apple's reviewers",
            "https://api.storekit-sandbox.apple.com", "https://api.storekit-sandbox.apple.com", "https", "http",
        ),
        # Xcode and LocalTesting are no choice: there Apple's library accepts what anybody signed (providers.md 7.2).
        app_store_environments=r.get(
            "APP_STORE_ENVIRONMENTS", "which of Apple's environments a purchase may come from", "production,sandbox",
            words("production", "sandbox"), ("production", "sandbox"),
        ),
        app_store_key=r.get(
            "APP_STORE_KEY", "the .p8 key for In-App Purchase, as PEM or the file's path",
            "/etc/kuitter/SubscriptionKey_IAP1234567.p8", pem_or_file,
        ),
        app_store_key_id=r.get("APP_STORE_KEY_ID", "the id of APP_STORE_KEY", "IAP1234567", str),
        app_store_issuer_id=r.get(
            "APP_STORE_ISSUER_ID", "who APP_STORE_KEY was issued to, as App Store Connect names it",
            "57246542-96fe-1a63-e053-0824d011072a", uuid_text,
        ),
        app_store_bundle_id=r.get(
            "APP_STORE_BUNDLE_ID", "the bundle id of the app that sells the subscriptions", "app.kuitter.ios", str
        ),
        app_store_app_id=r.get(
            "APP_STORE_APP_ID", "the number of the app in the App Store", "6740000001", integer(1, 10**15)
        ),
        app_store_products=r.get(
            "APP_STORE_PRODUCTS", "the subscriptions of the App Store by plan; the first of a plan is offered",
            "monthly:app.kuitter.plus.monthly,yearly:app.kuitter.plus.yearly", offers, _APP_STORE_PRODUCTS,
        ),
        apple_root_certs=r.get(
            "APPLE_ROOT_CERTS",
            "files with the root certificates that Apple signs purchases under, PEM or DER, comma-separated",
            "/etc/kuitter/AppleRootCA-G3.cer,/etc/kuitter/AppleRootCA-G2.cer", certificates,
        ),
        apple_online_checks=r.get(
            "APPLE_ONLINE_CHECKS", "whether Apple is asked if it revoked a certificate; on in production if left out",
            "on", switch, r.production,
        ),
        sandbox_purchasers=r.get(
            "SANDBOX_PURCHASERS",
            "accounts whose purchases in a store's sandbox count, such as reviewers: confirmed e-mails, everybody or "
            "nobody; if left out everybody, but nobody in production",
            "review@example.org", _purchasers, () if r.production else (EVERYBODY,),
        ),
    )  # fmt: skip
