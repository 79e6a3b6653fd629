"""How jobs are sent, taken, tried again and given up (docs/jobs.md)."""

from __future__ import annotations

from dataclasses import dataclass

from domain.kit.environment import Reader, integer, number, words

QUEUES = ("interactive", "default", "push", "bulk")


@dataclass(frozen=True, kw_only=True)
class JobSettings:
    worker_queues: tuple[str, ...]
    job_lease_seconds: float
    job_resend_seconds: float
    job_resend_max_seconds: float
    job_max_attempts: int
    job_max_sends: int
    sweep_seconds: float
    clock_tick_seconds: float
    progress_debounce_seconds: float
    gather_seconds: float


def read(r: Reader) -> JobSettings:
    """Raises SettingError."""
    return JobSettings(
        worker_queues=r.get(
            "WORKER_QUEUES", "the queues that this worker serves", "interactive,default", words(*QUEUES), QUEUES
        ),
        job_lease_seconds=r.get(
            "JOB_LEASE_SECONDS", "how long a worker holds a job before another may take it; renewed at a third",
            "30", number(0.3, 3600), 30.0,
        ),
        job_resend_seconds=r.get(
            "JOB_RESEND_SECONDS", "when a job that nobody took is sent again first", "30", number(0.2, 3600), 30.0
        ),
        job_resend_max_seconds=r.get(
            "JOB_RESEND_MAX_SECONDS", "the longest pause between two sends of a job", "900", number(0.2, 86_400), 900.0
        ),
        job_max_attempts=r.get(
            "JOB_MAX_ATTEMPTS", "failures after which a job is dead", "12", integer(1, 100), 12
        ),
        job_max_sends=r.get(
            "JOB_MAX_SENDS", "sends without an outcome after which a job is dead", "12", integer(2, 1000), 12
        ),
        sweep_seconds=r.get(
            "SWEEP_SECONDS", "pause between two looks for jobs that are due", "0.5", number(0.05, 60), 0.5
        ),
        clock_tick_seconds=r.get(
            "CLOCK_TICK_SECONDS", "pause between two looks for people who are due", "1", number(0.05, 600), 1.0
        ),
        progress_debounce_seconds=r.get(
            "PROGRESS_DEBOUNCE_SECONDS", "how long goals wait for more events before they are worked out",
            "1", number(0, 60), 1.0,
        ),
        gather_seconds=r.get(
            "GATHER_SECONDS", "how long a notification of likes or comments waits for more of them", "10",
            number(0, 3600), 10.0,
        ),
    )  # fmt: skip
