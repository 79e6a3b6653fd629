"""What people are told of a report: its makers the outcome, its author what became of the thing, and why.

Rules: semantics, "Community" (the reporter hears the outcome). The author gets a statement of reasons: what was done,
on what ground, by a machine or by a person, and where to object. Nobody who reported is named, and nothing is quoted.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Literal
from uuid import UUID

from domain.community.hiding import Content
from domain.kit.clock import clock
from domain.push.notifications import Notice, notify, notify_all
from domain.reports.reasons import Reason, in_words
from domain.reports.targets import TargetType

Outcome = Literal["upheld", "dismissed"]
Fate = Literal["hidden", "upheld", "shown"]

DISCREET_BODY = "There is something new for you"
_DEEP_LINK = "kuitter://notifications"
_WORTH_TELLING = timedelta(days=7)

_UPHELD = "Thank you for your report"
_DISMISSED = "Your report was reviewed"
_KEEPS_TO_THE_RULES = "We looked at what you reported and found that it keeps to the rules."

# By what became of it: title and body; {} is "post" or "comment", and why it was reported.
_FATES: dict[Fate, tuple[str, str]] = {
    "hidden": (
        "Your {} is out of sight for now",
        "Several people reported your {} ({}). That took it out of sight automatically, until one of us has looked at "
        "it. We will tell you what we found.",
    ),
    "upheld": (
        "Your {} was taken out of sight",
        "Your {} was reported ({}). One of us looked at it and found that it breaks the community rules, so nobody "
        "sees it any more. If you think that we are wrong, write to us: the address stands under Contact.",
    ),
    "shown": (
        "Your {} can be seen again",
        "Your {} was reported ({}). One of us looked at it and found that it keeps to the rules. Sorry that it was "
        "away.",
    ),
}


async def tell_reporters(reports: Iterable[tuple[UUID, UUID]], target_type: TargetType, outcome: Outcome) -> None:
    """Tell everybody who reported it, once a report, in the caller's transaction; `reports` are (report, reporter)."""
    if outcome == "dismissed":
        title, body = _DISMISSED, _KEEPS_TO_THE_RULES
    elif target_type in ("post", "comment"):
        title, body = _UPHELD, "We looked at what you reported and took it out of sight."
    else:
        title, body = _UPHELD, "We looked at what you reported and did something about it."
    await notify_all(
        "report_outcome",
        [
            Notice(
                user_id=user_id, cause=str(report_id), title=title, body=body, discreet_body=DISCREET_BODY,
                deep_link=_DEEP_LINK, expires_at=clock.now() + _WORTH_TELLING,
            )
            for report_id, user_id in reports
        ],
    )  # fmt: skip


async def tell_author(author: UUID, fate: Fate, content: Content, reasons: Iterable[Reason], about: UUID) -> None:
    """Tell who wrote it what became of it, in the caller's transaction; once for each report `about` which it is."""
    title, body = _FATES[fate]
    await notify(
        author, kind="report_outcome", cause=f"{fate}:{about}", title=title.format(content),
        body=body.format(content, in_words(reasons)), discreet_body=DISCREET_BODY, deep_link=_DEEP_LINK,
        expires_at=clock.now() + _WORTH_TELLING,
    )  # fmt: skip
