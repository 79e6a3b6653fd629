"""Keys for the sandbox's providers, made once and kept, and the variables that point the app at them."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

HOST = "127.0.0.1"
PROJECT_ID = "kuitter-dev"
CLIENT_EMAIL = "push@kuitter-dev.iam.gserviceaccount.com"
APNS_KEY_ID = "SANDBOXKEY"
APNS_TEAM_ID = "SANDBOXTEA"
APNS_TOPIC = "app.kuitter.ios"
GOOGLE_AUDIENCE = "https://oauth2.googleapis.com/token"
SERVICE_ACCOUNT = "google-service-account.json"


class Credentials(msgspec.Struct, frozen=True):
    """What the sandbox checks requests against."""

    deepseek_key: str
    service_account: dict[str, Any]
    google_public_key: rsa.RSAPublicKey
    apns_public_key: ec.EllipticCurvePublicKey


def environment(data_dir: Path, sandbox_port: int) -> dict[str, str]:
    """The variables that make the app talk to a sandbox on `sandbox_port`; makes the keys on first use.

    The files lie in `data_dir`/sandbox, readable by their owner only.
    """
    folder = _folder(data_dir)
    base = f"http://{HOST}:{sandbox_port}"
    token_url = f"{base}/google/token"
    _service_account(folder, token_url)
    _apns_key(folder)
    return {
        "DEEPSEEK_URL": f"{base}/deepseek",
        "DEEPSEEK_API_KEY": _deepseek_key(folder),
        "GOOGLE_TOKEN_URL": token_url,
        "GOOGLE_SERVICE_ACCOUNT": str(folder / SERVICE_ACCOUNT),
        "FCM_URL": f"{base}/fcm",
        "APNS_URL": f"{base}/apns",
        "APNS_DEVELOPMENT_URL": f"{base}/apns-development",
        "APNS_KEY": str(folder / "apns-key.p8"),
        "APNS_KEY_ID": APNS_KEY_ID,
        "APNS_TEAM_ID": APNS_TEAM_ID,
        "APNS_TOPIC": APNS_TOPIC,
    }


def load(data_dir: Path) -> Credentials:
    """Read the keys that `environment` made.

    Raises FileNotFoundError if it never ran for this directory.
    """
    folder = _folder(data_dir)
    account: dict[str, Any] = msgspec.json.decode((folder / SERVICE_ACCOUNT).read_bytes())
    google_key = serialization.load_pem_private_key(account["private_key"].encode(), None)
    apns_key = serialization.load_pem_private_key(_apns_key(folder), None)
    if not isinstance(google_key, rsa.RSAPrivateKey) or not isinstance(apns_key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{folder} holds keys of the wrong kind; remove it and start again")
    return Credentials(_deepseek_key(folder), account, google_key.public_key(), apns_key.public_key())


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


def _apns_key(folder: Path) -> bytes:
    path = folder / "apns-key.p8"
    if path.exists():
        return path.read_bytes()
    return _kept(path, _pem(ec.generate_private_key(ec.SECP256R1())))


def _service_account(folder: Path, token_url: str) -> None:
    path = folder / SERVICE_ACCOUNT
    if not path.exists():
        account = {
            "type": "service_account",
            "project_id": PROJECT_ID,
            "private_key_id": secrets.token_hex(20),
            "private_key": _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)).decode(),
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
