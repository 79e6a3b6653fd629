"""Notifications to phones: Google's service account (which Google Play is asked with, too), FCM and APNs."""

from __future__ import annotations

from dataclasses import dataclass

from domain.kit.environment import Reader, json_or_file, pem_or_file


@dataclass(frozen=True, kw_only=True)
class PushSettings:
    google_token_url: str
    google_service_account: dict[str, str]
    fcm_url: str
    apns_url: str
    apns_development_url: str
    apns_key: str
    apns_key_id: str
    apns_team_id: str
    apns_topic: str


def read(r: Reader) -> PushSettings:
    """Raises SettingError."""
    return PushSettings(
        google_token_url=r.url(
            "GOOGLE_TOKEN_URL", "where Google's access tokens come from", "https://oauth2.googleapis.com/token",
            "https://oauth2.googleapis.com/token", "https", "http",
        ),
        google_service_account=r.get(
            "GOOGLE_SERVICE_ACCOUNT", "the service account of the Firebase project, as JSON or the file's path",
            "/etc/kuitter/service-account.json", json_or_file,
        ),
        fcm_url=r.url(
            "FCM_URL", "Firebase Cloud Messaging's address", "https://fcm.googleapis.com",
            "https://fcm.googleapis.com", "https", "http",
        ),
        apns_url=r.url(
            "APNS_URL", "Apple's push service", "https://api.push.apple.com", "https://api.push.apple.com",
            "https", "http",
        ),
        apns_development_url=r.url(
            "APNS_DEVELOPMENT_URL", "Apple's push service for development builds",
            "https://api.sandbox.push.apple.com", "https://api.sandbox.push.apple.com", "https", "http",
        ),
        apns_key=r.get(
            "APNS_KEY", "the .p8 key that signs for Apple's push service, as PEM or the file's path",
            "/etc/kuitter/AuthKey_ABC123DEFG.p8", pem_or_file,
        ),
        apns_key_id=r.get("APNS_KEY_ID", "the id of APNS_KEY", "ABC123DEFG", str),
        apns_team_id=r.get("APNS_TEAM_ID", "the Apple team that owns APNS_KEY", "DEF123GHIJ", str),
        apns_topic=r.get("APNS_TOPIC", "the bundle id of the iOS app", "app.kuitter.ios", str),
    )  # fmt: skip
