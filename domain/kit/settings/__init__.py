"""Every setting of the system, read from the environment once, at start: a file a topic, and here all of them as one.

A missing or bad value stops the process with one line: the variable, what it is for, and an example.
`.env.example` lists the same variables; a test keeps the two in step.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from domain.kit.environment import Reader, SettingError
from domain.kit.settings import anchor, community, jobs, process, push, sign_in, stores
from domain.kit.settings.anchor import AnchorLimits, AnchorSettings, Price
from domain.kit.settings.community import CommunitySettings
from domain.kit.settings.jobs import QUEUES, JobSettings
from domain.kit.settings.process import ProcessSettings
from domain.kit.settings.push import PushSettings
from domain.kit.settings.sign_in import SignInSettings
from domain.kit.settings.stores import EVERYBODY, NOBODY, PLANS, Offer, StoreSettings

__all__ = [
    "EVERYBODY", "NOBODY", "PLANS", "QUEUES", "AnchorLimits", "Offer", "Price", "Settings", "read_settings", "settings",
]  # fmt: skip

# The order of .env.example.
_TOPICS = (process, jobs, community, anchor, push, sign_in, stores)


# Data classes, because a Struct of msgspec cannot be put together from several.
@dataclass(frozen=True, kw_only=True)
class Settings(
    ProcessSettings, JobSettings, CommunitySettings, AnchorSettings, PushSettings, SignInSettings, StoreSettings
):
    """All of them. What one is for stands where it is read."""


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Build the settings from `environ`.

    Raises SettingError with the operator's one line for the first variable that is missing or bad.
    """
    reader = Reader(environ)
    return Settings(**{name: value for topic in _TOPICS for name, value in vars(topic.read(reader)).items()})


@cache
def settings() -> Settings:
    """The settings of this process. On a bad one the process ends with status 78 (sysexits: configuration)."""
    try:
        return read_settings(os.environ)
    except SettingError as error:
        print(f"kuitter: {error}", file=sys.stderr)
        raise SystemExit(78) from None
