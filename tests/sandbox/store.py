"""Buying in the sandbox's App Store, and checking with Apple's library what it signed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import jwt
from appstoreserverlibrary.models.Environment import Environment
from appstoreserverlibrary.signed_data_verifier import SignedDataVerifier
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.sandbox.conftest import Sandbox

MONTHLY = "app.kuitter.plus.monthly"
YEARLY = "app.kuitter.plus.yearly"


def buy(sandbox: Sandbox, **order: Any) -> dict[str, str]:
    """The signed transaction and its original id."""
    bought: dict[str, str] = sandbox.control("app-store/purchases", **{"product_id": MONTHLY} | order)
    return bought


def event(sandbox: Sandbox, original: str, kind: str, subtype: str | None = None, **more: Any) -> dict[str, Any]:
    """Let something happen to a purchase."""
    body = {"original_transaction_id": original, "type": kind, "subtype": subtype} | more
    answer: dict[str, Any] = sandbox.control("app-store/events", **body)
    return answer


def verifier(
    sandbox: Sandbox, environment: Environment = Environment.SANDBOX, *, online: bool = False
) -> SignedDataVerifier:
    """Apple's verifier, under the root that the app is given."""
    root = x509.load_pem_x509_certificate(Path(sandbox.env["APPLE_ROOT_CERTS"]).read_bytes())
    number = int(sandbox.env["APP_STORE_APP_ID"])
    bundle = sandbox.env["APP_STORE_BUNDLE_ID"]
    return SignedDataVerifier([root.public_bytes(Encoding.DER)], online, environment, bundle, number)


def ask(sandbox: Sandbox, path: str, environment: Environment = Environment.SANDBOX) -> dict[str, Any]:
    """What the server API answers to a GET."""
    name = "APP_STORE_URL" if environment is Environment.PRODUCTION else "APP_STORE_SANDBOX_URL"
    answer = sandbox.http.get(f"{sandbox.env[name]}/inApps/{path}", headers=bearer(sandbox.env))
    body: dict[str, Any] = answer.raise_for_status().json()
    return body


def bearer(env: dict[str, str], *, key: str | None = None, kid: str | None = None, **claims: Any) -> dict[str, str]:
    """What authorises a request; a claim of None is left out."""
    payload = {
        "bid": env["APP_STORE_BUNDLE_ID"],
        "iss": env["APP_STORE_ISSUER_ID"],
        "aud": "appstoreconnect-v1",
        "iat": int(time.time()),
        "exp": int(time.time()) + 300,
    } | claims
    payload = {name: value for name, value in payload.items() if value is not None}
    signer = key or Path(env["APP_STORE_KEY"]).read_text()
    token = jwt.encode(payload, signer, algorithm="ES256", headers={"kid": kid or env["APP_STORE_KEY_ID"]})
    return {"authorization": f"Bearer {token}"}
