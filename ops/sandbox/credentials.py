"""Keys for the sandbox's providers, made once and kept, and the variables that point the app at them."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ops.sandbox.app_store_chain import Chain

HOST = "127.0.0.1"
PROJECT_ID = "kuitter-dev"
CLIENT_EMAIL = "push@kuitter-dev.iam.gserviceaccount.com"
APNS_KEY_ID = "SANDBOXKEY"
APNS_TEAM_ID = "SANDBOXTEA"
APNS_TOPIC = "app.kuitter.ios"
APPLE_SIGN_IN_KEY_ID = "SANDBOXSIG"
APP_STORE_KEY_ID = "SANDBOXIAP"
APP_STORE_ISSUER_ID = "57246542-96fe-1a63-e053-0824d011072a"
APP_STORE_APP_ID = 6_740_000_001
# The app itself and the service that stands for it in a browser; the first is the usual audience of a token.
APPLE_CLIENT_IDS = (APNS_TOPIC, "app.kuitter.web")
# The server's own client, which Android asks for too, and the iPhone's.
GOOGLE_CLIENT_IDS = (
    "100000000001-kuitterweb.apps.googleusercontent.com",
    "100000000001-kuitterios.apps.googleusercontent.com",
)
PLAY_PACKAGE = "app.kuitter.android"
# Who pushes Google Play's notifications, and for whom, as it would be set up in Google's console.
PLAY_PUSH_ACCOUNT = "play-notifications@kuitter-dev.iam.gserviceaccount.com"
PLAY_PUSH_AUDIENCE = "https://kuitter.test/webhooks/google-play"
MAIL_FROM = "Kuitter <hello@kuitter.test>"
# Mail is taken without a login too; whoever logs in has to use this name and password.
MAIL_LOGIN = ("kuitter", "sandbox")
GOOGLE_AUDIENCE = "https://oauth2.googleapis.com/token"
SERVICE_ACCOUNT = "google-service-account.json"
APNS_KEY = "apns-key.p8"
APPLE_KEY = "apple-sign-in-key.p8"
APP_STORE_KEY = "app-store-key.p8"
APP_STORE_CHAIN = "app-store-chain.pem"
APPLE_ROOT = "apple-root.pem"


class Credentials(msgspec.Struct, frozen=True):
    """What the sandbox checks requests against."""

    deepseek_key: str
    service_account: dict[str, Any]
    google_public_key: rsa.RSAPublicKey
    apns_public_key: ec.EllipticCurvePublicKey
    apple_public_key: ec.EllipticCurvePublicKey
    """Checks the client secrets of Sign in with Apple."""
    app_store_public_key: ec.EllipticCurvePublicKey
    app_store_chain: Chain
    google_sign_in_keys: tuple[rsa.RSAPrivateKey, ...]
    apple_sign_in_keys: tuple[rsa.RSAPrivateKey, ...]
    """What the providers sign identity tokens with, oldest first; kept, because the app caches the public halves."""


def mail_port(sandbox_port: int) -> int:
    """Where the mail server listens."""
    return sandbox_port + 1


def environment(data_dir: Path, sandbox_port: int) -> dict[str, str]:
    """The variables that make the app talk to a sandbox on `sandbox_port`; makes the keys on first use.

    The files lie in `data_dir`/sandbox, readable by their owner only.
    """
    folder = _folder(data_dir)
    base = f"http://{HOST}:{sandbox_port}"
    token_url = f"{base}/google/token"
    _service_account(folder, token_url)
    _ec_key(folder, APNS_KEY)
    _ec_key(folder, APPLE_KEY)
    _ec_key(folder, APP_STORE_KEY)
    _kept(folder / APPLE_ROOT, _chain(folder).root)
    return {
        "DEEPSEEK_URL": f"{base}/deepseek",
        "DEEPSEEK_API_KEY": _deepseek_key(folder),
        "GOOGLE_TOKEN_URL": token_url,
        "GOOGLE_SERVICE_ACCOUNT": str(folder / SERVICE_ACCOUNT),
        "FCM_URL": f"{base}/fcm",
        "APNS_URL": f"{base}/apns",
        "APNS_DEVELOPMENT_URL": f"{base}/apns-development",
        "APNS_KEY": str(folder / APNS_KEY),
        "APNS_KEY_ID": APNS_KEY_ID,
        "APNS_TEAM_ID": APNS_TEAM_ID,
        "APNS_TOPIC": APNS_TOPIC,
        "GOOGLE_PLAY_URL": f"{base}/google-play",
        "GOOGLE_PLAY_PACKAGE": PLAY_PACKAGE,
        "GOOGLE_PLAY_PUSH_AUDIENCE": PLAY_PUSH_AUDIENCE,
        "GOOGLE_PLAY_PUSH_ACCOUNT": PLAY_PUSH_ACCOUNT,
        "GOOGLE_CERTS_URL": f"{base}/google/certs",
        "GOOGLE_CLIENT_IDS": ",".join(GOOGLE_CLIENT_IDS),
        "APPLE_AUTH_URL": f"{base}/apple",
        "APPLE_CLIENT_IDS": ",".join(APPLE_CLIENT_IDS),
        "APPLE_SIGN_IN_KEY": str(folder / APPLE_KEY),
        "APPLE_SIGN_IN_KEY_ID": APPLE_SIGN_IN_KEY_ID,
        "APP_STORE_URL": f"{base}/app-store",
        "APP_STORE_SANDBOX_URL": f"{base}/app-store-sandbox",
        "APP_STORE_KEY": str(folder / APP_STORE_KEY),
        "APP_STORE_KEY_ID": APP_STORE_KEY_ID,
        "APP_STORE_ISSUER_ID": APP_STORE_ISSUER_ID,
        "APP_STORE_BUNDLE_ID": APNS_TOPIC,
        "APP_STORE_APP_ID": str(APP_STORE_APP_ID),
        "APPLE_ROOT_CERTS": str(folder / APPLE_ROOT),
        "SMTP_URL": f"smtp://{HOST}:{mail_port(sandbox_port)}",
        "MAIL_FROM": MAIL_FROM,
    }


def load(data_dir: Path) -> Credentials:
    """Read the keys that `environment` made.

    Raises FileNotFoundError if it never ran for this directory.
    """
    folder = _folder(data_dir)
    account: dict[str, Any] = msgspec.json.decode((folder / SERVICE_ACCOUNT).read_bytes())
    return Credentials(
        deepseek_key=_deepseek_key(folder),
        service_account=account,
        google_public_key=_rsa(account["private_key"].encode()).public_key(),
        apns_public_key=_ec(_ec_key(folder, APNS_KEY)).public_key(),
        apple_public_key=_ec(_ec_key(folder, APPLE_KEY)).public_key(),
        app_store_public_key=_ec(_ec_key(folder, APP_STORE_KEY)).public_key(),
        app_store_chain=_chain(folder),
        google_sign_in_keys=tuple(_rsa(_rsa_key(folder, f"google-sign-in-{n}.pem")) for n in (1, 2)),
        apple_sign_in_keys=tuple(_rsa(_rsa_key(folder, f"apple-sign-in-{n}.pem")) for n in (1, 2)),
    )


def _folder(data_dir: Path) -> Path:
    # Absolute, because web, worker and sandbox may run from different working directories.
    folder = data_dir.absolute() / "sandbox"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _kept(path: Path, content: bytes) -> bytes:
    """Write `content` unless the file is there already; whoever comes first wins, and all read the same bytes."""
    if not path.exists():
        draft = _draft(path, content)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes()


def _draft(path: Path, content: bytes) -> Path:
    """A finished file beside `path`, so that nobody ever reads half of one."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return draft


def _deepseek_key(folder: Path) -> str:
    return _kept(folder / "deepseek-key", f"sk-sandbox-{secrets.token_hex(16)}".encode()).decode()


def _chain(folder: Path) -> Chain:
    path = folder / APP_STORE_CHAIN
    return Chain.load(path.read_bytes() if path.exists() else _kept(path, Chain.new().dump()))


def _ec_key(folder: Path, name: str) -> bytes:
    path = folder / name
    return path.read_bytes() if path.exists() else _kept(path, _pem(ec.generate_private_key(ec.SECP256R1())))


def _rsa_key(folder: Path, name: str) -> bytes:
    path = folder / name
    return path.read_bytes() if path.exists() else _kept(path, _pem(new_rsa_key()))


def new_rsa_key() -> rsa.RSAPrivateKey:
    """A key that is kept nowhere. Takes a tenth of a second."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _rsa(pem: bytes) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem, None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("the sandbox's folder holds a key of the wrong kind; remove it and start again")
    return key


def _ec(pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the sandbox's folder holds a key of the wrong kind; remove it and start again")
    return key


def _service_account(folder: Path, token_url: str) -> None:
    path = folder / SERVICE_ACCOUNT
    if not path.exists():
        account = {
            "type": "service_account",
            "project_id": PROJECT_ID,
            "private_key_id": secrets.token_hex(20),
            "private_key": _pem(new_rsa_key()).decode(),
            "client_email": CLIENT_EMAIL,
            "client_id": "100000000000000000001",
            "token_uri": token_url,
        }
        _kept(path, msgspec.json.format(msgspec.json.encode(account)))
    account = msgspec.json.decode(path.read_bytes())
    if account["token_uri"] != token_url:
        # The port changed. A library that follows the file must not be sent to a stranger's port.
        draft = _draft(path, msgspec.json.format(msgspec.json.encode(account | {"token_uri": token_url})))
        draft.replace(path)


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
