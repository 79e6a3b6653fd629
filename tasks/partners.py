"""Partners: telling them what the other wrote, and when they are needed."""

from __future__ import annotations

from domain.partners import alerts, expiry, telling
from domain.partners.alerts import TellOfSos
from domain.partners.telling import TellOfMessages
from domain.recovery.slips import SlipUndone, TellOfSlip
from tasks.actor import in_database, recomputes

tell_reader = recomputes(TellOfMessages)(telling.tell_reader)
tell_of_sos = recomputes(TellOfSos)(alerts.tell_of_sos)
tell_of_slip = in_database(TellOfSlip)(alerts.tell_of_slip)
withdraw_undone = recomputes(SlipUndone)(alerts.withdraw_undone)

PERIODIC = [
    ("partners.expire_requests", 60.0, expiry.expire_requests),
    ("partners.part_ages", 600.0, expiry.part_ages),
]
