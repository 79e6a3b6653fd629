"""The ways in: Google's and Apple's identity tokens, and the mail that codes come by."""

from __future__ import annotations

from dataclasses import dataclass

from domain.kit.environment import Reader, ids, pem_or_file, sender, smtp


@dataclass(frozen=True, kw_only=True)
class SignInSettings:
    google_certs_url: str
    google_client_ids: tuple[str, ...]
    apple_auth_url: str
    apple_client_ids: tuple[str, ...]
    apple_sign_in_key: str
    apple_sign_in_key_id: str
    smtp_url: str
    mail_from: str


def read(r: Reader) -> SignInSettings:
    """Raises SettingError."""
    return SignInSettings(
        google_certs_url=r.url(
            "GOOGLE_CERTS_URL", "the certificates that Google's identity tokens are signed with",
            "https://www.googleapis.com/oauth2/v1/certs", "https://www.googleapis.com/oauth2/v1/certs",
            "https", "http",
        ),
        google_client_ids=r.get(
            "GOOGLE_CLIENT_IDS", "the apps and servers that a Google identity token may be meant for, comma-separated",
            "123-web.apps.googleusercontent.com,123-ios.apps.googleusercontent.com", ids,
        ),
        apple_auth_url=r.url(
            "APPLE_AUTH_URL", "Sign in with Apple's address", "https://appleid.apple.com",
            "https://appleid.apple.com", "https", "http",
        ),
        apple_client_ids=r.get(
            "APPLE_CLIENT_IDS", "the bundle and service ids that an Apple identity token may be meant for",
            "app.kuitter.ios,app.kuitter.web", ids,
        ),
        apple_sign_in_key=r.get(
            "APPLE_SIGN_IN_KEY", "the .p8 key for Sign in with Apple, as PEM or the file's path",
            "/etc/kuitter/AuthKey_SIGNIN1234.p8", pem_or_file,
        ),
        apple_sign_in_key_id=r.get("APPLE_SIGN_IN_KEY_ID", "the id of APPLE_SIGN_IN_KEY", "SIGNIN1234", str),
        smtp_url=r.get(
            "SMTP_URL",
            "the mail server: smtps:// speaks TLS from the start, smtp+starttls:// turns to it, smtp:// never does",
            "smtp+starttls://name:password@mail.example.org:587", smtp(production=r.production),
        ),
        mail_from=r.get("MAIL_FROM", "who our mails come from", "Kuitter <hello@kuitter.app>", sender),
    )  # fmt: skip
