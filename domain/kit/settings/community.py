"""What people see of each other, and whom they write to."""

from __future__ import annotations

from dataclasses import dataclass

from domain.kit.environment import Reader, integer, mailbox, switch


@dataclass(frozen=True, kw_only=True)
class CommunitySettings:
    group_seeded_members: bool
    reports_to_hide: int
    legal_contact: str


def read(r: Reader) -> CommunitySettings:
    """Raises SettingError."""
    return CommunitySettings(
        group_seeded_members=r.get(
            "GROUP_SEEDED_MEMBERS", "whether a group's member count shows its seeded members", "on", switch, True
        ),
        reports_to_hide=r.get(
            "REPORTS_TO_HIDE", "reporters after whom a post or comment is out of sight until it is reviewed", "3",
            integer(1, 1000), 3,
        ),
        legal_contact=r.get(
            "LEGAL_CONTACT", "the e-mail address on the legal pages", "hello@kuitter.app", mailbox, "hello@kuitter.app"
        ),
    )  # fmt: skip
